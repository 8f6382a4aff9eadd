#include "ferrule/route/extract.hpp"

#include <chrono>

#include "ferrule/api/cookie.hpp"
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

/// The one Content-Type of a request; nothing if the request was answered, because it has several:
/// which one counts is what two readers would differ in (RFC 9110 section 5.3).
std::optional<std::string_view> content_type_of(const call& c) {
  std::string_view type;
  for (const header_field& field : c.exchange().request().fields) {
    if (!equal_ignoring_case(field.name, "Content-Type")) continue;
    if (type.data() != nullptr) {
      send_problem(c.out, {.status = 400, .detail = "more than one Content-Type"});
      return std::nullopt;
    }
    type = field.value;
  }
  return type;
}

/// Refuses a header field or a cookie.
bool refuse_named(const call& c, std::string_view kind, std::string_view name, std::string why) {
  std::string detail(kind);
  detail.append(" '").append(name).append("' ").append(why);
  problem what{.status = 400, .detail = std::move(detail)};
  what.errors.push_back({.detail = std::move(why), .parameter = std::string(name)});
  send_problem(c.out, what);
  return false;
}

/// Takes the next element off a list of a header field (RFC 9110 section 5.6.1), without the space
/// around it; empty ones are passed over, and at the end comes an empty one. Commas in quoted
/// strings separate nothing.
std::string_view next_element(std::string_view& rest) noexcept {
  constexpr std::string_view separators = ", \t";
  const std::size_t begin = rest.find_first_not_of(separators);
  if (begin == rest.npos) return {};
  rest.remove_prefix(begin);
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (is_quoted || rest[end] != ','); ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (rest[end] == '\\' && is_quoted) ++end;
  }
  const std::string_view element = rest.substr(0, end);
  rest.remove_prefix(element.size());
  return element.substr(0, element.find_last_not_of(separators) + 1);
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

namespace {

/// A step of a JSON pointer as the name that it is (RFC 6901 section 4).
std::string unescaped(std::string_view step) {
  std::string name;
  for (std::size_t i = 0; i != step.size(); ++i) {
    const bool is_escape = step[i] == '~' && i + 1 != step.size();
    name += !is_escape ? step[i] : step[++i] == '1' ? '/' : '~';
  }
  return name;
}

}  // namespace

void add_query_errors(query_errors& to, json::read_error found) {
  for (json::violation& v : found.problems) {
    const std::string_view pointer = std::string_view(v.pointer).substr(v.pointer.empty() ? 0 : 1);
    to.add({.detail = std::move(v.message),
            .parameter = unescaped(pointer.substr(0, pointer.find('/')))});
  }
  to.unlisted += found.unlisted;
}

bool refuse_form(const call& c, query_errors errors) {
  problem what{.status = 422, .detail = "the form is not what this route takes"};
  list_errors(what, std::move(errors.listed), errors.unlisted);
  send_problem(c.out, what);
  return false;
}

bool require_json(const call& c) {
  const std::optional<std::string_view> type = content_type_of(c);
  if (!type) return false;
  if (is_json(*type)) return true;
  send_problem(c.out, {.status = 415, .detail = "the body must be application/json"});
  return false;
}

bool require_form(const call& c) {
  const std::optional<std::string_view> type = content_type_of(c);
  if (!type) return false;
  if (!is_form(*type)) {
    send_problem(c.out,
                 {.status = 415, .detail = "the body must be application/x-www-form-urlencoded"});
    return false;
  }
  if (!decode_body(c.out)) return false;
  const std::string_view text = c.exchange().asked().body;
  if (!http::check_query(text)) {
    send_problem(c.out, {.status = 400, .detail = "the form has a %00"});
    return false;
  }
  if (text.find_first_of("%+") == text.npos || c.exchange().has_room(text.size())) return true;
  send_problem(c.out, {.status = 503,
                       .detail = std::string(http::too_much_held),
                       .retry_after = std::chrono::seconds(1)});
  return false;
}

bool load_header(const call& c, const text_target& target, void* into) {
  const auto refuse = [&](std::string why) {
    return refuse_named(c, "header field", target.name, std::move(why));
  };
  bool is_there = false;
  for (const header_field& field : c.exchange().request().fields) {
    if (!equal_ignoring_case(field.name, target.name)) continue;
    if (is_there && !target.repeats) return refuse("is given more than once");
    is_there = true;
    std::string_view rest = field.value;
    std::string_view text = target.repeats ? next_element(rest) : rest;
    while (!target.repeats || !text.empty()) {
      if (const auto expected = target.assign(into, text)) return refuse("must be " + *expected);
      if (!target.repeats) break;
      text = next_element(rest);
    }
  }
  return is_there || !target.required || refuse("is missing");
}

bool load_cookie(const call& c, const text_target& target, void* into) {
  const auto refuse = [&](std::string why) {
    return refuse_named(c, "cookie", target.name, std::move(why));
  };
  bool is_there = false;
  for (const header_field& field : c.exchange().request().fields) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (const auto pair = next_cookie(rest)) {
      if (pair->name != target.name) continue;
      if (is_there && !target.repeats) return refuse("is given more than once");
      is_there = true;
      if (!is_cookie_value(pair->value)) {
        return refuse("must have no other bytes than RFC 6265 allows");
      }
      if (const auto expected = target.assign(into, pair->value)) {
        return refuse("must be " + *expected);
      }
    }
  }
  return is_there || !target.required || refuse("is missing");
}

bool refuse_json(const call& c, const json::read_error& error) {
  problem what = to_problem(error);
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (what.status == 400 && c.exchange().asked().body.starts_with(byte_order_mark)) {
    *what.detail += ": a byte order mark stands before it";
  }
  send_problem(c.out, what);
  return false;
}

}  // namespace ferrule::detail
