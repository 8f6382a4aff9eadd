#include "ferrule/io/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ferrule::mono_time;
using ferrule::no_deadline;
using ferrule::timer_wheel;

constexpr std::chrono::nanoseconds tick{1 << 17};

mono_time at(std::chrono::nanoseconds since_epoch) { return mono_time(since_epoch); }

struct counted : ferrule::timer {
  counted() : timer([](timer& t) noexcept { ++static_cast<counted&>(t).fired; }) {}
  int fired = 0;
};

/// Goes from one due time to the next, as a reactor does, until nothing is due by `end`.
unsigned run_until(timer_wheel& wheel, mono_time end, unsigned* steps = nullptr) {
  unsigned fired = 0;
  while (wheel.next_due() <= end) {
    fired += wheel.advance(wheel.next_due());
    if (steps != nullptr) ++*steps;
  }
  return fired + wheel.advance(end);
}

TEST(timer_wheel, has_nothing_due_when_nothing_is_armed) {
  timer_wheel wheel(at(1h));
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.next_due(), no_deadline);
  EXPECT_EQ(wheel.advance(at(2h)), 0U);
}

TEST(timer_wheel, fires_once_never_early_and_at_most_a_tick_late) {
  for (const std::chrono::nanoseconds wait : {1ns, 131071ns, 131072ns, 131073ns, 999999999ns}) {
    timer_wheel wheel(at(1h));
    counted t;
    wheel.arm(t, at(1h + wait));
    EXPECT_TRUE(t.armed());
    run_until(wheel, at(1h + wait - 1ns));
    EXPECT_EQ(t.fired, 0) << wait.count();
    run_until(wheel, at(1h + wait + tick));
    EXPECT_EQ(t.fired, 1) << wait.count();
    EXPECT_FALSE(t.armed());
    run_until(wheel, at(3h));
    EXPECT_EQ(t.fired, 1) << wait.count();
  }
}

TEST(timer_wheel, fires_what_is_overdue_at_the_next_advance) {
  timer_wheel wheel(at(1h));
  counted past;
  counted long_past;
  wheel.arm(past, at(1h) - tick);
  wheel.arm(long_past, mono_time::min());
  EXPECT_LE(wheel.next_due(), at(1h));
  EXPECT_EQ(wheel.advance(at(1h)), 2U);
  EXPECT_EQ(past.fired + long_past.fired, 2);
}

TEST(timer_wheel, forgets_a_disarmed_timer_so_that_nobody_wakes_for_it) {
  timer_wheel wheel(at(0s));
  counted a;
  counted b;
  for (const std::chrono::nanoseconds wait : {1ns, 1000000ns, 1000000000ns, 3600000000000ns}) {
    wheel.arm(a, at(wait));
    wheel.arm(b, at(wait));
    wheel.disarm(a);
    EXPECT_LE(wheel.next_due(), at(wait) + tick);
    wheel.disarm(b);
    wheel.disarm(b);
    EXPECT_EQ(wheel.next_due(), no_deadline);
  }
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.advance(at(2h)), 0U);
}

TEST(timer_wheel, moves_a_timer_that_is_armed_again) {
  timer_wheel wheel(at(0s));
  counted t;
  wheel.arm(t, at(1s));
  wheel.arm(t, at(3s));
  run_until(wheel, at(2s));
  EXPECT_EQ(t.fired, 0);
  wheel.arm(t, at(2500ms));
  run_until(wheel, at(2600ms));
  EXPECT_EQ(t.fired, 1);
}

TEST(timer_wheel, keeps_far_timers_and_the_farthest_never_fires) {
  timer_wheel wheel(at(1h));
  counted decade;
  counted century;
  counted never;
  wheel.arm(decade, at(10 * 365 * 24h));
  wheel.arm(century, at(100 * 365 * 24h));
  wheel.arm(never, no_deadline);
  unsigned steps = 0;
  EXPECT_EQ(run_until(wheel, at(11 * 365 * 24h), &steps), 1U);
  EXPECT_EQ(decade.fired, 1);
  EXPECT_EQ(run_until(wheel, at(101 * 365 * 24h), &steps), 1U);
  EXPECT_EQ(century.fired, 1);
  EXPECT_LE(steps, 16U);  // one a level and timer
  EXPECT_EQ(wheel.next_due(), no_deadline);
  EXPECT_TRUE(never.armed());
  wheel.disarm(never);
}

struct scripted : ferrule::timer {
  explicit scripted(std::vector<int>& to, int number)
      : timer([](timer& t) noexcept {
          auto& self = static_cast<scripted&>(t);
          self.log.push_back(self.id);
        }),
        log(to),
        id(number) {}
  std::vector<int>& log;
  int id;
};

TEST(timer_wheel, fires_by_tick_and_within_a_tick_in_the_order_of_arming) {
  timer_wheel wheel(at(0s));
  std::vector<int> log;
  std::vector<std::unique_ptr<scripted>> timers;
  const auto add = [&](mono_time when) {
    timers.push_back(std::make_unique<scripted>(log, static_cast<int>(timers.size())));
    wheel.arm(*timers.back(), when);
  };
  add(at(5s));
  add(at(1s));
  add(at(1s));
  add(at(3s));
  add(at(1s));
  add(at(3s));
  wheel.advance(at(4s));  // one leap over several levels
  EXPECT_EQ(log, (std::vector{1, 2, 4, 3, 5}));
  add(at(5s));
  add(at(4999ms));
  run_until(wheel, at(6s));
  EXPECT_EQ(log, (std::vector{1, 2, 4, 3, 5, 7, 0, 6}));
}

