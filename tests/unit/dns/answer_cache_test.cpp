#include "dns/answer_cache.hpp"

#include <gtest/gtest.h>

namespace ferrule::dns {
namespace {

using namespace std::chrono_literals;
constexpr mono_time start{1000s};

shared_answer some_answer() { return std::make_shared<const answer>(record_set{}); }

void store(answer_cache& cache, std::string_view key, shared_answer value, mono_time expires) {
  cache.store(key, std::move(value), expires, expires);
}

TEST(answer_cache, keeps_an_answer_until_it_expires) {
  answer_cache cache(10);
  const shared_answer kept = some_answer();
  store(cache, "a", kept, start + 60s);
  EXPECT_EQ(cache.find("a", start).value, kept);
  EXPECT_EQ(cache.find("a", start + 60s - 1ns).value, kept);
  EXPECT_TRUE(cache.find("a", start + 60s - 1ns).is_fresh);
  EXPECT_EQ(cache.find("b", start).value, nullptr);
  EXPECT_EQ(cache.find("a", start + 60s).value, nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(answer_cache, keeps_an_expired_one_for_want_of_a_better) {
  answer_cache cache(10);
  const shared_answer old = some_answer();
  cache.store("a", old, start + 60s, start + 100s);
  answer_cache::known known = cache.find("a", start + 60s);
  EXPECT_EQ(known.value, old);
  EXPECT_FALSE(known.is_fresh);
  EXPECT_TRUE(known.may_ask);
  EXPECT_FALSE(known.is_wanting);

  cache.note_want("a", start + 70s);
  known = cache.find("a", start + 70s - 1ns);
  EXPECT_EQ(known.value, old);
  EXPECT_FALSE(known.may_ask);
  EXPECT_TRUE(known.is_wanting);
  known = cache.find("a", start + 70s);
  EXPECT_TRUE(known.may_ask);
  EXPECT_TRUE(known.is_wanting);

  const shared_answer newer = some_answer();
  cache.store("a", newer, start + 80s, start + 120s);
  known = cache.find("a", start + 80s);
  EXPECT_EQ(known.value, newer);
  EXPECT_TRUE(known.may_ask);
  EXPECT_FALSE(known.is_wanting);
  EXPECT_EQ(cache.find("a", start + 120s).value, nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(answer_cache, replaces_an_answer) {
  answer_cache cache(1);
  store(cache, "a", some_answer(), start + 1s);
  const shared_answer newer = some_answer();
  store(cache, "a", newer, start + 5s);
  EXPECT_EQ(cache.find("a", start + 2s).value, newer);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(answer_cache, forgets_what_nobody_asked_for_longest) {
  answer_cache cache(3);
  for (const char* key : {"a", "b", "c"}) store(cache, key, some_answer(), start + 60s);
  EXPECT_NE(cache.find("a", start).value, nullptr);
  store(cache, "d", some_answer(), start + 60s);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.find("b", start).value, nullptr);
  for (const char* key : {"a", "c", "d"}) EXPECT_NE(cache.find(key, start).value, nullptr) << key;
}

TEST(answer_cache, may_be_turned_off) {
  answer_cache cache(0);
  store(cache, "a", some_answer(), start + 60s);
  EXPECT_EQ(cache.find("a", start).value, nullptr);
}

}  // namespace
}  // namespace ferrule::dns
