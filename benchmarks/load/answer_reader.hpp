#pragma once
// Answers out of the bytes of a connection, one after the other; bodies are passed over, or kept
// as long as it takes to look for an expected text.

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/body_reader.hpp"
#include "ferrule/http/parser.hpp"

namespace ferrule::load {

/// What the reader says of an answer.
struct answer {
  enum outcome : std::uint8_t {
    incomplete,
    complete,
    malformed,  ///< where the next answer begins is not known
  };
  outcome state = incomplete;
  int status = 0;
  bool keep_alive = false;
  bool has_text = true;     ///< the body contains the expected text
  const char* reason = "";  ///< why it is malformed
};

/// Reads the answers of one connection. Thread rule: as a plain value.
class answer_reader {
 public:
  answer_reader();

  /// Takes bytes from the front of `bytes` up to the end of an answer to a request with method
  /// `verb`, or all of them. `expected`, if not empty, is looked for in the body.
  answer take(std::string_view& bytes, method verb, std::string_view expected);
  /// The connection has ended: that may complete an answer.
  answer finish(std::string_view expected);
  /// Forgets an answer that was begun, for a new connection.
  void reset();

 private:
  answer take_head(std::string_view& bytes, method verb);
  answer end(std::string_view expected);

  static constexpr http::head_limits limits_{};
  std::vector<header_field> fields_;
  buffer held_;  // of a head that is not complete
  std::size_t scanned_ = 0;
  bool in_body_ = false;
  http::body_reader body_;
  std::string text_;  // of the body, if a text is expected
  answer current_;
};

}  // namespace ferrule::load
