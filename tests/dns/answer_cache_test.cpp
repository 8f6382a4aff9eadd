#include "dns/answer_cache.hpp"

#include <gtest/gtest.h>

namespace ferrule::dns {
namespace {

using namespace std::chrono_literals;
constexpr mono_time start{1000s};

shared_answer some_answer() { return std::make_shared<const answer>(record_set{}); }

TEST(answer_cache, keeps_an_answer_until_it_expires) {
  answer_cache cache(10);
  const shared_answer kept = some_answer();
  cache.store("a", kept, start + 60s);
  EXPECT_EQ(cache.find("a", start), kept);
  EXPECT_EQ(cache.find("a", start + 60s - 1ns), kept);
  EXPECT_EQ(cache.find("b", start), nullptr);
  EXPECT_EQ(cache.find("a", start + 60s), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(answer_cache, replaces_an_answer) {
  answer_cache cache(1);
  cache.store("a", some_answer(), start + 1s);
  const shared_answer newer = some_answer();
  cache.store("a", newer, start + 5s);
  EXPECT_EQ(cache.find("a", start + 2s), newer);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(answer_cache, forgets_what_nobody_asked_for_longest) {
  answer_cache cache(3);
  for (const char* key : {"a", "b", "c"}) cache.store(key, some_answer(), start + 60s);
  EXPECT_NE(cache.find("a", start), nullptr);
  cache.store("d", some_answer(), start + 60s);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.find("b", start), nullptr);
  for (const char* key : {"a", "c", "d"}) EXPECT_NE(cache.find(key, start), nullptr) << key;
}

TEST(answer_cache, may_be_turned_off) {
  answer_cache cache(0);
  cache.store("a", some_answer(), start + 60s);
  EXPECT_EQ(cache.find("a", start), nullptr);
}

}  // namespace
}  // namespace ferrule::dns
