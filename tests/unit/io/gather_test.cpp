#include "ferrule/io/gather.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ferrule/io/backend.hpp"
#include "ferrule/io/sync_wait.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using counts = std::vector<std::optional<int>>;

struct gathered_base {
  int before = 1;
};
struct gathered_state : gathered_base {
  int value = 0;
  int asked = 0;
};

std::unique_ptr<reactor> make_reactor(unsigned index, unsigned count) {
  return std::make_unique<reactor>(io::make_backend({.kind = io::backend_kind::epoll}).io, 1,
                                   reactor_place{index, count});
}

/// Three reactors on one thread, which run when the test says so.
class gathering_reactors : public testing::Test {
 protected:
  gathering_reactors() {
    for (unsigned i = 0; i != 3; ++i) {
      states_[i].value = static_cast<int>(10 * (i + 1));
      places_[i][0] = {&names_[i], sizeof names_[i]};
      places_[i][1] = {&states_[i], sizeof states_[i]};
      loops_[i] = make_reactor(i, 3);
      loops_[i]->set_states(places_[i]);
      group_.join(*loops_[i]);
    }
  }
  ~gathering_reactors() override {
    for (unsigned i = 0; i != 3; ++i) leave(i);
  }
  void leave(unsigned i) {
    group_.leave(*loops_[i]);
    loops_[i]->run_once(mono_time::min());
  }
  /// Gathers on the first of them. It suspends there when `work` returns.
  void start(task<counts> work) {
    work_.emplace(std::move(work));
    env_ = {.loop = loops_[0].get(), .stop = &stop_};
    work_->start(env_, ended_);
  }
  void run(unsigned i) { loops_[i]->run_once(mono_time::min()); }
  counts result() {
    EXPECT_TRUE(ended_.completed);
    return work_->take();
  }

  static int take(gathered_state& one) {
    ++one.asked;
    return one.value;
  }

  reactor_group group_{3};
  std::array<gathered_state, 3> states_;
  std::array<std::string, 3> names_{"a", "b", "c"};
  std::array<std::array<reactor_state, 2>, 3> places_;
  std::array<std::unique_ptr<reactor>, 3> loops_;
  stop_source stop_;
  environment env_;
  detail::noted_end ended_;
  std::optional<task<counts>> work_;
};

TEST_F(gathering_reactors, all_answer_in_their_order) {
  start(gather(states_[0], take));
  run(2);
  run(1);
  run(0);
  run(0);
  EXPECT_EQ(result(), (counts{10, 20, 30}));
}

TEST_F(gathering_reactors, a_base_of_a_state_is_that_of_the_others) {
  states_[1].before = 7;
  gathered_base& mine = states_[0];
  start(gather(
      mine, [](const gathered_base& one, int factor) { return one.before * factor; }, 3));
  run(1);
  run(2);
  run(0);
  run(0);
  EXPECT_EQ(result(), (counts{3, 21, 3}));
}

TEST_F(gathering_reactors, one_that_has_left_has_no_answer) {
  leave(1);
  start(gather(states_[0], take));
  run(2);
  run(0);
  run(0);
  EXPECT_EQ(result(), (counts{10, std::nullopt, 30}));
}

TEST_F(gathering_reactors, nor_has_one_that_throws) {
  start(gather(states_[0], [](gathered_state& one) {
    if (one.value == 20) throw std::runtime_error("no");
    return one.value;
  }));
  run(1);
  run(2);
  run(0);
  run(0);
  EXPECT_EQ(result(), (counts{10, std::nullopt, 30}));
}

TEST_F(gathering_reactors, alone_it_does_not_wait) {
  leave(1);
  leave(2);
  start(gather(states_[0], take));
  EXPECT_EQ(result(), (counts{10, std::nullopt, std::nullopt}));
}

TEST_F(gathering_reactors, one_that_leaves_answers_what_it_was_asked_before) {
  start(gather(states_[0], take));
  leave(1);
  leave(2);
  run(0);
  run(0);
  EXPECT_EQ(result(), (counts{10, 20, 30}));
}

TEST_F(gathering_reactors, who_does_not_answer_in_time_is_left_out) {
  start(gather_within(1ms, states_[0], take));
  run(2);
  while (!ended_.any()) loops_[0]->run_once(loops_[0]->now() + 10ms);
  EXPECT_EQ(result(), (counts{10, std::nullopt, 30}));
  run(1);  // what it was asked is still there
  EXPECT_EQ(states_[1].asked, 1);
}

TEST_F(gathering_reactors, who_is_stopped_leaves_the_rest_to_themselves) {
  start(gather(states_[0], take));
  run(1);
  stop_.request_stop();
  while (!ended_.any()) run(0);
  EXPECT_TRUE(ended_.stopped);
  work_.reset();
  run(2);
  run(0);
  EXPECT_EQ(states_[2].asked, 1);
}

TEST_F(gathering_reactors, who_has_left_itself_is_not_answered) {
  start(gather(states_[0], take));
  stop_.request_stop();
  while (!ended_.any()) run(0);
  work_.reset();
  leave(0);
  loops_[0].reset();
  run(1);
  run(2);
  loops_[0] = make_reactor(0, 3);
  EXPECT_EQ(states_[2].asked, 1);
}

TEST(gather, a_reactor_without_others_asks_itself) {
  const auto loop = make_reactor(0, 1);
  gathered_state mine{.value = 5};
  const auto all = sync_wait(*loop, gather(mine, [](gathered_state& one) { return one.value; }));
  EXPECT_EQ(all, (counts{5}));
}

TEST(gather, threads_ask_each_other_while_they_come_and_go) {
  constexpr unsigned threads = 4;
  constexpr int rounds = 200;
  reactor_group group(threads);
  std::latch begun(threads);
  std::atomic<int> answers = 0;
  const auto run = [&](unsigned index) {
    const auto loop = make_reactor(index, threads);
    gathered_state mine{.value = static_cast<int>(index)};
    const std::array<reactor_state, 1> places{{{&mine, sizeof mine}}};
    loop->set_states(places);
    group.join(*loop);
    begun.arrive_and_wait();
    for (int i = 0; i != rounds * static_cast<int>(index + 1) / 4; ++i) {
      const auto within = i % 3 == 0 ? std::chrono::nanoseconds(1us) : gather_timeout;
      const auto all = sync_wait(*loop, gather_within(within, mine, [](gathered_state& one) {
        ++one.asked;
        return one.value;
      }));
      for (unsigned from = 0; from != threads; ++from) {
        if (!(*all)[from]) continue;
        ++answers;
        EXPECT_EQ((*all)[from], static_cast<int>(from));
      }
    }
    group.leave(*loop);
    loop->run_once(mono_time::min());
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i != threads; ++i) others.emplace_back(run, i);
  run(0);
  for (std::thread& each : others) each.join();
  EXPECT_GE(answers, rounds);
}

}  // namespace
}  // namespace ferrule
