#include "load/answer_reader.hpp"

#include <limits>

namespace ferrule::load {
namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

answer malformed(const char* reason) { return {.state = answer::malformed, .reason = reason}; }

}  // namespace

answer_reader::answer_reader() : fields_(limits_.header_count_max) {}

void answer_reader::reset() {
  held_.clear();
  scanned_ = 0;
  in_body_ = false;
  text_.clear();
}

/// Leaves `in_body_` set when a final head was complete.
answer answer_reader::take_head(std::string_view& bytes, method verb) {
  const std::size_t held = held_.size();
  if (held != 0) held_.append(bytes);
  const std::string_view text = held != 0 ? held_.view() : bytes;
  response_head head;
  const http::head_parse parsed =
      http::parse_response_head(text, limits_, fields_, verb, head, scanned_);
  if (parsed.state == http::head_parse::error) return malformed(parsed.reason);
  if (parsed.state == http::head_parse::incomplete) {
    if (held == 0) held_.append(bytes);
    bytes = {};
    return {};
  }
  if (head.status == 101) return malformed("it switches protocols");
  bytes.remove_prefix(parsed.bytes - held);
  held_.clear();
  scanned_ = 0;
  if (head.status < 200) return {};  // interim: the real one follows
  in_body_ = true;
  current_ = {.status = head.status, .keep_alive = head.keep_alive};
  body_ = http::body_reader(head.body, head.content_length, unlimited, {});
  return {};
}

answer answer_reader::take(std::string_view& bytes, method verb, std::string_view expected) {
  while (!in_body_) {
    if (bytes.empty()) return {};
    const answer head = take_head(bytes, verb);
    if (head.state == answer::malformed) return head;
  }
  while (!body_.complete()) {
    if (bytes.empty()) return {};
    const http::body_reader::part part = body_.next(bytes);
    if (part.status != 0) return malformed(part.reason);
    if (!expected.empty()) text_.append(part.data);
    bytes.remove_prefix(part.consumed);
  }
  return end(expected);
}

answer answer_reader::end(std::string_view expected) {
  current_.state = answer::complete;
  current_.has_text = expected.empty() || text_.find(expected) != text_.npos;
  text_.clear();
  in_body_ = false;
  return current_;
}

answer answer_reader::finish(std::string_view expected) {
  if (in_body_ && body_.kind() == body_kind::until_close) return end(expected);
  return {};
}

}  // namespace ferrule::load
