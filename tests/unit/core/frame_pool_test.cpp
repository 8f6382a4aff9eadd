#include "ferrule/core/frame_pool.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ferrule {
namespace {

#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)

constexpr std::size_t frame_bytes = 1000;

/// Holds `count` frames at once, then none. Returns how many had to come from the heap.
std::uint64_t burst(std::size_t count) {
  const std::uint64_t before = frame_pool::stats().from_heap;
  std::vector<void*> frames;
  for (std::size_t i = 0; i != count; ++i) frames.push_back(frame_pool::allocate(frame_bytes));
  for (void* frame : frames) frame_pool::deallocate(frame, frame_bytes);
  return frame_pool::stats().from_heap - before;
}

class frame_pool_test : public testing::Test {
 protected:
  frame_pool_test() {
    frame_pool::trim();
    frame_pool::tidy();
  }
};

TEST_F(frame_pool_test, gives_back_what_a_burst_has_left) {
  EXPECT_EQ(burst(4000), 4000U);
  EXPECT_EQ(burst(4000), 0U);
  EXPECT_TRUE(frame_pool::has_many());
  int calls = 0;
  while (frame_pool::has_many() && calls != 100) {
    frame_pool::tidy();
    ++calls;
  }
  EXPECT_FALSE(frame_pool::has_many()) << "nobody has to call again";
  EXPECT_LT(calls, 20);
  EXPECT_EQ(burst(4000), 4000U - frame_pool::few_frames);
}

TEST_F(frame_pool_test, keeps_what_a_steady_load_needs) {
  burst(1000);
  for (int i = 0; i != 20; ++i) {
    EXPECT_EQ(burst(1000), 0U);
    frame_pool::tidy();
  }
  EXPECT_TRUE(frame_pool::has_many());
}

TEST_F(frame_pool_test, follows_a_load_that_falls) {
  burst(4000);
  for (int i = 0; i != 20; ++i) {
    EXPECT_EQ(burst(100), 0U);
    frame_pool::tidy();
  }
  EXPECT_GE(burst(4000), 3800U);
}

TEST_F(frame_pool_test, gives_back_frames_that_were_in_use_all_the_time) {
  std::vector<void*> frames;
  for (int i = 0; i != 1000; ++i) frames.push_back(frame_pool::allocate(frame_bytes));
  for (int i = 0; i != 5; ++i) frame_pool::tidy();
  EXPECT_FALSE(frame_pool::has_many()) << "there is nothing to give back yet";
  for (void* frame : frames) frame_pool::deallocate(frame, frame_bytes);
  EXPECT_TRUE(frame_pool::has_many());
  for (int i = 0; i != 20; ++i) frame_pool::tidy();
  EXPECT_FALSE(frame_pool::has_many());
}

TEST_F(frame_pool_test, keeps_a_few_for_good) {
  burst(frame_pool::few_frames);
  EXPECT_FALSE(frame_pool::has_many());
  for (int i = 0; i != 5; ++i) frame_pool::tidy();
  EXPECT_EQ(burst(frame_pool::few_frames), 0U);
}

#endif

TEST(frame_pool, counts_what_is_handed_out) {
  const auto before = frame_pool::stats();
  void* const frame = frame_pool::allocate(100);
  EXPECT_EQ(frame_pool::stats().live, before.live + 1);
  frame_pool::deallocate(frame, 100);
  EXPECT_EQ(frame_pool::stats().live, before.live);
  EXPECT_EQ(frame_pool::stats().allocated, before.allocated + 1);
}

}  // namespace
}  // namespace ferrule
