#include "ferrule/app/listener.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

TEST(listen_place, reads_what_is_shown) {
  for (const std::string text : {"127.0.0.1:8001", "[::1]:0", "[::]:65535", "unix:/run/a.sock",
                                 "unix:a", "systemd", "systemd:admin", "fd:3"}) {
    const auto read = listen_place::parse(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->text(), text);
  }
  EXPECT_EQ(listen_place::parse("localhost:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(listen_place::parse("unix:" + std::string(107, 'a'))->at.path().size(), 107U);
}

TEST(listen_place, says_what_it_must_be) {
  for (const std::string text :
       {"", "8001", ":8001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
        "[::1]", "shop:80", "systemd:", "systemdx", "fd:", "fd:2", "fd:x", " 127.0.0.1:80"}) {
    const auto read = listen_place::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error(), "must be IP:PORT, unix:PATH, systemd[:NAME] or fd:N") << text;
  }
  for (const std::string& path : {std::string(), std::string(108, 'a'), std::string("a\0b", 3)}) {
    const auto read = listen_place::parse("unix:" + path);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), "must have a path of 1 to 107 bytes after unix:");
  }
}

TEST(listen_place, reads_lists) {
  const auto read = listen_place::parse_list("127.0.0.1:1,unix:b");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(1).at.path(), "b");
  for (const std::string text : {"", ",", "127.0.0.1:1,", ",unix:b", "unix:b,,unix:c"}) {
    EXPECT_FALSE(listen_place::parse_list(text)) << text;
  }
}

TEST(further_listeners, have_options_of_their_own) {
  further_listeners all(
      {{.name = "admin", .places = "unix:a"}, {.name = "other", .places = "none"}});
  EXPECT_EQ(all.error(), "");
  ASSERT_EQ(all.options().size(), 2U);
  const option_group& admin = all.options()[0];
  ASSERT_EQ(admin.options.size(), 2U);
  EXPECT_EQ(admin.options[0].name, "admin-listen");
  EXPECT_EQ(admin.options[0].shown(admin.target), "unix:a");
  EXPECT_EQ(admin.options[0].set(admin.target, "127.0.0.1:1,127.0.0.1:2"), "");
  EXPECT_EQ(all.all()[0].places, "127.0.0.1:1,127.0.0.1:2");
  EXPECT_EQ(admin.options[0].set(admin.target, "none"), "");
  EXPECT_NE(admin.options[0].set(admin.target, "nowhere"), "");
  EXPECT_EQ(all.all()[0].places, "none") << "what is wrong changes nothing";
  EXPECT_EQ(admin.options[1].name, "admin-connections-max");
  EXPECT_EQ(admin.options[1].set(admin.target, "7"), "");
  EXPECT_EQ(all.all()[0].own.connections_max, 7U);
  EXPECT_NE(admin.options[1].set(admin.target, "-7"), "");
}

TEST(further_listeners, have_names_that_options_can_have) {
  for (const std::string name : {"", "Admin", "a b", "a_b"}) {
    EXPECT_NE(further_listeners({{.name = name, .places = "none"}}).error(), "") << name;
  }
  const listener_settings twice{.name = "admin", .places = "none"};
  EXPECT_NE(further_listeners({twice, twice}).error(), "");
}

}  // namespace
}  // namespace ferrule
