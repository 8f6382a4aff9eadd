#include "ferrule/api/contract.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

using namespace detail;

template <fixed_string... Text>
constexpr contract_conflict conflict =
    find_conflict(std::array<const pattern*, sizeof...(Text)>{&parsed_pattern<Text>...});

TEST(contract, finds_endpoints_that_match_the_same_requests) {
  constexpr auto found = conflict<"GET /", "GET /a/{b}", "PUT /a/{b}", "GET /a/{c}">;
  EXPECT_EQ(found.fault, contract_fault::same_requests);
  EXPECT_EQ(found.first, 1U);
  EXPECT_EQ(found.second, 3U);
  constexpr auto tail = conflict<"GET /a/{b}", "GET /a/{b...}">;
  EXPECT_EQ(tail.fault, contract_fault::same_requests);
}

TEST(contract, finds_paths_with_two_names_for_a_placeholder) {
  constexpr auto found = conflict<"GET /", "GET /a/{b}", "PUT /a/{c}">;
  EXPECT_EQ(found.fault, contract_fault::other_names);
  EXPECT_EQ(found.first, 1U);
  EXPECT_EQ(found.second, 2U);
}

TEST(contract, lets_different_endpoints_stand_together) {
  constexpr auto found = conflict<"GET /", "GET /a", "PUT /a", "GET /a/", "GET /a/{b}", "GET /a/b",
                                  "PUT /a/{b}", "GET /{x}/b", "GET /a/{b}/c">;
  EXPECT_EQ(found.fault, contract_fault::none);
}

constexpr endpoint<"GET /now", std::string()> get_now{};
constexpr endpoint<"PUT /zone", void(body)> put_zone{};

TEST(contract, is_made_of_any_number_of_endpoints) {
  constexpr contract both(get_now, put_zone);
  constexpr contract one(get_now);
  constexpr contract<> none;
  EXPECT_EQ(both.size, 2U);
  EXPECT_EQ(one.size, 1U);
  EXPECT_EQ(none.size, 0U);
}

}  // namespace
}  // namespace ferrule
