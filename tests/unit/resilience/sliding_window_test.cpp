#include "ferrule/resilience/sliding_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>

#include "ferrule/core/rng.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

TEST(sliding_window, lets_whole_slices_leave) {
  const mono_time start(100s);
  sliding_window<int> window(3, 1s, start);
  window.add(start, 1);
  window.add(start + 999ms, 2);
  window.add(start + 1s, 4);
  EXPECT_EQ(window.total(), 7);
  EXPECT_EQ(window.total_at(start + 2999ms), 7);
  EXPECT_EQ(window.total_at(start + 3s), 4);
  EXPECT_EQ(window.total_at(start + 4s), 0);
}

TEST(sliding_window, a_long_pause_empties_it_and_keeps_the_slices_aligned) {
  const mono_time start(0s);
  sliding_window<int> window(3, 1s, start);
  window.add(start, 1);
  window.add(start + 24h + 500ms, 8);
  EXPECT_EQ(window.total(), 8);
  EXPECT_EQ(window.total_at(start + 24h + 2999ms), 8);
  EXPECT_EQ(window.total_at(start + 24h + 3s), 0);
}

TEST(sliding_window, an_earlier_time_counts_as_the_newest_slice) {
  const mono_time start(10s);
  sliding_window<int> window(2, 1s, start);
  window.add(start + 1s, 1);
  window.add(start - 5s, 2);
  EXPECT_EQ(window.total_at(start + 2s), 3);
  EXPECT_EQ(window.total_at(start + 3s), 0);
}

TEST(sliding_window, pushed_entries_drive_the_oldest_out) {
  sliding_window<int> window(2, 1s, mono_time());
  for (const int entry : {1, 2, 4}) window.push(entry);
  EXPECT_EQ(window.total(), 6);
  window.clear(mono_time());
  EXPECT_EQ(window.total(), 0);
  window.push(8);
  EXPECT_EQ(window.total(), 8);
}

TEST(sliding_window, sums_as_a_list_of_all_slices_does) {
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    rng random(seed);
    const std::size_t slices = 1 + random.below(12);
    sliding_window<int> window(slices, 10ns, mono_time());
    std::deque<int> model(slices, 0);
    std::int64_t now = 0;
    for (int step = 0; step != 500; ++step) {
      const auto later = now + static_cast<std::int64_t>(random.below(25));
      for (std::int64_t tick = now / 10; tick != later / 10; ++tick) {
        model.pop_front();
        model.push_back(0);
      }
      now = later;
      const int more = static_cast<int>(random.below(100)) - 50;
      model.back() += more;
      window.add(mono_time(std::chrono::nanoseconds(now)), more);
      ASSERT_EQ(window.total(), std::accumulate(model.begin(), model.end(), 0)) << seed;
    }
  }
}

}  // namespace
}  // namespace ferrule
