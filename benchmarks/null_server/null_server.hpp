#pragma once
// What the two null servers share: flags, the answer, the end by SIGTERM.

#include <signal.h>
#include <sys/signalfd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "common/sockets.hpp"

namespace bench {

struct null_options {
  std::uint16_t port = 0;
  std::size_t request_bytes = 0;
  std::string answer;
  std::chrono::microseconds delay{0};  // before each answer; below a second
  std::size_t requests_max = 0;        // of a connection; 0: the client ends it
};

inline constexpr const char* built_in_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 57\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
    R"({"id":"42","name":"User 42","email":"user42@example.com"})";

inline null_options read_null_options(int argc, char** argv) {
  flags given(argc, argv,
              "--request-bytes N [--port P] [--answer FILE] [--delay-us N] [--requests-max N]");
  null_options options;
  options.port = static_cast<std::uint16_t>(given.number("port", 0));
  options.request_bytes = static_cast<std::size_t>(given.number("request-bytes", 0));
  options.answer = built_in_answer;
  if (const std::string file = given.text("answer", ""); !file.empty()) {
    std::ifstream in(file, std::ios::binary);
    options.answer.assign(std::istreambuf_iterator<char>(in), {});
    if (options.answer.empty()) fail("cannot read an answer from " + file);
  }
  options.delay = std::chrono::microseconds(given.number("delay-us", 0));
  options.requests_max = static_cast<std::size_t>(given.number("requests-max", 0));
  given.done();
  if (options.delay >= std::chrono::seconds(1)) given.reject("a delay of a second or more");
  if (options.request_bytes == 0) given.reject("--request-bytes 0");
  return options;
}

/// Counts requests by their length, and nothing else.
class request_counter {
 public:
  explicit request_counter(std::size_t request_bytes) : request_bytes_(request_bytes) {}
  /// How many requests these bytes complete.
  std::size_t count(std::size_t bytes) {
    bytes_ += bytes;
    const std::size_t complete = bytes_ / request_bytes_;
    bytes_ %= request_bytes_;
    return complete;
  }

 private:
  std::size_t request_bytes_;
  std::size_t bytes_ = 0;
};

/// A descriptor that becomes readable when the process is asked to end.
inline int termination_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  check(sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  return check(signalfd(-1, &signals, SFD_CLOEXEC), "signalfd");
}

inline void print_url(const char* what, int listener) {
  std::printf("%s on http://127.0.0.1:%d\n", what, local_port(listener));
  std::fflush(stdout);
}

}  // namespace bench
