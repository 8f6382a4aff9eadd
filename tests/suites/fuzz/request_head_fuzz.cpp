// Requests: every view lies in the input, a valid head is safe to act on, pieces give the same
// outcome as the whole, and what was parsed is parsed again after it was written.

#include <algorithm>
#include <array>
#include <string>

#include "check.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/http/uri.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

constexpr head_limits limits{
    .request_line_bytes_max = 200, .header_bytes_max = 400, .header_count_max = 10};

void check_head(const request_head& head, std::string_view bytes) {
  const std::string_view consumed = bytes;
  for (const std::string_view part : {head.method_text, head.target, head.query, head.host}) {
    FUZZ_CHECK(fuzz::lies_in(part, consumed));
  }
  FUZZ_CHECK(is_token(head.method_text));
  FUZZ_CHECK(head.path == "*" || head.path.starts_with('/') || head.verb == method::connect);
  FUZZ_CHECK(check_path(head.path) && check_query(head.query));
  FUZZ_CHECK(head.version_minor == 0 || !head.host.empty());
  FUZZ_CHECK(head.body != body_kind::until_close);
  FUZZ_CHECK((head.body == body_kind::length) == (head.content_length != 0));
  FUZZ_CHECK(head.fields.size() <= limits.header_count_max);
  for (const header_field& field : head.fields) {
    FUZZ_CHECK(fuzz::lies_in(field.name, consumed) && fuzz::lies_in(field.value, consumed));
    FUZZ_CHECK(is_token(field.name) && is_field_value(field.value));
    FUZZ_CHECK(field.value.find_first_of("\r\n\0", 0, 3) == std::string_view::npos);
  }
}

struct head_and_wishes : request_head, connection_wishes {};

void check_same(const head_and_wishes& a, const head_and_wishes& b) {
  FUZZ_CHECK(a.verb == b.verb && a.method_text == b.method_text && a.target == b.target);
  FUZZ_CHECK(a.path == b.path && a.query == b.query && a.host == b.host);
  FUZZ_CHECK(a.version_minor == b.version_minor && a.keep_alive == b.keep_alive);
  FUZZ_CHECK(a.body == b.body && a.content_length == b.content_length);
  FUZZ_CHECK(a.expect_continue == b.expect_continue && a.upgrade == b.upgrade);
  FUZZ_CHECK(std::ranges::equal(a.fields, b.fields));
}

void check_written_again(const request_head& head) {
  if (head.host.empty()) return;
  buffer out;
  FUZZ_CHECK(write_request_head(out, {.verb = head.method_text,
                                      .target = head.target,
                                      .host = head.host,
                                      .body = head.body,
                                      .content_length = head.content_length}));
  std::array<header_field, 20> storage;
  request_head again;
  const head_parse result = parse_request_head(out.view(), {}, storage, again);
  FUZZ_CHECK(result.state == head_parse::complete && result.bytes == out.size());
  FUZZ_CHECK(again.method_text == head.method_text && again.host == head.host);
  FUZZ_CHECK(again.path == encode_target(head.path) && again.query == encode_target(head.query));
  FUZZ_CHECK(again.body == head.body && again.content_length == head.content_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  std::array<header_field, 20> storage;
  head_and_wishes head;
  std::size_t scanned_at_once = 0;
  const head_parse result = parse_request_head(bytes, limits, storage, head, scanned_at_once, head);
  FUZZ_CHECK(result.state != head_parse::incomplete || size < head_bytes_max(limits));
  FUZZ_CHECK((result.state == head_parse::error) == (result.status != 0));
  if (result.state == head_parse::complete) {
    FUZZ_CHECK(result.bytes <= head_bytes_max(limits));
    check_head(head, bytes.substr(0, result.bytes));
    check_written_again(head);
  }
  std::array<header_field, 20> again_storage;
  head_and_wishes again;
  fuzz::check_pieces(
      bytes, result,
      [&](std::string_view piece, std::size_t& scanned) {
        return parse_request_head(piece, limits, again_storage, again, scanned, again);
      },
      [&] { check_same(again, head); });
  return 0;
}