struct rearming : ferrule::timer {
  explicit rearming(timer_wheel& on)
      : timer([](timer& t) noexcept {
          auto& self = static_cast<rearming&>(t);
          ++self.fired;
          self.wheel.arm(self, mono_time::min());
        }),
        wheel(on) {}
  timer_wheel& wheel;
  int fired = 0;
};

TEST(timer_wheel, lets_what_is_armed_while_firing_wait_for_the_next_advance) {
  timer_wheel wheel(at(1h));
  rearming t(wheel);
  wheel.arm(t, at(1h));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(wheel.advance(at(1h + i * 10ms)), 1U);
    EXPECT_EQ(t.fired, i);
    EXPECT_LE(wheel.next_due(), at(1h + i * 10ms));
  }
  wheel.disarm(t);
}

/// Random arming, moving, disarming and destroying, inside `expired` and out, against a map.
class model_test : public testing::TestWithParam<std::uint64_t> {
 protected:
  struct item : ferrule::timer {
    explicit item(model_test& in) : timer(expire), owner(in) {}
    static void expire(timer& t) noexcept {
      auto& self = static_cast<item&>(t);
      self.owner.expired(self);
    }
    model_test& owner;
  };

  ~model_test() override {
    for (auto& [when, one] : armed_) wheel_.disarm(*one);
  }

  mono_time some_time() {
    const std::uint64_t bits = random_.below(52);  // up to 52 days, near and far alike
    const auto wait = static_cast<std::int64_t>(random_.below(std::uint64_t{1} << bits));
    return now_ + std::chrono::nanoseconds(wait) - (random_.below(8) == 0 ? 1s : 0s);
  }

  void arm(item& one, mono_time when) {
    forget(one);
    wheel_.arm(one, when);
    armed_.emplace(when, &one);
  }
  void disarm(item& one) {
    forget(one);
    wheel_.disarm(one);
  }
  void forget(item& one) {
    if (!one.armed()) return;
    const auto [first, last] = armed_.equal_range(one.at);
    armed_.erase(std::find_if(first, last, [&](auto& entry) { return entry.second == &one; }));
  }
  item& any() { return *items_[random_.below(items_.size())]; }
  void replace(std::size_t index) {
    disarm(*items_[index]);
    items_[index] = std::make_unique<item>(*this);
  }

  void expired(item& one) noexcept {
    EXPECT_LE(one.at, now_) << "early";
    EXPECT_FALSE(armed_inside_.contains(&one)) << "fired in the advance that armed it";
    const auto [first, last] = armed_.equal_range(one.at);
    const auto found = std::find_if(first, last, [&](auto& entry) { return entry.second == &one; });
    ASSERT_NE(found, last) << "fired though not armed";
    armed_.erase(found);
    switch (random_.below(6)) {
      case 0:
        arm(one, some_time());
        armed_inside_.insert(&one);
        break;
      case 1: {
        item& other = any();
        arm(other, some_time());
        armed_inside_.insert(&other);
        break;
      }
      case 2:
        disarm(any());
        break;
      case 3:
        replace(index_of(one));
        break;  // destroys the timer that is firing
      default:
        break;
    }
  }
  std::size_t index_of(item& one) {
    return static_cast<std::size_t>(std::ranges::find(items_, &one, &std::unique_ptr<item>::get) -
                                    items_.begin());
  }

  void advance_to(mono_time when) {
    now_ = when;
    armed_inside_.clear();
    wheel_.advance(now_);
    for (const auto& [due, one] : armed_) {
      if (due + tick > now_) break;
      EXPECT_TRUE(armed_inside_.contains(one)) << "late";
    }
  }

  ferrule::rng random_{GetParam()};
  mono_time now_ = mono_time(std::chrono::nanoseconds(random_.below(std::uint64_t{1} << 60)));
  timer_wheel wheel_{now_};
  std::vector<std::unique_ptr<item>> items_;
  std::multimap<mono_time, item*> armed_;
  std::set<item*> armed_inside_;
};

TEST_P(model_test, agrees_with_a_sorted_map) {
  for (int i = 0; i < 40; ++i) items_.push_back(std::make_unique<item>(*this));
  for (int step = 0; step < 4000 && !HasFailure(); ++step) {
    switch (random_.below(5)) {
      case 0:
      case 1:
        arm(any(), some_time());
        break;
      case 2:
        disarm(any());
        break;
      case 3:
        advance_to(std::max(now_, some_time()));
        break;
      default:
        if (wheel_.next_due() != no_deadline) advance_to(std::max(now_, wheel_.next_due()));
    }
    EXPECT_EQ(wheel_.empty(), armed_.empty());
    if (armed_.empty()) {
      EXPECT_EQ(wheel_.next_due(), no_deadline);
    } else {
      EXPECT_LT(wheel_.next_due(), std::max(armed_.begin()->first, now_) + tick);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, model_test, testing::Range<std::uint64_t>(0, 50));

}  // namespace
