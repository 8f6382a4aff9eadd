#include "ferrule/core/assert.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#undef NDEBUG
#include <cassert>

namespace {

TEST(assert_death, a_broken_invariant_ends_the_process_and_names_the_place) {
  FERRULE_ASSERT(1 + 1 == 2, "arithmetic");
  EXPECT_DEATH(FERRULE_ASSERT(1 + 1 == 3, "arithmetic"),
               "^ferrule: arithmetic \\(.*assert_test.cpp:[0-9]+\\)");
}

TEST(assert_death, the_standard_assert_names_condition_function_and_place) {
  EXPECT_DEATH(assert(1 + 1 == 3),
               "assert_test.cpp:[0-9]+: .*TestBody.*: Assertion `1 \\+ 1 == 3' failed\\.\n$");
}

template <class Thrown>
void raise(Thrown thrown) {
  throw thrown;
}

template <class Thrown>
void let_escape(Thrown thrown) noexcept {
  raise(thrown);
}

TEST(assert_death, an_exception_that_nothing_catches_is_named) {
  EXPECT_DEATH(let_escape(std::runtime_error("out of luck")),
               "^ferrule: terminated by an exception: out of luck");
  EXPECT_DEATH(let_escape(42), "that is no std::exception");
  EXPECT_DEATH(std::terminate(), "^ferrule: terminated\n");
}

}  // namespace
