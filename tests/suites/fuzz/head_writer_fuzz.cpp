// The writer of heads: it takes exactly what is valid, leaves the buffer alone otherwise, and what
// it writes is parsed again to what it was given, with no line that nobody asked for.

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/http/uri.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

constexpr head_limits limits{.request_line_bytes_max = 1U << 20U, .header_bytes_max = 1U << 20U};
constexpr std::string_view before = "what was in the buffer before";

/// Random fields, now and then with a name that means something.
struct random_fields {
  explicit random_fields(FuzzedDataProvider& from) {
    constexpr std::array<const char*, 8> names = {
        "Connection", "content-length", "Transfer-Encoding", "Host", "Set-Cookie", "X", "", "Date"};
    const auto count = from.ConsumeIntegralInRange<std::size_t>(0, 6);
    for (std::size_t i = 0; i != count; ++i) {
      texts.push_back(from.ConsumeBool() ? from.PickValueInArray(names)
                                         : from.ConsumeRandomLengthString(20));
      texts.push_back(from.ConsumeRandomLengthString(40));
    }
    for (std::size_t i = 0; i != count; ++i) fields.push_back({texts[2 * i], texts[2 * i + 1]});
  }

  std::vector<std::string> texts;
  std::vector<header_field> fields;
};

// What is valid is said here once more, in other words than the library's.
bool is_valid_value(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool is_valid_name(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    const bool mark = c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != text.npos;
    if (!letter && !digit && !mark) return false;
  }
  return !text.empty();
}

