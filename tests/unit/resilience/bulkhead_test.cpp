#include "ferrule/resilience/bulkhead.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "ferrule/core/rng.hpp"
#include "ferrule/json/write.hpp"
#include "start.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

bulkhead_ticket wait_in(bulkhead& slots, mono_time now) {
  const bulkhead_entry entry = slots.enter(now);
  EXPECT_EQ(entry.admission, bulkhead_admission::waits);
  return entry.ticket;
}

TEST(bulkhead, runs_then_queues_then_refuses) {
  bulkhead slots({.running_max = 2, .waiting_max = 1});
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::runs);
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::runs);
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::waits);
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::refused);
  EXPECT_TRUE(slots.leave(start));
  EXPECT_FALSE(slots.leave(start));
  EXPECT_FALSE(slots.leave(start));
  EXPECT_EQ(slots.snapshot().running, 0U);
}

TEST(bulkhead, without_a_queue_refuses_at_once) {
  bulkhead slots({.running_max = 0, .waiting_max = 0});
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::runs) << "at least one runs";
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::refused);
  EXPECT_FALSE(slots.cancel({}));
  EXPECT_EQ(slots.next_expiry(), no_deadline);
}

TEST(bulkhead, serves_in_the_order_of_arrival) {
  bulkhead slots({.running_max = 1, .waiting_max = 3, .wait_max = 1s});
  slots.enter(start);
  const bulkhead_ticket a = wait_in(slots, start);
  const bulkhead_ticket b = wait_in(slots, start + 1ms);
  const bulkhead_ticket c = wait_in(slots, start + 2ms);
  EXPECT_EQ(slots.leave(start + 3ms), a);
  EXPECT_TRUE(slots.cancel(b));
  EXPECT_EQ(slots.leave(start + 3ms), c);
  EXPECT_EQ(slots.leave(start + 3ms), std::nullopt);
}

TEST(bulkhead, a_waiter_whose_time_is_up_never_runs) {
  bulkhead slots({.running_max = 1, .waiting_max = 3, .wait_max = 10ms});
  slots.enter(start);
  const bulkhead_ticket a = wait_in(slots, start);
  const bulkhead_ticket b = wait_in(slots, start + 5ms);
  EXPECT_EQ(slots.next_expiry(), start + 10ms);
  EXPECT_EQ(slots.expire(start + 9ms), std::nullopt);
  EXPECT_EQ(slots.leave(start + 10ms), b) << "a's time is up";
  EXPECT_EQ(slots.leave(start + 10ms), std::nullopt) << "and remains so";
  EXPECT_EQ(slots.expire(start + 10ms), a);
  EXPECT_EQ(slots.expire(start + 10ms), std::nullopt);
  EXPECT_EQ(slots.next_expiry(), no_deadline);
}

TEST(bulkhead, an_old_ticket_names_nobody) {
  bulkhead slots({.running_max = 1, .waiting_max = 1, .wait_max = 10ms});
  slots.enter(start);
  const bulkhead_ticket a = wait_in(slots, start);
  EXPECT_EQ(slots.leave(start), a);
  EXPECT_FALSE(slots.cancel(a));
  const bulkhead_ticket b = wait_in(slots, start);
  EXPECT_EQ(a.slot, b.slot);
  EXPECT_FALSE(slots.cancel(a));
  EXPECT_TRUE(slots.cancel(b));
  EXPECT_FALSE(slots.cancel(b));
  EXPECT_FALSE(slots.cancel({7, 0}));
  bulkhead unused({});
  EXPECT_FALSE(unused.cancel({}));
}

TEST(bulkhead_death, leaving_what_nobody_entered_is_a_defect) {
  bulkhead slots({});
  EXPECT_DEATH(slots.leave(start), "nothing runs");
}

// Against a plain queue.
TEST(bulkhead, behaves_as_its_model) {
  struct waiter {
    bulkhead_ticket ticket;
    mono_time expires;
  };
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    rng random(seed);
    const auto running_max = static_cast<std::uint32_t>(1 + random.below(4));
    const auto waiting_max = static_cast<std::uint32_t>(random.below(6));
    bulkhead slots({.running_max = running_max, .waiting_max = waiting_max, .wait_max = 20ms});
    std::uint32_t running = 0;
    std::deque<waiter> queue;
    mono_time now = start;
    for (int step = 0; step != 1000; ++step) {
      now += std::chrono::milliseconds(random.below(8));
      const std::uint64_t what = random.below(8);
      if (what < 4) {
        const bulkhead_entry entry = slots.enter(now);
        if (running < running_max) {
          ASSERT_EQ(entry.admission, bulkhead_admission::runs);
          ++running;
        } else if (queue.size() < waiting_max) {
          ASSERT_EQ(entry.admission, bulkhead_admission::waits);
          queue.push_back({entry.ticket, now + 20ms});
        } else {
          ASSERT_EQ(entry.admission, bulkhead_admission::refused);
        }
      } else if (what < 6 && running != 0) {
        const auto next = std::find_if(queue.begin(), queue.end(),
                                       [now](const waiter& w) { return w.expires > now; });
        const auto ran = slots.leave(now);
        ASSERT_EQ(ran.has_value(), next != queue.end());
        if (ran) {
          ASSERT_EQ(*ran, next->ticket);
          queue.erase(next);
        } else {
          --running;
        }
      } else if (what == 6) {
        const bool is_due = !queue.empty() && queue.front().expires <= now;
        const auto expired = slots.expire(now);
        ASSERT_EQ(expired.has_value(), is_due);
        if (is_due) {
          ASSERT_EQ(*expired, queue.front().ticket);
          queue.pop_front();
        }
      } else if (!queue.empty()) {
        const auto which = static_cast<std::ptrdiff_t>(random.below(queue.size()));
        ASSERT_TRUE(slots.cancel(queue[static_cast<std::size_t>(which)].ticket));
        queue.erase(queue.begin() + which);
      }
      ASSERT_EQ(slots.snapshot().running, running);
      ASSERT_EQ(slots.snapshot().waiting, queue.size());
      ASSERT_EQ(slots.next_expiry(), queue.empty() ? no_deadline : queue.front().expires);
    }
  }
}

TEST(bulkhead, shows_itself_as_json) {
  bulkhead slots({.running_max = 1, .waiting_max = 2, .wait_max = 10ms});
  slots.enter(start);
  const bulkhead_ticket cancelled = wait_in(slots, start);
  wait_in(slots, start);
  EXPECT_EQ(slots.enter(start).admission, bulkhead_admission::refused);
  EXPECT_TRUE(slots.cancel(cancelled));
  EXPECT_TRUE(slots.expire(start + 10ms));
  EXPECT_EQ(json::write(slots.snapshot()),
            R"({"running":1,"waiting":0,"admitted":1,"refused":1,"expired":1,"cancelled":1})");
}

}  // namespace
}  // namespace ferrule
