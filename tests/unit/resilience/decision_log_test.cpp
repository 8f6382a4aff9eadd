#include "ferrule/resilience/decision_log.hpp"

#include <gtest/gtest.h>

#include "ferrule/json/write.hpp"

namespace ferrule {
namespace {

struct numbered {
  std::int64_t number = 0;
};

std::vector<std::int64_t> numbers(const decision_log<numbered>& log) {
  std::vector<std::int64_t> found;
  for (const numbered& entry : log) found.push_back(entry.number);
  return found;
}

TEST(decision_log, keeps_the_newest_in_order) {
  decision_log<numbered> log(3);
  EXPECT_TRUE(log.empty());
  for (std::int64_t i = 1; i <= 2; ++i) log.add({i});
  EXPECT_EQ(numbers(log), (std::vector<std::int64_t>{1, 2}));
  for (std::int64_t i = 3; i <= 8; ++i) {
    log.add({i});
    EXPECT_EQ(numbers(log), (std::vector<std::int64_t>{i - 2, i - 1, i}));
  }
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.total(), 8U);
  EXPECT_EQ(log.begin()->number, 6);
}

TEST(decision_log, of_no_entries_only_counts) {
  decision_log<numbered> log(0);
  log.add({1});
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.total(), 1U);
  EXPECT_EQ(log.begin(), log.end());
}

TEST(decision_log, is_an_array_in_json) {
  decision_log<numbered> log(2);
  for (std::int64_t i = 1; i <= 3; ++i) log.add({i});
  EXPECT_EQ(json::write(log), R"([{"number":2},{"number":3}])");
}

}  // namespace
}  // namespace ferrule
