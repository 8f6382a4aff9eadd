// Responses: every view lies in the input, framing follows the request's method, and pieces give
// the same outcome as the whole. The first byte chooses the method.

#include <algorithm>
#include <array>
#include <string>

#include "check.hpp"
#include "ferrule/http/parser.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

constexpr head_limits limits{
    .request_line_bytes_max = 200, .header_bytes_max = 400, .header_count_max = 10};

void check_head(const response_head& head, method request, std::string_view bytes) {
  FUZZ_CHECK(head.status >= 100 && head.status <= 599);
  FUZZ_CHECK(fuzz::lies_in(head.reason, bytes));
  for (const header_field& field : head.fields) {
    FUZZ_CHECK(fuzz::lies_in(field.name, bytes) && fuzz::lies_in(field.value, bytes));
    FUZZ_CHECK(is_token(field.name) && is_field_value(field.value));
  }
  if (request == method::head || head.status < 200 || head.status == 204 || head.status == 304) {
    FUZZ_CHECK(head.body == body_kind::none);
  }
  FUZZ_CHECK(head.body != body_kind::until_close || !head.keep_alive);
  FUZZ_CHECK(head.body != body_kind::length || head.content_length != 0);
}

void check_same(const response_head& a, const response_head& b) {
  FUZZ_CHECK(a.status == b.status && a.reason == b.reason && a.version_minor == b.version_minor);
  FUZZ_CHECK(a.keep_alive == b.keep_alive && a.body == b.body);
  FUZZ_CHECK(a.content_length == b.content_length && std::ranges::equal(a.fields, b.fields));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto request = static_cast<method>(data[0] % (static_cast<int>(method::unknown) + 1));
  const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
  std::array<header_field, 20> storage;
  response_head head;
  const head_parse result = parse_response_head(bytes, limits, storage, request, head);
  FUZZ_CHECK(result.state != head_parse::incomplete || bytes.size() < head_bytes_max(limits));
  FUZZ_CHECK((result.state == head_parse::error) == (result.status == 502));
  if (result.state == head_parse::complete) {
    check_head(head, request, bytes.substr(0, result.bytes));
  }
  std::array<header_field, 20> again_storage;
  response_head again;
  fuzz::check_pieces(
      bytes, result,
      [&](std::string_view piece, std::size_t& scanned) {
        return parse_response_head(piece, limits, again_storage, request, again, scanned);
      },
      [&] { check_same(again, head); });
  return 0;
}
