// Chunked bodies: pieces of any size give what the whole gives, and data that was encoded comes
// out again. The first byte is the size of the pieces.

#include <algorithm>
#include <regex>
#include <string>

#include "check.hpp"
#include "ferrule/http/chunked.hpp"

namespace {

using namespace ferrule;
using namespace ferrule::http;

constexpr chunk_limits limits{.extension_bytes_max = 16, .trailer_bytes_max = 64};

struct decoded {
  chunk_state state = chunk_state::need_more;
  std::string data;
  std::size_t consumed = 0;
  std::string_view reason;

  bool operator==(const decoded&) const = default;
};

decoded decode(std::string_view bytes, std::size_t piece_bytes) {
  chunked_decoder decoder(limits);
  decoded all;
  std::size_t end = std::min(piece_bytes, bytes.size());
  for (;;) {
    const std::string in(bytes.substr(all.consumed, end - all.consumed));
    const chunk_piece piece = decoder.feed(in);
    FUZZ_CHECK(piece.consumed <= in.size() && fuzz::lies_in(piece.data, in));
    FUZZ_CHECK((piece.state == chunk_state::data) == !piece.data.empty());
    all.consumed += piece.consumed;
    all.data += piece.data;
    all.state = piece.state;
    all.reason = piece.reason;
    if (piece.state == chunk_state::data) continue;
    if (piece.state != chunk_state::need_more) return all;
    FUZZ_CHECK(piece.consumed == in.size());
    if (end == bytes.size()) return all;
    end = std::min(end + piece_bytes, bytes.size());
  }
}

/// Whether a line is a size and extensions by RFC 9112 section 7.1, said in other words.
bool is_size_line(std::string_view line) {
  static const std::regex grammar(
      R"re([0-9A-Fa-f]+([ \t]*;[ \t]*[-!#$%&'*+.^_`|~0-9A-Za-z]+)re"
      R"re(([ \t]*=[ \t]*([-!#$%&'*+.^_`|~0-9A-Za-z]+|"([^"\\]|\\[\s\S])*"))?)*)re");
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  return std::ranges::none_of(line, is_control) &&
         std::regex_match(line.begin(), line.end(), grammar);
}

std::string encode(std::string_view data, std::size_t chunk_bytes) {
  std::string out;
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, chunk_bytes);
    char head[chunk_head_bytes_max];
    out.append(head, write_chunk_head(head, chunk.size())).append(chunk).append(chunk_end);
    data.remove_prefix(chunk.size());
  }
  return out.append(last_chunk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece_bytes = data[0] + std::size_t{1};
  const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
  const decoded whole = decode(bytes, bytes.size() + 1);
  FUZZ_CHECK(decode(bytes, piece_bytes) == whole);
  FUZZ_CHECK(decode(bytes, 1) == whole);

  const std::string_view line = bytes.substr(0, 16);
  if (line.find_first_of("\r\n") == std::string_view::npos && !is_size_line(line)) {
    FUZZ_CHECK(decode(std::string(line) + "\r\n", 100).state == chunk_state::error);
  } else if (line.find_first_of("\r\n") == std::string_view::npos) {
    const decoded got = decode(std::string(line) + "\r\n", 100);
    FUZZ_CHECK(got.state == chunk_state::need_more || got.reason == "chunk size is too large");
  }

  const std::string encoded = encode(bytes, piece_bytes);
  const decoded again = decode(encoded + "next", 7);
  FUZZ_CHECK(again.state == chunk_state::done && again.data == bytes);
  FUZZ_CHECK(again.consumed == encoded.size());
  return 0;
}
