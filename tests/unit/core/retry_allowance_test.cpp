#include "ferrule/core/retry_allowance.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ferrule/core/rng.hpp"

namespace ferrule {
namespace {

TEST(retry_allowance, round_trips_every_value) {
  for (std::uint32_t n = 0; n <= retry_allowance::retries_max; ++n) {
    const retry_allowance_text text = encode_retry_allowance(retry_allowance(n));
    EXPECT_EQ(text.view(), std::to_string(n));
    EXPECT_EQ(decode_retry_allowance(text.view()), retry_allowance(n));
  }
}

TEST(retry_allowance, reads_nothing_but_what_is_written) {
  for (const std::string_view text :
       {"", "00", "07", "100", "-1", "+1", " 1", "1 ", "a", "1a", "a1", "1.", "0x", "１", "1,2"}) {
    EXPECT_EQ(decode_retry_allowance(text), std::nullopt) << text;
  }
  for (int a = 0; a != 256; ++a) {
    for (int b = 0; b != 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b)};
      const bool is_number = a >= '1' && a <= '9' && b >= '0' && b <= '9';
      EXPECT_EQ(decode_retry_allowance(text).has_value(), is_number);
    }
  }
}

TEST(retry_allowance, moves_and_spends_but_never_makes) {
  retry_allowance mine(5);
  const retry_allowance lent = mine.lend();
  EXPECT_EQ(lent.left(), 2);
  EXPECT_EQ(mine.left(), 3);
  EXPECT_TRUE(mine.try_take());
  mine.give_back(lent);
  EXPECT_EQ(mine.left(), 4);
  retry_allowance none(0);
  EXPECT_FALSE(none.try_take());
  EXPECT_EQ(none.lend().left(), 0);
  EXPECT_EQ(retry_allowance(1000).left(), 99);
  retry_allowance full(99);
  full.give_back(retry_allowance(99));
  EXPECT_EQ(full.left(), 99);
}

TEST(retry_allowance, a_peer_gives_back_no_more_than_it_got) {
  const retry_allowance lent(2);
  EXPECT_EQ(settle_retry_allowance(lent, "1").left(), 1);
  EXPECT_EQ(settle_retry_allowance(lent, "2").left(), 2);
  EXPECT_EQ(settle_retry_allowance(lent, "99").left(), 2);
  EXPECT_EQ(settle_retry_allowance(lent, "").left(), 0);
  EXPECT_EQ(settle_retry_allowance(lent, "-1").left(), 0);
}

// A tree of services in which every call may fail, be lost, or lie about what it has left.
struct tree {
  rng random;
  int retries = 0;

  // Returns the answer's field; empty when there is no answer.
  std::string call(std::string_view field, int depth) {
    retry_allowance mine = decode_retry_allowance(field).value_or(retry_allowance(0));
    for (int callee = 0; depth != 0 && callee != 2; ++callee) {
      for (bool again = true; again;) {
        const retry_allowance lent = mine.lend();
        const std::string answer = call(encode_retry_allowance(lent).view(), depth - 1);
        mine.give_back(settle_retry_allowance(lent, answer));
        again = random.below(2) == 0 && mine.try_take();
        if (again) ++retries;
      }
    }
    if (random.below(4) == 0) return "";
    return std::string(encode_retry_allowance(mine).view());
  }
};

TEST(retry_allowance, bounds_the_retries_of_a_whole_tree) {
  int most = 0;
  for (std::uint64_t seed = 0; seed != 500; ++seed) {
    tree services{rng(seed)};
    services.call("6", 4);
    EXPECT_LE(services.retries, 6) << seed;
    most = std::max(most, services.retries);
  }
  EXPECT_EQ(most, 6) << "all of it can be used";
}

}  // namespace
}  // namespace ferrule
