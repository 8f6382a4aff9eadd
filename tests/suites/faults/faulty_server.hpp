#pragma once
// A server whose backend and memory fail on demand, and its client, each on a reactor of its own,
// and what both say to each other.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "failing_backend.hpp"
#include "ferrule/core/frame_pool.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"
#include "support/server_suite.hpp"

namespace ferrule::test {

using namespace std::chrono_literals;

inline int handlers_alive = 0;

struct alive {
  alive() { ++handlers_alive; }
  alive(const alive&) = delete;
  ~alive() { --handlers_alive; }
};

struct note {
  std::string text;
};

inline task<std::string> answer_later(std::uint64_t token) {
  const alive here;
  co_await sleep(2ms);
  co_return "a longer answer than fits without the heap " + std::to_string(token);
}

inline response_stream stream_back(body_stream in) {
  const alive here;
  for (;;) {
    const std::string_view part = co_await in.read();
    if (part.empty()) break;
    co_yield part;
  }
}

inline response_stream stream_much(std::uint64_t parts) {
  const alive here;
  const std::string part(5000, 'x');
  for (std::uint64_t i = 0; i != parts; ++i) co_yield part;
}

inline response_stream hand_over(std::uint64_t pieces) {
  for (std::uint64_t i = 0; i != pieces; ++i) {
    buffer piece;
    piece.append(std::string(30'000, 'p'));
    co_yield std::move(piece);
  }
  const header_field last{"X-Pieces", "all"};
  co_yield stream_trailers{.fields = {&last, 1}};
}
inline task<std::string> count_trailers(body_stream sent) {
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
  }
  co_return std::to_string(sent.trailers().size());
}

inline constexpr auto faulty_routes =
    route_table(route<"GET /now/{token}">([](std::uint64_t token) {
                  return "another answer that takes the heap " + std::to_string(token);
                }),
                route<"GET /later/{token}">(answer_later),
                route<"POST /echo">([](body b) { return std::string(b.bytes); }),
                route<"POST /note">([](json_body<note> n) { return "noted: " + n->text; }),
                route<"POST /stream">(stream_back), route<"GET /much/{parts}">(stream_much),
                route<"GET /pieces/{count}">(hand_over),
                route<"POST /trailers">(count_trailers));

inline std::string get(std::string_view target) { return http::get(target); }

/// What is said on one connection: pieces, sent one after the other, and the bodies they ask for.
struct script {
  const char* name;
  std::vector<std::string> pieces;
  std::vector<std::string> answers;
};

/// How the answers of a connection came.
struct verdict {
  std::size_t right = 0;   ///< answered as asked
  std::size_t failed = 0;  ///< answered 500 or 503
  bool cut = false;        ///< the last one is not whole
  std::string wrong;       ///< what must not be, if anything
  std::size_t whole() const { return right + failed; }
};

verdict judge(std::string_view received, const std::vector<std::string>& answers);

/// A server under test in a world of sockets, real or simulated.
template <class World>
class faulty_server {
 public:
  explicit faulty_server(const http::server_limits& limits = patient()) {
    std::unique_ptr<io::backend> inner = world_.make();
    if (inner == nullptr) return;
    auto failing = std::make_unique<failing_backend>(std::move(inner));
    io_ = failing.get();
    io_->spares_inner = World::simulated;
    loop_ = std::make_unique<reactor>(std::move(failing), 1);
    client_loop_ = std::make_unique<reactor>(world_.make(), 2);
    frames_before_ = frame_pool::stats().live;
    server_ = std::make_unique<http::server>(*loop_, service_, limits);
    const auto at = World::simulated ? *ferrule::address::parse("10.0.0.1", 0)
                                     : ferrule::address::loopback_v4(0);
    EXPECT_EQ(server_->listen(at, {}), 0);
  }
  ~faulty_server() {
    if (server_ == nullptr) return;
    bool drained = false;
    server_->drain(0ns, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &drained);
    EXPECT_TRUE(until([&] { return drained; })) << "the server does not drain";
    EXPECT_EQ(server_->counters().connections_open, 0U);
    EXPECT_EQ(handlers_alive, 0);
    EXPECT_EQ(frame_pool::stats().live, frames_before_) << "coroutines or connections leak";
  }

  /// Null when this kernel has no such backend.
  failing_backend* io() { return io_; }
  const http::server_counters& counters() const { return server_->counters(); }
  reactor& loop() { return *loop_; }
  reactor& client_loop() { return *client_loop_; }
  const ferrule::address& address() const { return server_->local(); }
  /// How often the server's loop has run.
  std::uint64_t rounds() const { return rounds_; }

  std::unique_ptr<http::raw_client> connect() {
    return std::make_unique<http::raw_client>(*client_loop_, server_->local());
  }
  /// Sends what the script says and returns how it was answered, once it was or cannot be.
  verdict talk(const script& what) {
    const std::unique_ptr<http::raw_client> client = connect();
    verdict heard;
    std::size_t piece = 0;
    const bool ended = until([&] {
      if (piece != what.pieces.size() && client->connected() && client->sent()) {
        client->send(what.pieces[piece++]);
      }
      heard = judge(client->received(), what.answers);
      return heard.whole() == what.answers.size() || client->ended() || !heard.wrong.empty();
    });
    if (!ended && heard.wrong.empty()) heard.wrong = "nothing more comes, not even the end";
    return heard;
  }

  /// Lets both sides run until `done()`; false when that takes suspiciously long.
  template <class Predicate>
  bool until(Predicate done) {
    constexpr int rounds_max = 10'000;  // and as many milliseconds at least, when nothing happens
    for (int i = 0; i != rounds_max; ++i) {
      if (done()) return true;
      run_both();
    }
    return false;
  }
  void run_both() {
    run_server(loop_->now() + 1ms);
    client_loop_->run_once(mono_time::min());
  }
  void run_server(mono_time until) {
    ++rounds_;
    if (io_->memory != nullptr) io_->memory->switch_on(true);
    loop_->run_once(until);
    if (io_->memory != nullptr) io_->memory->switch_on(false);
  }

 private:
  /// Nothing may be rescued by a timeout: what hangs shall be seen to.
  static http::server_limits patient() {
    http::server_limits limits;
    limits.header_timeout = limits.body_timeout = limits.idle_timeout = limits.write_timeout = 1h;
    limits.handler_timeout = 1h;
    limits.output_bytes_max = 20'000;
    return limits;
  }

  World world_;
  failing_backend* io_ = nullptr;
  std::unique_ptr<reactor> loop_;
  std::unique_ptr<reactor> client_loop_;
  dispatcher<faulty_routes> service_;
  std::unique_ptr<http::server> server_;
  std::uint64_t frames_before_ = 0;
  std::uint64_t rounds_ = 0;
};

using faulty_worlds =
    testing::Types<io::suite::uring_world, io::suite::epoll_world, io::suite::simulated_world,
                   io::suite::troubled_simulated_world>;

/// One of each kind of exchange.
const std::vector<script>& scripts();

}  // namespace ferrule::test
