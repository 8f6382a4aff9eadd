#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>

#include "ferrule/app/settings.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

const option& named(std::string_view name) {
  for (const option& each : limit_options()) {
    if (each.name == name) return each;
  }
  throw std::invalid_argument(std::string(name));
}
std::string set_option(serve_settings& settings, std::string_view name, std::string_view value) {
  return named(name).set(&settings, value);
}

TEST(limit_options, are_shown_as_they_are_set) {
  const std::map<std::string_view, std::string_view> others{{"request-line-bytes-max", "100"},
                                                            {"header-bytes-max", "200"},
                                                            {"header-count-max", "7"},
                                                            {"body-bytes-max", "1000000000"},
                                                            {"held-bytes-max", "70000"},
                                                            {"chunk-extension-bytes-max", "0"},
                                                            {"trailer-bytes-max", "1"},
                                                            {"pipelined-max", "2"},
                                                            {"connections-max", "3"},
                                                            {"connections-per-address-max", "4"},
                                                            {"requests-per-connection-max", "5"},
                                                            {"header-timeout", "1s"},
                                                            {"body-timeout", "2s"},
                                                            {"body-bytes-per-second-min", "0"},
                                                            {"idle-timeout", "500ms"},
                                                            {"drain-idle-timeout", "3s"},
                                                            {"handler-timeout", "0s"},
                                                            {"write-timeout", "4s"},
                                                            {"stream-idle-timeout", "7s"},
                                                            {"trusted-peers", "10.0.0.0/8"}};
  EXPECT_EQ(others.size(), limit_options().size());
  serve_settings s;
  for (const auto& [name, value] : others) {
    EXPECT_NE(named(name).shown(&s), value) << name << " has another default";
    EXPECT_EQ(set_option(s, name, value), "") << name;
  }
  for (const auto& [name, value] : others) EXPECT_EQ(named(name).shown(&s), value) << name;
}

TEST(limit_options, set_what_they_say) {
  serve_settings s;
  set_option(s, "header-bytes-max", "100");
  set_option(s, "body-bytes-max", "1099511627776");
  set_option(s, "handler-timeout", "2m");
  EXPECT_EQ(s.limits.head.header_bytes_max, 100U);
  EXPECT_EQ(s.limits.body_bytes_max, std::uint64_t{1} << 40U);
  EXPECT_EQ(s.limits.handler_timeout, 2min);
}

TEST(limit_options, refuse_what_is_not_valid) {
  serve_settings s;
  EXPECT_EQ(set_option(s, "header-count-max", "0"), "must be a number from 1 to 65535");
  EXPECT_EQ(set_option(s, "header-count-max", "65536"), "must be a number from 1 to 65535");
  EXPECT_EQ(set_option(s, "pipelined-max", "-1"), "must be a number from 1 to 4294967295");
  EXPECT_EQ(set_option(s, "body-bytes-max", "1MB"), "must be a number from 0 to 1099511627776");
  EXPECT_EQ(set_option(s, "idle-timeout", "soon"),
            "must be a duration from 1ms to 1000000m, such as 10s, 500ms or 2m");
  EXPECT_EQ(set_option(s, "handler-timeout", "1000001s"),
            "must be a duration from 0ms to 1000000m, such as 10s, 500ms or 2m");
  EXPECT_EQ(set_option(s, "trusted-peers", "users.example"),
            "must be of addresses such as 10.0.0.0/8 or fd00::1");
  EXPECT_EQ(set_option(s, "trusted-peers", "10.0.0.0/8,127.0.0.1/8"),
            "must have no bits beyond the prefix: 127.0.0.0/8 is the network of 127.0.0.1/8");
}

// With 0 for any of these nobody would be served.
TEST(limit_options, take_0_only_where_it_means_something) {
  const std::set<std::string_view> with_0{
      "body-bytes-max",     "chunk-extension-bytes-max",   "trailer-bytes-max",
      "handler-timeout",    "connections-per-address-max", "requests-per-connection-max",
      "drain-idle-timeout", "body-bytes-per-second-min",   "stream-idle-timeout"};
  for (const option& each : limit_options()) {
    if (each.name == "trusted-peers") continue;
    serve_settings s;
    const std::string before = each.shown(&s);
    EXPECT_EQ(each.set(&s, "0").empty(), with_0.contains(each.name)) << each.name;
    for (const std::string_view wrong : {"-1", "-1s", "", " 1", "1e3", "99999999999999999999"}) {
      serve_settings untouched;
      EXPECT_NE(each.set(&untouched, wrong), "") << each.name << ' ' << wrong;
      EXPECT_EQ(each.shown(&untouched), before) << each.name << ' ' << wrong;
    }
  }
}

}  // namespace
}  // namespace ferrule
