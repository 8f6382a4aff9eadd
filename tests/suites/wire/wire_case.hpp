#pragma once
// The cases as data: what README.md describes, read from text.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferrule::wire {

struct expected_answer {
  int status = 0;
  bool to_head = false;      ///< it answers HEAD, so it has no body
  bool optional = false;     ///< an interim answer that may be left out
  bool until_close = false;  ///< its body ends with the connection
  std::vector<std::pair<std::string, std::string>> fields{};
  std::vector<std::string> absent{};
  std::optional<std::string> body{};
};

/// Bytes to send, then answers to wait for.
struct wire_step {
  std::string bytes;
  std::vector<std::size_t> cuts;  ///< where the bytes may be split; not inside long repetitions
  std::vector<expected_answer> answers;
};

/// What becomes of the connection.
enum class fate {
  open,          ///< the next request is answered
  closed,        ///< the server sends FIN after the last answer, which announced it
  closed_early,  ///< the same, and the request was not whole yet: more bytes would belong to it
  closed_late,   ///< FIN, unannounced: what made it necessary came after the answer
  cut,           ///< one more answer may begin, and the connection ends before it is whole
  waits,         ///< the server waits for more; when none comes, it answers nothing but an error
};

struct wire_case {
  std::string name;
  std::string section;
  int line = 0;
  std::vector<wire_step> steps{};
  fate end = fate::open;
  bool within_range = false;   ///< of bytes: neither its first nor its last
  std::size_t differs_at = 0;  ///< up to here the bytes are those of the alternative before it

  std::string bytes() const;  ///< of all steps
};

/// All cases in a file's text, each alternative of `{each ...}` on its own. Throws
/// std::runtime_error, with the line, for what is no case.
std::vector<wire_case> read_cases(std::string_view text);

/// `bytes` on one line, as a case would write them.
std::string printable(std::string_view bytes);

}  // namespace ferrule::wire
