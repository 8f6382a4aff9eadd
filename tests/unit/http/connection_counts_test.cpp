#include "http/connection_counts.hpp"

#include <gtest/gtest.h>

namespace ferrule::http {
namespace {

address at(std::string_view ip, std::uint16_t port = 1) { return *address::parse(ip, port); }

TEST(connection_counts, let_each_address_in_up_to_its_number) {
  connection_counts counts;
  EXPECT_TRUE(counts.enter(at("10.0.0.1"), 2));
  EXPECT_TRUE(counts.enter(at("10.0.0.1", 2), 2));
  EXPECT_FALSE(counts.enter(at("10.0.0.1", 3), 2));
  EXPECT_TRUE(counts.enter(at("10.0.0.2"), 2));
  counts.leave(at("10.0.0.1"));
  EXPECT_TRUE(counts.enter(at("10.0.0.1"), 2));
}

TEST(connection_counts, take_a_network_of_64_bits_for_one_client) {
  connection_counts counts;
  EXPECT_TRUE(counts.enter(at("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(counts.enter(at("2001:db8:0:1:ffff::2"), 1));
  EXPECT_TRUE(counts.enter(at("2001:db8:0:2::1"), 1));
}

TEST(connection_counts, know_an_ipv4_client_of_an_ipv6_socket) {
  connection_counts counts;
  EXPECT_TRUE(counts.enter(at("::ffff:10.0.0.1"), 1));
  EXPECT_FALSE(counts.enter(at("10.0.0.1"), 1));
  EXPECT_TRUE(counts.enter(at("::ffff:10.0.0.2"), 1));
}

TEST(connection_counts, forget_who_left) {
  connection_counts counts;
  counts.enter(at("10.0.0.1"), 5);
  counts.enter(at("10.0.0.1"), 5);
  counts.leave(at("10.0.0.1"));
  EXPECT_EQ(counts.clients(), 1U);
  counts.leave(at("10.0.0.1"));
  EXPECT_EQ(counts.clients(), 0U);
}

}  // namespace
}  // namespace ferrule::http
