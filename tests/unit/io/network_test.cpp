#include "ferrule/io/network.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

address at(std::string_view ip) { return address::parse(ip, 80).value(); }

TEST(network, contains_what_begins_alike) {
  const network ten = network::parse("10.0.0.0/8").value();
  EXPECT_TRUE(ten.contains(at("10.0.0.0")));
  EXPECT_TRUE(ten.contains(at("10.255.255.255")));
  EXPECT_FALSE(ten.contains(at("11.0.0.0")));
  EXPECT_FALSE(ten.contains(at("9.255.255.255")));
  EXPECT_TRUE(ten.contains(at("::ffff:10.1.2.3"))) << "the same host by a listener for both";
  EXPECT_FALSE(ten.contains(at("::10.1.2.3")));

  const network odd = network::parse("172.16.0.0/12").value();
  EXPECT_TRUE(odd.contains(at("172.31.255.255")));
  EXPECT_FALSE(odd.contains(at("172.32.0.0")));
  EXPECT_FALSE(odd.contains(at("172.15.255.255")));

  const network six = network::parse("fd00:1::/33").value();
  EXPECT_TRUE(six.contains(at("fd00:1:7fff::1")));
  EXPECT_FALSE(six.contains(at("fd00:1:8000::1")));
  EXPECT_FALSE(six.contains(at("10.0.0.1")));
}

TEST(network, of_one_address_and_of_all) {
  const network one = network::parse("127.0.0.1").value();
  EXPECT_TRUE(one.contains(at("127.0.0.1")));
  EXPECT_FALSE(one.contains(at("127.0.0.2")));
  EXPECT_TRUE(network::parse("::1").value().contains(at("::1")));
  const network v4 = network::parse("0.0.0.0/0").value();
  EXPECT_TRUE(v4.contains(at("255.1.2.3")));
  EXPECT_FALSE(v4.contains(at("::1"))) << "all of IPv4";
  const network all = network::parse("::/0").value();
  EXPECT_TRUE(all.contains(at("::1")));
  EXPECT_TRUE(all.contains(at("10.0.0.1")));
  EXPECT_FALSE(network().contains(at("0.0.0.0")));
}

TEST(network, refuses_what_is_none) {
  for (const std::string_view bad :
       {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8", "::/129",
        "10.0.0.1/8", "fd00::1/64", "host", "10.0.0.0/8/8", "/8", "10.0.0.0/99999999999"}) {
    EXPECT_FALSE(network::parse(bad).has_value()) << bad;
  }
}

TEST(network, says_what_is_wrong) {
  EXPECT_EQ(network::parse("users").error(), "must be of addresses such as 10.0.0.0/8 or fd00::1");
  EXPECT_EQ(network::parse("10.0.0.0/33").error(), "must have a prefix length from 0 to 32");
  EXPECT_EQ(network::parse("::/x").error(), "must have a prefix length from 0 to 128");
  EXPECT_EQ(network::parse("127.0.0.1/8").error(),
            "must have no bits beyond the prefix: 127.0.0.0/8 is the network of 127.0.0.1/8");
  EXPECT_EQ(network::parse("fd00::1/64").error(),
            "must have no bits beyond the prefix: fd00::/64 is the network of fd00::1/64");
}

TEST(network, shows_itself_as_it_is_read) {
  for (const std::string_view text : {"10.0.0.0/8", "127.0.0.1/32", "0.0.0.0/0", "fd00:1::/33",
                                      "::1/128", "::/0"}) {
    EXPECT_EQ(network::parse(text).value().text(), text);
  }
}

TEST(network_list, has_the_clients_of_unix_sockets_by_a_word) {
  const address client = address::unix_socket("/somewhere").value();
  for (const std::string text : {"unix", "unix,10.0.0.0/8", " 10.0.0.0/8 , unix "}) {
    const network_list read = network_list::parse(text).value();
    EXPECT_TRUE(read.contains(client)) << text;
    EXPECT_FALSE(read.empty());
    EXPECT_FALSE(read.contains(at("127.0.0.1")));
    EXPECT_EQ(read.text(), text == "unix" ? "unix" : "10.0.0.0/8,unix");
  }
  EXPECT_FALSE(network_list::parse("0.0.0.0/0,::/0").value().contains(client));
}

TEST(network_list, contains_what_one_of_them_does) {
  const auto both = network_list::parse(" 10.0.0.0/8 ,::1").value();
  EXPECT_TRUE(both.contains(at("10.1.1.1")));
  EXPECT_TRUE(both.contains(at("::1")));
  EXPECT_FALSE(both.contains(at("127.0.0.1")));
  EXPECT_EQ(both.text(), "10.0.0.0/8,::1/128");
  for (const std::string_view none : {"", "  "}) {
    EXPECT_TRUE(network_list::parse(none).value().empty());
    EXPECT_FALSE(network_list::parse(none).value().contains(at("127.0.0.1")));
  }
  for (const std::string_view bad : {",", "10.0.0.0/8,", "10.0.0.0/8,,::1", "10.0.0.0/8 ::1"}) {
    EXPECT_FALSE(network_list::parse(bad).has_value()) << bad;
  }
  std::string many = "::1";
  for (std::size_t i = 1; i != network_list::networks_max; ++i) many += ",::1";
  EXPECT_TRUE(network_list::parse(many).has_value());
  EXPECT_FALSE(network_list::parse(many + ",::1").has_value());
}

}  // namespace
}  // namespace ferrule
