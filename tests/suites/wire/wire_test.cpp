// Every case, in every splitting, on every backend: one test a topic and a world.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "conversation.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/failure.hpp"
#include "table_service.hpp"
#include "wire_case.hpp"

namespace ferrule::wire {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> topics() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(WIRE_CASES)) {
    if (entry.path().extension() == ".wire") all.push_back(entry.path().stem());
  }
  std::ranges::sort(all);
  return all;
}

std::vector<wire_case> cases_of(const std::string& topic) {
  std::ifstream file(std::string(WIRE_CASES "/") + topic + ".wire", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return read_cases(text.str());
}

/// A server, and many conversations with it at a time.
class wire_host {
 public:
  wire_host(std::unique_ptr<io::backend> backend, bool simulated)
      : simulated_(simulated), loop_(std::move(backend), 1) {
    const auto at = simulated ? *address::parse("10.0.0.1", 0) : address::loopback_v4(0);
    EXPECT_EQ(server_.listen(at, {}), 0);
  }
  ~wire_host() {
    bool drained = false;
    server_.drain(0s, [](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &drained);
    while (!drained) loop_.run_once();
    EXPECT_EQ(server_.counters().connections_open, 0U);
  }

  /// Plays `played` in each of these ways. Stops after a way that fails.
  void play(const wire_case& played, const std::vector<splitting>& ways) {
    std::string first_transcript;
    for (std::size_t begin = 0; begin < ways.size(); begin += at_a_time) {
      std::deque<conversation> talks;
      const std::size_t end = std::min(begin + at_a_time, ways.size());
      for (std::size_t i = begin; i != end; ++i) {
        talks.emplace_back(loop_, server_.local(), played, ways[i]);
      }
      run(talks);
      if (begin == 0) first_transcript = talks.front().transcript();
      for (std::size_t i = begin; i != end; ++i) {
        const conversation& talk = talks[i - begin];
        std::string fault = talk.fault();
        if (fault.empty() && played.end != fate::cut && talk.transcript() != first_transcript) {
          fault = "not the answers that the bytes in one piece get:\n" + first_transcript;
        }
        if (fault.empty()) continue;
        ADD_FAILURE() << "line " << played.line << ": " << played.name << ", " << ways[i].name()
                      << ": " << fault << "\n  got " << printable(talk.received());
        return;
      }
    }
  }

 private:
  static constexpr std::size_t at_a_time = 100;
  static constexpr auto patience = 5s;

  void run(std::deque<conversation>& talks) {
    mono_time moved = loop_.now();
    for (;;) {
      bool done = true;
      bool any_moved = false;
      for (conversation& talk : talks) {
        talk.advance();
        any_moved = talk.moved() || any_moved;
        done = done && talk.done();
      }
      if (done) return;
      if (any_moved) moved = loop_.now();
      if (loop_.now() - moved >= patience) break;
      pass_time(any_moved ? 300us : 100ms);
    }
    for (conversation& talk : talks) talk.give_up();
  }
  /// In the simulation long enough for what was sent to arrive before more is sent.
  void pass_time(mono_time::duration span) {
    const mono_time until = loop_.now() + (simulated_ ? span : 100ms);
    do loop_.run_once(until);
    while (simulated_ && loop_.now() < until);
  }

  /// Time is not the topic: the longest splitting of a case is sent within these.
  static http::server_limits limits() {
    http::server_limits patient;
    patient.header_timeout = patient.body_timeout = patient.idle_timeout = 10min;
    return patient;
  }

  bool simulated_;
  reactor loop_;
  dispatcher<routes> service_;
  http::server server_{loop_, service_, limits()};
};

enum class world : std::uint8_t { simulated, uring, epoll };

class WireTest : public testing::TestWithParam<std::tuple<world, std::string>> {
 protected:
  /// Longer ones are not sent over and over.
  static constexpr std::size_t bytes_in_two_max = 40'000;

  static std::vector<splitting> ways(const wire_case& played, bool simulated) {
    std::vector<splitting> all{{}, {.every_byte = true}};
    if (played.end == fate::closed) all.push_back({.more_behind = true});
    if (played.end == fate::open) all.push_back({.fin_behind = true});
    if (!simulated || played.within_range || played.bytes().size() > bytes_in_two_max) return all;
    std::size_t before = 0;
    for (const wire_step& step : played.steps) {
      for (const std::size_t cut : step.cuts) {
        const bool is_new = before + cut >= played.differs_at;
        if (is_new && cut != step.bytes.size()) all.push_back({.at = before + cut});
      }
      before += step.bytes.size();
    }
    return all;
  }

  void SetUp() override {
    set_exception_log([](const escaped_exception&) noexcept {});  // streams that lie throw
  }
  void TearDown() override { set_exception_log(nullptr); }

  void play(std::unique_ptr<io::backend> backend, bool simulated) {
    wire_host host(std::move(backend), simulated);
    const std::vector<wire_case> cases = cases_of(std::get<1>(GetParam()));
    EXPECT_FALSE(cases.empty());
    for (const wire_case& played : cases) host.play(played, ways(played, simulated));
  }
  template <class World>
  void play_in() {
    World made;
    std::unique_ptr<io::backend> backend = made.make();
    if (backend == nullptr) GTEST_SKIP() << made.why;
    play(std::move(backend), World::simulated);
  }
};

TEST_P(WireTest, AnswersAsTheCasesSay) {
  switch (std::get<0>(GetParam())) {
    case world::simulated:
      return play_in<io::suite::simulated_world>();
    case world::uring:
      return play_in<io::suite::uring_world>();
    case world::epoll:
      return play_in<io::suite::epoll_world>();
  }
}

std::string name_of(const testing::TestParamInfo<WireTest::ParamType>& info) {
  constexpr const char* worlds[] = {"simulated", "uring", "epoll"};
  return worlds[static_cast<int>(std::get<0>(info.param))] + ("_" + std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Wire, WireTest,
                         testing::Combine(testing::Values(world::simulated, world::uring,
                                                          world::epoll),
                                          testing::ValuesIn(topics())),
                         name_of);

}  // namespace
}  // namespace ferrule::wire
