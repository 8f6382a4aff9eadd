#pragma once
// Just enough HTTP/1.1 to ask once and to learn how long the answer is.

#include <strings.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/sockets.hpp"

namespace bench {

inline std::string get_request(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

inline constexpr std::string_view ok = "HTTP/1.1 200";

/// The bytes of the first answer in `received`, or nothing while its head is incomplete. Answers
/// have a Content-Length.
inline std::optional<std::size_t> answer_bytes(const std::string& received) {
  constexpr std::string_view name = "\r\nContent-Length:";
  const std::size_t head_end = received.find("\r\n\r\n");
  if (head_end == received.npos) return std::nullopt;
  for (std::size_t at = received.find("\r\n"); at < head_end; at = received.find("\r\n", at + 2)) {
    if (strncasecmp(received.c_str() + at, name.data(), name.size()) == 0) {
      const unsigned long body = std::strtoul(received.c_str() + at + name.size(), nullptr, 10);
      return head_end + 4 + body;
    }
  }
  fail("an answer without Content-Length: " + received.substr(0, head_end));
}

/// Sends `request` on a blocking socket and returns the whole answer, which must be a 200.
inline std::string ask(int fd, const std::string& request) {
  check(static_cast<int>(send(fd, request.data(), request.size(), MSG_NOSIGNAL)), "send");
  std::string answer;
  std::optional<std::size_t> whole;
  while (!whole || answer.size() < *whole) {
    char piece[4096];
    const auto bytes = check(static_cast<int>(recv(fd, piece, sizeof piece, 0)), "recv");
    if (bytes == 0) fail("the server closed before its answer was complete");
    answer.append(piece, static_cast<std::size_t>(bytes));
    whole = answer_bytes(answer);
  }
  if (!answer.starts_with(ok)) fail("not a 200: " + answer.substr(0, answer.find('\r')));
  return answer;
}

}  // namespace bench
