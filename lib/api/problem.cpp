#include "ferrule/api/problem.hpp"

#include "ferrule/core/escape.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule {

const json::raw* problem::member(std::string_view name) const noexcept {
  for (const problem_member& each : members) {
    if (each.name.view() == name) return &each.value;
  }
  return nullptr;
}

void problem::set(problem_member_name name, json::raw value) {
  for (problem_member& each : members) {
    if (each.name.view() != name.view()) continue;
    each.value = std::move(value);
    return;
  }
  members.push_back({name, std::move(value)});
}

namespace json {

problem to_problem(const read_error& error) {
  const bool is_broken = error.kind == error_kind::syntax;
  problem what{
      .status = is_broken ? 400 : 422,
      .detail = is_broken ? "the body is not JSON" : "the body is not what this route takes"};
  std::vector<invalid_value> errors;
  for (const violation& v : error.problems) {
    std::string message = v.message;
    if (v.kind == error_kind::syntax) message += " (byte " + std::to_string(v.offset) + ")";
    errors.push_back({.detail = std::move(message), .pointer = v.pointer});
  }
  ferrule::detail::list_errors(what, std::move(errors), error.unlisted);
  return what;
}

}  // namespace json

namespace detail {

void list_errors(problem& what, std::vector<invalid_value> errors, std::size_t unlisted) {
  constexpr std::size_t text_bytes_max = 4096;
  std::size_t bytes = 0;
  for (invalid_value& each : errors) {
    bytes += each.detail.size() + each.pointer.size() + each.parameter.size();
    if (bytes > text_bytes_max) {
      ++unlisted;
    } else {
      what.errors.push_back(std::move(each));
    }
  }
  if (unlisted == 0) return;
  *what.detail += "; " + std::to_string(unlisted) +
                  (unlisted == 1 ? " more error is not listed" : " more errors are not listed");
}

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
  const std::string_view type = what.type;
  const std::string_view title = what.title;
  append_json_string(out, R"({"type":)", type.empty() ? "about:blank" : type);
  write_text(out, R"(,"title":)", title.empty() ? reason_phrase(what.status) : title);
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
  for (const problem_member& each : what.members) {
    append_json_string(out, ",", each.name.view());
    out.append(':');
    out.append(each.value.text());
  }
  out.append('}');
}

}  // namespace detail
}  // namespace ferrule
