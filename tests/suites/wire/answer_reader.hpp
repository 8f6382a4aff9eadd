#pragma once
// A strict reader of answers, which shares no code with the library: what it takes, any client
// understands in one way only.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferrule::wire {

struct answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  ///< without its framing
  bool until_close = false;

  /// The field's value, the name's case ignored; null without the field.
  const std::string* field(std::string_view name) const;
  /// Whether a field that is a list has this member, case ignored.
  bool lists(std::string_view name, std::string_view member) const;
  bool interim() const { return status < 200; }
};

/// How far the reading of one answer came.
struct answer_reading {
  std::optional<answer> whole;  ///< none: more bytes are needed, or there is a fault
  std::size_t consumed = 0;     ///< of a whole answer
  std::string fault;            ///< not empty: this is no valid answer
};

/// What the reader has to know about the request.
struct answer_context {
  bool to_head = false;
  bool until_close_allowed = false;  ///< to HTTP/1.0, where nothing else can end a stream
  bool ended = false;                ///< the connection will bring no more bytes
};

/// Reads the answer at the beginning of `bytes`. Checked beyond the syntax: Date is there once and
/// well-formed; exactly one framing, and none where HTTP forbids it; no field twice that must not
/// be; 405 has Allow.
/// Source: RFC 9112 sections 4 to 7, RFC 9110 sections 5, 6.6.1, 8.6 and 15.5.6.
answer_reading read_answer(std::string_view bytes, const answer_context& context);

}  // namespace ferrule::wire
