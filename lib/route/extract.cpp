#include "ferrule/route/extract.hpp"

#include "ferrule/api/media_type.hpp"
#include "ferrule/http/uri.hpp"

namespace ferrule::detail {

std::string_view path_text(const call& c, std::size_t slot) {
  const http::routed_request& asked = c.exchange().asked();
  const http::path_params::place& at = asked.params.places[slot];
  const std::string_view raw(asked.head.path.data() + at.begin, at.bytes);
  if (!http::needs_decoding(raw)) return raw;
  // The parser lets no invalid escape through.
  return http::decode_segment(raw, c.exchange().keep(raw.size())).value_or(raw);
}

bool refuse_path(const call& c, std::size_t slot, std::string expected) {
  const std::string name(c.shape.parameter_name(slot));
  problem what{.status = 400, .detail = "path parameter '" + name + "' must be " + expected};
  what.errors.push_back({.detail = "must be " + std::move(expected), .parameter = name});
  send_problem(c.out, what);
  return false;
}

bool refuse_query(const call& c, std::vector<invalid_value> errors) {
  problem what{.status = 400, .detail = "the query is not what this route takes"};
  what.errors = std::move(errors);
  send_problem(c.out, what);
  return false;
}

bool require_json(const call& c) {
  if (is_json(c.exchange().request().header("Content-Type"))) return true;
  send_problem(c.out, {.status = 415, .detail = "the body must be application/json in UTF-8"});
  return false;
}

bool refuse_json(const call& c, json::read_error error) {
  const bool is_broken = error.kind == json::error_kind::syntax;
  problem what{
      .status = is_broken ? 400 : 422,
      .detail = is_broken ? "the body is not JSON" : "the body is not what this route takes"};
  if (error.unlisted != 0) {
    *what.detail += "; " + std::to_string(error.unlisted) + " more errors are not listed";
  }
  for (json::violation& v : error.problems) {
    if (v.kind == json::error_kind::syntax) v.message += " (byte " + std::to_string(v.offset) + ")";
    what.errors.push_back({.detail = std::move(v.message), .pointer = std::move(v.pointer)});
  }
  send_problem(c.out, what);
  return false;
}

}  // namespace ferrule::detail
