#include "ferrule/io/address.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace ferrule {
namespace {

TEST(address, of_a_unix_socket_is_its_path) {
  const address at = *address::unix_socket("/run/shop.sock");
  EXPECT_TRUE(at.is_unix());
  EXPECT_EQ(at.path(), "/run/shop.sock");
  EXPECT_EQ(at.text(), "unix:/run/shop.sock");
  EXPECT_EQ(at.ip(), "unix");
  EXPECT_EQ(at.port(), 0);
  EXPECT_EQ(at.data()->sa_family, AF_UNIX);
  EXPECT_EQ(at.size(), offsetof(sockaddr_un, sun_path) + sizeof "/run/shop.sock");
  address same = *address::unix_socket("/run/shop.sock");
  same.set_port(80);
  EXPECT_EQ(same, at);
  EXPECT_FALSE(*address::unix_socket("/run/shop.sock2") == at);
  EXPECT_FALSE(at == address());
}

TEST(address, of_a_unix_socket_has_a_path_that_fits) {
  EXPECT_FALSE(address::unix_socket(""));
  EXPECT_FALSE(address::unix_socket(std::string_view("a\0b", 3)));
  EXPECT_FALSE(address::unix_socket(std::string(108, 'a')));
  const std::string longest(107, 'a');
  EXPECT_EQ(address::unix_socket(longest)->path(), longest);
}

TEST(address, of_a_client_of_a_unix_socket_has_no_path) {
  const address place = *address::unix_socket("/somewhere");
  const address client = *address::from_sockaddr(place.data(), place.size());
  EXPECT_TRUE(client.is_unix());
  EXPECT_EQ(client.path(), "");
  EXPECT_EQ(client.text(), "unix:");
  EXPECT_EQ(client.size(), offsetof(sockaddr_un, sun_path));
  EXPECT_EQ(client.data()->sa_family, AF_UNIX);
}

TEST(address, stays_small) { EXPECT_LE(sizeof(address), 32U); }

}  // namespace
}  // namespace ferrule
