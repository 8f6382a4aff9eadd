#include "ferrule/client/origin.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

TEST(origin, knows_host_port_and_scheme) {
  const auto plain = origin::parse("http://Users.Example:8001/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host(), "users.example");
  EXPECT_EQ(plain->port(), 8001);
  EXPECT_FALSE(plain->is_tls());
  EXPECT_EQ(plain->authority(), "users.example:8001");
  EXPECT_EQ(plain->text(), "http://users.example:8001");

  const auto secure = origin::parse("HTTPS://users");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->is_tls());
  EXPECT_EQ(secure->port(), 443);
  EXPECT_EQ(secure->text(), "https://users");
}

TEST(origin, leaves_out_the_scheme_s_own_port) {
  for (const char* url : {"http://a", "http://a:", "http://a:80", "http://a:080/"}) {
    const auto parsed = origin::parse(url);
    ASSERT_TRUE(parsed) << url;
    EXPECT_EQ(parsed->authority(), "a") << url;
    EXPECT_EQ(parsed->port(), 80) << url;
  }
}

TEST(origin, takes_addresses) {
  const auto v6 = origin::parse("http://[2001:DB8::1]:8080");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host(), "2001:db8::1");
  EXPECT_EQ(v6->authority(), "[2001:db8::1]:8080");
  const auto bare = origin::parse("http://[::1]");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->host(), "::1");
  EXPECT_EQ(bare->port(), 80);
  const auto v4 = origin::parse("http://127.0.0.1:1");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host(), "127.0.0.1");
  EXPECT_EQ(v4->port(), 1);
}

TEST(origin, refuses_what_is_not_an_origin) {
  for (const char* url :
       {"", "http://", "http:///", "users:8001", "ftp://users", "http:/users", "http//users",
        "http://users/path", "http://users?query", "http://users#fragment", "http://me@users",
        "http://users:65536", "http://users:0", "http://users:x", "http://[::1", "http://::1",
        "http://us ers", "http://:80", "http://users//"}) {
    EXPECT_FALSE(origin::parse(url)) << url;
  }
}

TEST(origin, is_equal_when_it_is_the_same_place) {
  EXPECT_EQ(origin::parse("http://A:80"), origin::parse("http://a/"));
  EXPECT_NE(origin::parse("http://a"), origin::parse("https://a"));
  EXPECT_NE(origin::parse("http://a"), origin::parse("http://a:81"));
}

}  // namespace
}  // namespace ferrule
