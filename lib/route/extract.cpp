#include "ferrule/route/extract.hpp"

#include "ferrule/api/media_type.hpp"
#include "ferrule/core/escape.hpp"
#include "ferrule/http/uri.hpp"

namespace ferrule::detail {

namespace {

/// Whether the slashes of a raw tail are all that can be taken for some, and none is one too many.
bool is_plain_tail(std::string_view raw) noexcept {
  if (raw.starts_with('/') || raw.find("//") != raw.npos) return false;
  for (std::size_t at = raw.find_first_of("%\\"); at != raw.npos;
       at = raw.find_first_of("%\\", at + 1)) {
    const std::string_view escape = raw.substr(at, 3);
    if (raw[at] == '\\' || equal_ignoring_case(escape, "%2f") ||
        equal_ignoring_case(escape, "%5c")) {
      return false;
    }
  }
  return true;
}

/// Lists errors in a problem up to a limit, so that an answer stays short whatever was sent: a
/// pointer can be as long as the body it points into.
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

}  // namespace

std::optional<std::string_view> path_text(const call& c, std::size_t slot) {
  const http::routed_request& asked = c.exchange().asked();
  const http::path_params::place& at = asked.params.places[slot];
  const std::string_view raw(asked.head.path.data() + at.begin, at.bytes);
  if (c.shape.is_tail(slot) && !is_plain_tail(raw)) {
    refuse_path(c, slot, "a path without empty segments, encoded slashes and backslashes");
    return std::nullopt;
  }
  if (!http::needs_decoding(raw)) return raw;
  // The parser lets no %00 through.
  const auto text = http::decode_segment(raw, c.exchange().keep(raw.size())).value_or(raw);
  if (is_utf8(text)) return text;
  refuse_path(c, slot, "in UTF-8");
  return std::nullopt;
}

bool refuse_path(const call& c, std::size_t slot, std::string expected) {
  const std::string name(c.shape.parameter_name(slot));
  problem what{.status = 400, .detail = "path parameter '" + name + "' must be " + expected};
  what.errors.push_back({.detail = "must be " + std::move(expected), .parameter = name});
  send_problem(c.out, what);
  return false;
}

bool refuse_query(const call& c, query_errors errors) {
  problem what{.status = 400, .detail = "the query is not what this route takes"};
  list_errors(what, std::move(errors.listed), errors.unlisted);
  send_problem(c.out, what);
  return false;
}

void add_query_errors(query_errors& to, json::read_error found) {
  for (json::violation& v : found.problems) {
    const std::string_view pointer = std::string_view(v.pointer).substr(v.pointer.empty() ? 0 : 1);
    to.add({.detail = std::move(v.message),
            .parameter = std::string(pointer.substr(0, pointer.find('/')))});
  }
  to.unlisted += found.unlisted;
}

bool require_json(const call& c) {
  std::string_view type;
  for (const header_field& field : c.exchange().request().fields) {
    if (!equal_ignoring_case(field.name, "Content-Type")) continue;
    if (type.data() != nullptr) {
      // Which one counts is what two readers would differ in (RFC 9110 section 5.3).
      send_problem(c.out, {.status = 400, .detail = "more than one Content-Type"});
      return false;
    }
    type = field.value;
  }
  if (is_json(type)) return true;
  send_problem(c.out, {.status = 415, .detail = "the body must be application/json"});
  return false;
}

bool refuse_json(const call& c, json::read_error error) {
  const bool is_broken = error.kind == json::error_kind::syntax;
  problem what{
      .status = is_broken ? 400 : 422,
      .detail = is_broken ? "the body is not JSON" : "the body is not what this route takes"};
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (is_broken && c.exchange().asked().body.starts_with(byte_order_mark)) {
    *what.detail += ": a byte order mark stands before it";
  }
  std::vector<invalid_value> errors;
  for (json::violation& v : error.problems) {
    if (v.kind == json::error_kind::syntax) v.message += " (byte " + std::to_string(v.offset) + ")";
    errors.push_back({.detail = std::move(v.message), .pointer = std::move(v.pointer)});
  }
  list_errors(what, std::move(errors), error.unlisted);
  send_problem(c.out, what);
  return false;
}

}  // namespace ferrule::detail