bool are_valid(std::span<const header_field> fields, bool in_request) {
  for (const header_field& field : fields) {
    if (!is_valid_name(field.name) || !is_valid_value(field.value)) return false;
    for (const std::string_view reserved : {"connection", "content-length", "transfer-encoding"}) {
      if (equal_ignoring_case(field.name, reserved)) return false;
    }
    if (in_request && equal_ignoring_case(field.name, "host")) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Whether the fields that were asked for are the last ones, and `own` are all that precede them.
void check_fields(std::span<const header_field> parsed, std::span<const header_field> asked,
                  const std::vector<header_field>& own) {
  FUZZ_CHECK(parsed.size() == own.size() + asked.size());
  for (std::size_t i = 0; i != parsed.size(); ++i) {
    const bool is_own = i < own.size();
    const header_field& wanted = is_own ? own[i] : asked[i - own.size()];
    FUZZ_CHECK(parsed[i].name == wanted.name && parsed[i].value == trimmed(wanted.value));
  }
}

/// One line for the start, each field and the end; CR, LF and NUL nowhere else.
void check_lines(std::string_view head, std::size_t fields) {
  std::size_t lines = 0;
  for (std::size_t i = 0; i != head.size(); ++i) {
    FUZZ_CHECK(head[i] != '\0' && (head[i] != '\r' || head.substr(i, 2) == "\r\n"));
    if (head[i] != '\n') continue;
    FUZZ_CHECK(i != 0 && head[i - 1] == '\r');
    ++lines;
  }
  FUZZ_CHECK(lines == fields + 2);
}

std::vector<header_field> framing(body_kind body, const std::string& length) {
  if (body == body_kind::length) return {{"Content-Length", length}};
  if (body == body_kind::chunked) return {{"Transfer-Encoding", "chunked"}};
  return {};
}

void add_connection(std::vector<header_field>& to, connection_option option) {
  if (option == connection_option::close) to.push_back({"Connection", "close"});
  if (option == connection_option::keep_alive) to.push_back({"Connection", "keep-alive"});
  if (option == connection_option::upgrade) to.push_back({"Connection", "Upgrade"});
}

struct random_parts {
  explicit random_parts(FuzzedDataProvider& from)
      : fields(from),
        content_type(from.ConsumeRandomLengthString(30)),
        body(static_cast<body_kind>(from.ConsumeIntegralInRange(0, 3))),
        content_length(from.ConsumeIntegral<std::uint64_t>()),
        connection(static_cast<connection_option>(from.ConsumeIntegralInRange(0, 3))) {}

  bool valid(bool in_request) const {
    constexpr std::uint64_t length_max = std::numeric_limits<std::int64_t>::max();
    return are_valid(fields.fields, in_request) && is_valid_value(content_type) &&
           (body != body_kind::length || content_length <= length_max);
  }

  random_fields fields;
  std::string content_type;
  body_kind body;
  std::uint64_t content_length;
  connection_option connection;
};

void check_response(FuzzedDataProvider& from) {
  const random_parts parts(from);
  const int status = from.ConsumeIntegralInRange(-1, 700);
  const date_text date{std::chrono::sys_seconds(
      std::chrono::seconds(from.ConsumeIntegralInRange<std::int64_t>(0, 253'402'300'799)))};
  const bool dated = from.ConsumeBool();
  const auto request = static_cast<method>(from.ConsumeIntegralInRange(0, 9));

  buffer out;
  out.append(before);
  const bool written = write_response_head(out, {.status = status,
                                                 .content_type = parts.content_type,
                                                 .body = parts.body,
                                                 .content_length = parts.content_length,
                                                 .connection = parts.connection,
                                                 .date = dated ? &date : nullptr,
                                                 .fields = parts.fields.fields});
  const bool valid = parts.valid(false) && status >= 100 && status <= 599;
  FUZZ_CHECK(written == valid && out.view().starts_with(before));
  const std::string_view head_text = out.view().substr(before.size());
  if (!written) return FUZZ_CHECK(head_text.empty());

  const std::string length = std::to_string(parts.content_length);
  std::vector<header_field> own;
  if (!parts.content_type.empty()) own.push_back({"Content-Type", parts.content_type});
  const bool framed = status >= 200 && status != 204;
  if (framed) {
    for (const header_field& field : framing(parts.body, length)) own.push_back(field);
  }
  if (dated) own.push_back({"Date", date.view()});
  if (status == 426) add_connection(own, connection_option::upgrade);
  add_connection(own, parts.connection);
  check_lines(head_text, own.size() + parts.fields.fields.size());

  for (const header_field& field : parts.fields.fields) {
    if (equal_ignoring_case(field.name, "host")) return;  // the parser wants an authority in it
  }
  std::array<header_field, 20> storage;
  response_head head;
  const head_parse result = parse_response_head(head_text, limits, storage, request, head);
  FUZZ_CHECK(result.state == head_parse::complete && result.bytes == head_text.size());
  FUZZ_CHECK(head.status == status && head.version_minor == 1);
  check_fields(head.fields, parts.fields.fields, own);
  const bool has_length = framed && parts.body == body_kind::length;
  FUZZ_CHECK(head.content_length == (has_length ? parts.content_length : 0));
  FUZZ_CHECK(head.keep_alive ==
             (parts.connection != connection_option::close && head.body != body_kind::until_close));
}

void check_request(FuzzedDataProvider& from) {
  const random_parts parts(from);
  const std::string verb = from.ConsumeBool() ? "GET" : from.ConsumeRandomLengthString(10);
  const std::string target = (from.ConsumeBool() ? "/" : "") + from.ConsumeRandomLengthString(60);
  const std::string host = from.ConsumeBool() ? "[::1]:80" : from.ConsumeRandomLengthString(30);

  buffer out;
  out.append(before);
  const bool written = write_request_head(out, {.verb = verb,
                                                .target = target,
                                                .host = host,
                                                .content_type = parts.content_type,
                                                .body = parts.body,
                                                .content_length = parts.content_length,
                                                .connection = parts.connection,
                                                .fields = parts.fields.fields});
  FUZZ_CHECK(out.view().starts_with(before));
  const std::string_view head_text = out.view().substr(before.size());
  if (!written) return FUZZ_CHECK(head_text.empty());
  FUZZ_CHECK(parts.valid(true) && is_valid_name(verb));

  const std::string length = std::to_string(parts.content_length);
  std::vector<header_field> own = {{"Host", host}};
  if (!parts.content_type.empty()) own.push_back({"Content-Type", parts.content_type});
  for (const header_field& field : framing(parts.body, length)) own.push_back(field);
  add_connection(own, parts.connection);
  check_lines(head_text, own.size() + parts.fields.fields.size());

  std::array<header_field, 20> storage;
  request_head head;
  connection_wishes wishes;
  std::size_t scanned = 0;
  const head_parse result = parse_request_head(head_text, limits, storage, head, scanned, wishes);
  FUZZ_CHECK(result.state != head_parse::incomplete);
  if (result.state == head_parse::error) {
    // The writer leaves the forms of targets and what an expectation means to its caller.
    const std::string_view path = std::string_view(target).substr(0, target.find('?'));
    const bool plain = target.starts_with('/') && check_path(path) && check_query(target);
    const bool expects = find_field(parts.fields.fields, "expect").data() != nullptr;
    return FUZZ_CHECK(!plain || expects || verb == "CONNECT");
  }
  FUZZ_CHECK(result.bytes == head_text.size());
  FUZZ_CHECK(head.method_text == verb);
  // Brackets around an address stay.
  if (target.starts_with('/')) FUZZ_CHECK(head.target == encode_target(target));
  check_fields(head.fields, parts.fields.fields, own);
  const bool has_length = parts.body == body_kind::length;
  FUZZ_CHECK(head.content_length == (has_length ? parts.content_length : 0));
  FUZZ_CHECK((head.body == body_kind::chunked) == (parts.body == body_kind::chunked));
  FUZZ_CHECK(wishes.keep_alive == (parts.connection != connection_option::close));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider from(data, size);
  if (from.ConsumeBool()) {
    check_response(from);
  } else {
    check_request(from);
  }
  return 0;
}
