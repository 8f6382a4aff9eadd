// Does to a server what lib/http/connection_clocks.hpp says of its clocks, one event at a time.
#include "http/connection_clocks.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

constexpr auto limit = 5s;   // of the clock that is looked at; the others have an hour
constexpr auto pause = 2s;   // between two events
constexpr auto enough = 18s;  // after which a clock that restarts is believed to

class clock_walk : public server_fixture<io::suite::simulated_world> {
 public:
  void TestBody() override {}
  void SetUp() override { server_fixture::SetUp(); }
  void TearDown() override {
    client_.reset();  // it lives on the loop
    server_fixture::TearDown();
  }

  /// Brings the server to where the clock called `name` runs, with only that one short.
  void start(std::string_view name, std::string_view event) {
    server_limits limits{.body_bytes_max = 10U << 20U};
    for (auto* each : {&limits.header_timeout, &limits.body_timeout, &limits.idle_timeout,
                       &limits.handler_timeout, &limits.write_timeout,
                       &limits.stream_idle_timeout, &limits.linger_timeout}) {
      *each = 1h;
    }
    limits.body_bytes_per_second_min = 10;
    *limit_called(limits, name) = limit;
    listen(limits);
    client_ = connect();
    ASSERT_TRUE(until([&] { return client_->connected(); }));
    client_->send(opening(name, event));
    ASSERT_TRUE(until([&] { return client_->sent(); }));
    if (event == "taken" || name == "write") client_->pause();
    run_for(1ms);
    if (name == "handler" && event == "taken") client_->send(get("/told"));
    if (name == "stream" || (name == "body" && event == "wrote")) write(1);
    if (name == "write" && event != "taken") {
      for (int i = 0; i < 3; ++i) write(60'000);  // more than the network takes
    }
    run_for(1ms);
    if (name == "linger") ASSERT_TRUE(until([&] { return client_->ended(); }));
  }

  void happen(std::string_view name, std::string_view event) {
    if (event == "received") {
      const bool begins_head = name == "idle" && !began_;
      client_->send(begins_head ? "GET /xxxxx" : "xxxxxxxxxx");
      began_ = true;
    }
    if (event == "wrote") write(1);
    if (event != "taken") return;
    const std::size_t had = client_->received().size();
    ASSERT_TRUE(until([&] { return client_->paused(); }));
    client_->read_on();
    ASSERT_TRUE(until([&] { return client_->received().size() > had + 50'000; }));
    client_->pause();
  }

  /// How long the clock runs while `event` happens again and again.
  std::chrono::nanoseconds runs(std::string_view name, std::string_view event) {
    start(name, event);
    const mono_time began = loop_->now();
    mono_time next = began + pause;
    while (!is_over(name) && loop_->now() < began + enough) {
      if (loop_->now() >= next) {
        happen(name, event);
        next += pause;
      }
      loop_->run_once(next);
    }
    return loop_->now() - began;
  }

 private:
  static std::chrono::nanoseconds* limit_called(server_limits& limits, std::string_view name) {
    const std::map<std::string_view, std::chrono::nanoseconds*> all{
        {"head", &limits.header_timeout},     {"body", &limits.body_timeout},
        {"idle", &limits.idle_timeout},       {"handler", &limits.handler_timeout},
        {"write", &limits.write_timeout},     {"stream", &limits.stream_idle_timeout},
        {"linger", &limits.linger_timeout},
    };
    return all.at(name);
  }
  static std::string opening(std::string_view name, std::string_view event) {
    const std::string upload =
        " HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n";
    if (name == "head") return "GET /pl";
    if (name == "idle") return get("/plain");
    if (name == "linger") return "GET /plain HTTP/1.0\r\n\r\n";
    if (name == "body" && event == "taken") return "POST /endless/read" + upload;
    if (name == "body" && event == "wrote") return "POST /told/read" + upload;
    if (name == "body") return "POST /echo" + upload;
    if (name == "write" && event == "taken") return get("/endless");
    if (name == "handler" && event == "taken") {
      return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" +
             std::string(5'000'000, 'x');
    }
    return get("/told");
  }
  bool is_over(std::string_view name) const {
    if (name == "handler" || name == "stream") return service_.running == 0;
    if (name == "linger") return server_->counters().connections_open == 0;
    return (client_->ended() && !client_->paused()) || server_->counters().connections_open == 0 ||
           server_->counters().requests_refused != 0;
  }
  void write(std::size_t bytes) {
    ASSERT_TRUE(service_.to_write.try_send(std::move(bytes)));
    run_for(1ms);
  }
  void run_for(std::chrono::nanoseconds span) {
    const mono_time end = loop_->now() + span;
    while (loop_->now() < end) loop_->run_once(end);
  }

  std::unique_ptr<raw_client> client_;
  bool began_ = false;
};

void expect_effect(const clock_rule& rule, std::string_view event, clock_effect effect) {
  if (effect == clock_effect::impossible) return;
  clock_walk walk;
  walk.SetUp();
  const auto took = walk.runs(rule.name, event);
  const auto what = std::string(rule.name) + " while " + std::string(event);
  switch (effect) {
    case clock_effect::nothing:
      EXPECT_GE(took, limit - 1s) << what;
      EXPECT_LE(took, limit + 1s) << what;
      break;
    case clock_effect::earns:  // 10 bytes at 10 bytes/s: half of the time that passes
      EXPECT_GE(took, 7s) << what;
      EXPECT_LE(took, 2 * limit) << what;
      break;
    case clock_effect::restarts:
    case clock_effect::ends:
      EXPECT_GE(took, enough) << what;
      break;
    case clock_effect::impossible:
      break;
  }
  walk.TearDown();
}

TEST(connection_clocks, are_moved_by_what_the_table_says_and_nothing_else) {
  for (const clock_rule& rule : clock_rules) {
    expect_effect(rule, "none", clock_effect::nothing);
    expect_effect(rule, "received", rule.byte_received);
    expect_effect(rule, "taken", rule.part_taken);
    expect_effect(rule, "wrote", rule.handler_wrote);
  }
}

std::string_view cell(clock_effect effect) {
  switch (effect) {
    case clock_effect::nothing: return "no";
    case clock_effect::restarts: return "restarts it";
    case clock_effect::earns: return "adds a little";
    case clock_effect::ends: return "ends it";
    case clock_effect::impossible: break;
  }
  return "";
}

TEST(connection_clocks, are_documented) {
  std::ifstream file(FERRULE_TREE "/include/ferrule/http/README.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const clock_rule& rule : clock_rules) {
    std::stringstream row;
    row << "| " << rule.name << ", `" << rule.limit << "` | " << rule.runs << " | "
        << cell(rule.byte_received) << " | " << cell(rule.part_taken) << " | "
        << cell(rule.handler_wrote) << " | " << rule.then << " |\n";
    EXPECT_NE(page.str().find(row.str()), std::string::npos) << row.str();
  }
}

}  // namespace
}  // namespace ferrule::http
