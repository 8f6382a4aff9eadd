#include "ferrule/api/problem.hpp"

#include "ferrule/core/escape.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::detail {
namespace {

void write_text(buffer& out, std::string_view prefix, std::string_view text) {
  if (!text.empty()) append_json_string(out, prefix, text);
}

void write_invalid_value(buffer& out, const invalid_value& value) {
  append_json_string(out, R"({"detail":)", value.detail);
  write_text(out, R"(,"pointer":)", value.pointer);
  write_text(out, R"(,"parameter":)", value.parameter);
  out.append('}');
}

}  // namespace

void write_problem(buffer& out, const problem& what, std::string_view trace_id) {
  const std::string_view type = what.type.empty() ? "about:blank" : what.type;
  append_json_string(out, R"({"type":)", type);
  write_text(out, R"(,"title":)", what.title.empty() ? reason_phrase(what.status) : what.title);
  out.append(R"(,"status":)");
  json::write(out, what.status);
  write_text(out, R"(,"detail":)", what.detail.value_or(""));
  write_text(out, R"(,"instance":)", what.instance.value_or(""));
  write_text(out, R"(,"trace_id":)", trace_id);
  if (!what.errors.empty()) {
    char separator = '[';
    out.append(R"(,"errors":)");
    for (const invalid_value& value : what.errors) {
      out.append(separator);
      write_invalid_value(out, value);
      separator = ',';
    }
    out.append(']');
  }
  out.append('}');
}

}  // namespace ferrule::detail
