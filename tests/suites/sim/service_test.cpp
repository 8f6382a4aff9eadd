// A real service with its clients in one process, on a network with every fault: what is answered
// is answered in order and to whom it belongs, and everything comes to its end.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <deque>

#include "chat.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

task<std::string> answer_later(std::uint64_t token) {
  co_await sleep(std::chrono::milliseconds(token % 97));
  co_return std::to_string(token);
}

constexpr auto routes = route_table(
    route<"GET /now/{token}">([](std::uint64_t token) { return std::to_string(token); }),
    route<"GET /later/{token}">(answer_later),
    route<"POST /echo">([](body b) { return std::string(b.bytes); }));

/// Sends requests in one go, over and over, and checks each answer by the token it asked for.
class pipelining_client {
 public:
  pipelining_client(reactor& loop, std::uint64_t first_token, unsigned sessions,
                    chat_counts& counts)
      : loop_(loop),
        first_token_(first_token),
        next_token_(first_token),
        sessions_left_(sessions),
        counts_(counts) {
    connect();
  }
  ~pipelining_client() { loop_.disarm(patience_); }

  bool finished() const { return sessions_left_ == 0; }
  std::uint64_t asked() const { return next_token_ - first_token_; }
  std::uint64_t answered() const { return answered_; }

 private:
  struct patience : timer {
    explicit patience(pipelining_client& c) : timer(on_expired), owner(c) {}
    static void on_expired(timer& t) noexcept { static_cast<patience&>(t).owner.leave(); }
    pipelining_client& owner;
  };

  void connect() {
    socket_ = io::handle{loop_.io().open(AF_INET, SOCK_STREAM)};
    loop_.io().connect(connecting_.starting(), socket_, *address::parse("10.0.0.1", 80));
  }
  void connected(const io::completion& c) {
    if (c.result < 0) return leave();
    loop_.io().recv_start(receiving_.starting(), socket_);
    ask();
  }

  void ask() {
    text_.clear();
    const std::uint64_t count = 1 + loop_.random().below(20);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string token = std::to_string(next_token_++);
      wanted_.push_back(token);
      switch (loop_.random().below(3)) {
        case 0:
          text_ += "GET /now/" + token + " HTTP/1.1\r\nHost: a\r\n\r\n";
          break;
        case 1:
          text_ += "GET /later/" + token + " HTTP/1.1\r\nHost: a\r\n\r\n";
          break;
        default:
          text_ +=
              "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(token.size()) +
              "\r\n\r\n" + token;
      }
    }
    part_ = {text_.data(), text_.size()};
    loop_.arm(patience_, loop_.now() + 100s);
    loop_.io().send(sending_.starting(), socket_, {&part_, 1});
  }
  void asked(const io::completion& c) {
    if (c.result < 0) return leave();
    go_on();
  }

  void heard(const io::completion& c) {
    if (c.result <= 0) return leave();
    unread_.append(reinterpret_cast<const char*>(c.bytes.data()), c.bytes.size());
    while (take_answer()) {
    }
    go_on();
  }
  /// Whether a whole answer was there.
  bool take_answer() {
    response_head head;
    const http::head_parse parsed =
        http::parse_response_head(unread_, {}, fields_, method::get, head);
    EXPECT_NE(parsed.state, http::head_parse::error) << unread_;
    if (parsed.state != http::head_parse::complete) return false;
    const auto length = static_cast<std::size_t>(head.content_length);
    if (unread_.size() < parsed.bytes + length) return false;
    if (head.status == 408) return false;  // the network held the request for too long
    EXPECT_EQ(head.status, 200);
    EXPECT_FALSE(wanted_.empty()) << "an answer that nobody asked for";
    if (wanted_.empty()) return false;
    EXPECT_EQ(unread_.substr(parsed.bytes, length), wanted_.front());
    wanted_.pop_front();
    unread_.erase(0, parsed.bytes + length);
    ++answered_;
    return true;
  }
  void go_on() {
    if (!wanted_.empty() || sending_.running || leaving_) return;
    if (loop_.random().below(4) == 0) return leave();
    ask();
  }

  void leave() {
    if (std::exchange(leaving_, true)) return;
    loop_.disarm(patience_);
    loop_.io().close(closing_.starting(), socket_);
  }
  void closed(const io::completion&) {
    leaving_ = false;
    wanted_.clear();
    unread_.clear();
    if (--sessions_left_ != 0) connect();
  }

  reactor& loop_;
  std::uint64_t first_token_;
  std::uint64_t next_token_;
  unsigned sessions_left_;
  chat_counts& counts_;
  io::handle socket_ = io::handle::none;
  counted<pipelining_client, &pipelining_client::connected> connecting_{*this, counts_};
  counted<pipelining_client, &pipelining_client::heard> receiving_{*this, counts_};
  counted<pipelining_client, &pipelining_client::asked> sending_{*this, counts_};
  counted<pipelining_client, &pipelining_client::closed> closing_{*this, counts_};
  patience patience_{*this};
  std::vector<header_field> fields_ = std::vector<header_field>(32);
  std::deque<std::string> wanted_;
  std::string text_;
  iovec part_{};
  std::string unread_;
  std::uint64_t answered_ = 0;
  bool leaving_ = false;
};

struct service_report {
  std::uint64_t digest = 0;
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
};

service_report run_service(std::uint64_t seed, unsigned clients, bool troubled) {
  service_report report;
  sim_world world(seed);
  trace_if_wanted(world);
  rng random(seed);
  if (troubled) make_trouble(world.everywhere(), random);
  reactor& loop = world.add_host("10.0.0.1");
  dispatcher<routes> service;
  http::server server(loop, service);
  EXPECT_EQ(server.listen(*address::parse("10.0.0.1", 80), {}), 0);

  chat_counts counts;
  std::list<pipelining_client> asking;
  for (unsigned i = 0; i < clients; ++i) {
    reactor& at = world.add_host(fmt::format("10.0.1.{}", i + 1));
    asking.emplace_back(at, (i + 1) * 1'000'000ULL, 4, counts);
  }
  EXPECT_TRUE(world.run_until(
      [&] {
        return std::all_of(asking.begin(), asking.end(),
                           [](const pipelining_client& c) { return c.finished(); });
      },
      24h))
      << "a client hangs";
  bool drained = false;
  server.drain(10s, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &drained);
  EXPECT_TRUE(world.run_until([&] { return drained; }, 1min)) << "the server hangs";
  EXPECT_EQ(server.counters().connections_open, 0U);
  EXPECT_EQ(counts.started, counts.ended);
  for (const pipelining_client& c : asking) {
    report.asked += c.asked();
    report.answered += c.answered();
  }
  report.digest = world.digest();
  return report;
}

TEST(SimulatedService, AnswersInOrderUnderEveryFault) {
  const seed_range seeds = seeds_to_run(30);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    SCOPED_TRACE(testing::Message() << "replay with FERRULE_SIM_SEED=" << seed);
    const service_report report = run_service(seed, 10, true);
    EXPECT_GT(report.answered, 0U);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SimulatedService, AnswersEverythingWithoutFaults) {
  const service_report report = run_service(5, 20, false);
  EXPECT_GT(report.asked, 500U);
  EXPECT_EQ(report.answered, report.asked);
}

TEST(SimulatedService, RunsTheSameForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(run_service(seed, 5, true).digest, run_service(seed, 5, true).digest) << seed;
  }
}

}  // namespace
}  // namespace ferrule::test
