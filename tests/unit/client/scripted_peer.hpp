#pragma once
// A server in a simulated world that says what a test wants it to, byte by byte.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ferrule/core/scope.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/net/stream.hpp"
#include "ferrule/test/sim.hpp"
#include "support/backend_suite.hpp"

namespace ferrule {

/// What follows an answer; `deaf`: nothing is read any more, and the connection stays.
enum class ending : std::uint8_t { none, fin, reset, deaf };

/// What becomes of one request.
struct scripted_answer {
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ending then = ending::none;
  std::chrono::nanoseconds after{0};
  /// In pieces of so many bytes, `apart` from one another; 0: as one.
  std::size_t piece_bytes = 0;
  std::chrono::nanoseconds apart = std::chrono::milliseconds(1);
};

inline std::string answer_with(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

/// `sleep`, for `race` to take.
inline task<> pass(std::chrono::nanoseconds time) { co_await sleep(time); }

class scripted_peer {
 public:
  scripted_peer(test::sim_world& world, std::string_view ip, std::uint16_t port = 80)
      : world_(world), loop_(world.add_host(ip)) {
    listener_ = io::handle{loop_.io().listen(*address::parse(ip, port), {})};
    EXPECT_GE(static_cast<int>(listener_), 0);
    loop_.io().accept_start(accepting_, listener_);
  }
  scripted_peer(const scripted_peer&) = delete;
  ~scripted_peer() {
    running_.request_stop();
    loop_.io().cancel(accepting_);
    EXPECT_TRUE(world_.run_until([&] { return running_.empty() && !accepting_.pending(); }));
    loop_.io().drop(listener_);
  }

  /// The answers to the next requests, whatever connection they come by; then it is "ok" for ever.
  std::deque<scripted_answer> answers;
  /// Instead of that, each request is answered with its target.
  bool echoes = false;
  /// Answers as soon as it has a request's head.
  bool is_hasty = false;
  /// Sent right behind an answer that ends the connection, by nobody's request.
  std::string afterwards;
  std::vector<std::string> requests;
  unsigned connections = 0;  // so far
  unsigned open = 0;         // now

 private:
  struct acceptor : io::operation {
    explicit acceptor(scripted_peer& to)
        : operation([](operation& op, const io::completion& c) noexcept {
            if (c.result >= 0) static_cast<acceptor&>(op).owner.accepted(io::handle{c.result});
          }),
          owner(to) {}
    scripted_peer& owner;
  };
  struct counted {
    explicit counted(unsigned& count) : alive(count) { ++alive; }
    counted(const counted&) = delete;
    ~counted() { --alive; }
    unsigned& alive;
  };

  void accepted(io::handle socket) {
    ++connections;
    running_.spawn(serve(tcp_stream(loop_, socket)));
  }
  bool is_whole(std::string_view request) const {
    const std::size_t head = request.find("\r\n\r\n");
    if (head == request.npos) return false;
    if (is_hasty) return true;
    if (request.find("chunked") < head) return request.ends_with("0\r\n\r\n");
    const std::size_t length = request.find("Content-Length: ");
    if (length > head) return true;
    return request.size() - head - 4 >= std::stoul(std::string(request.substr(length + 16)));
  }
  scripted_answer next_answer(std::string_view request) {
    if (echoes) {
      const std::string_view target = request.substr(request.find(' ') + 1);
      return {answer_with(target.substr(0, target.find(' ')))};
    }
    scripted_answer next;
    if (!answers.empty()) {
      next = answers.front();
      answers.pop_front();
    }
    return next;
  }
  task<> serve(tcp_stream stream) {
    const counted here(open);
    std::string request;
    std::string piece(4000, '\0');
    for (;;) {
      const auto got = co_await stream.read(io::suite::writable(piece));
      if (!got || *got == 0) co_return;
      request.append(piece, 0, *got);
      if (!is_whole(request)) continue;
      requests.push_back(request);
      const scripted_answer answer = next_answer(request);
      request.clear();
      if (answer.after.count() != 0) co_await sleep(answer.after);
      const bool ends = answer.then == ending::fin;
      std::string_view last = answer.bytes;
      while (answer.piece_bytes != 0 && last.size() > answer.piece_bytes) {
        const auto piece = co_await stream.write(last.substr(0, answer.piece_bytes));
        if (!piece) co_return;
        last.remove_prefix(answer.piece_bytes);
        co_await sleep(answer.apart);
      }
      const auto written = co_await stream.write(last, ends ? afterwards : "");
      if (!written || answer.then == ending::fin) co_return;
      if (answer.then == ending::deaf) co_await sleep(std::chrono::hours(24));
      if (answer.then == ending::reset) {
        loop_.io().option(stream.socket(), SOL_SOCKET, SO_LINGER, 0);
        co_return;
      }
    }
  }

  test::sim_world& world_;
  reactor& loop_;
  stop_source leave_;
  environment env_{.loop = &loop_, .stop = &leave_};
  scope running_{env_};
  acceptor accepting_{*this};
  io::handle listener_ = io::handle::none;
};

}  // namespace ferrule
