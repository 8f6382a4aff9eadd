#include "ferrule/app/settings.hpp"

#include <gtest/gtest.h>

namespace ferrule {
namespace {

using namespace std::chrono_literals;

std::string set(serve_settings& settings, std::string_view name, std::string_view value) {
  for (const option& each : serve_options()) {
    if (each.name == name) return each.set(&settings, value);
  }
  return "no such option";
}

TEST(serve_settings, take_what_is_valid) {
  serve_settings s;
  EXPECT_EQ(set(s, "host", "::1"), "");
  EXPECT_EQ(s.host.ip(), "::1");
  EXPECT_EQ(set(s, "host", "localhost"), "");
  EXPECT_EQ(s.host.ip(), "127.0.0.1");
  EXPECT_EQ(set(s, "port", "65535"), "");
  EXPECT_EQ(s.port, 65535);
  EXPECT_EQ(set(s, "listen", "[::]:8001,unix:/run/shop.sock,systemd:shop,fd:3"), "");
  EXPECT_EQ(s.listen, "[::]:8001,unix:/run/shop.sock,systemd:shop,fd:3");
  EXPECT_EQ(set(s, "socket-mode", "0666"), "");
  EXPECT_EQ(s.socket.file_mode, 0666U);
  EXPECT_EQ(set(s, "threads", "3"), "");
  EXPECT_EQ(s.threads, 3U);
  EXPECT_EQ(set(s, "backend", "epoll"), "");
  EXPECT_EQ(s.backend.kind, io::backend_kind::epoll);
  EXPECT_EQ(set(s, "log-level", "warn"), "");
  EXPECT_EQ(s.least_logged, log_level::warn);
  EXPECT_EQ(set(s, "nodelay", "off"), "");
  EXPECT_FALSE(s.socket.nodelay);
  EXPECT_EQ(set(s, "linger", "-1"), "");
  EXPECT_EQ(set(s, "linger", "0"), "");
  EXPECT_EQ(s.socket.linger_s, 0);
  EXPECT_EQ(set(s, "backlog", "5"), "");
  EXPECT_EQ(s.socket.backlog, 5);
  EXPECT_EQ(set(s, "receive-buffer-bytes", "4096"), "");
  EXPECT_EQ(s.socket.receive_buffer_bytes, 4096U);
  EXPECT_EQ(set(s, "unsent-bytes-max", "65536"), "");
  EXPECT_EQ(s.socket.unsent_bytes_max, 65536U);
}

std::string all_shown(const serve_settings& settings) {
  std::string text;
  for (const option& each : serve_options()) text += each.shown(&settings) + ' ';
  return text;
}

TEST(serve_settings, are_shown_as_they_are_set) {
  EXPECT_EQ(all_shown({}), "127.0.0.1 0 host and port 0660 0 auto info 10s on -1 1024 0 131072 ");
  const std::string_view values[] = {"::1", "8001",  "unix:a,[::]:80", "0600", "3",    "epoll",
                                     "off", "500ms", "off",            "7",    "5",    "4096",
                                     "8192"};
  serve_settings s;
  std::string expected;
  for (std::size_t i = 0; i != std::size(values); ++i) {
    EXPECT_EQ(serve_options()[i].set(&s, values[i]), "");
    expected += std::string(values[i]) + ' ';
  }
  EXPECT_EQ(all_shown(s), expected);
}

TEST(serve_settings, read_durations_with_their_unit) {
  serve_settings s;
  EXPECT_EQ(s.drain, 10s);
  EXPECT_EQ(set(s, "drain", "500ms"), "");
  EXPECT_EQ(s.drain, 500ms);
  EXPECT_EQ(set(s, "drain", "2m"), "");
  EXPECT_EQ(s.drain, 2min);
  EXPECT_EQ(set(s, "drain", "3s"), "");
  EXPECT_EQ(s.drain, 3s);
  EXPECT_EQ(set(s, "drain", "7"), "");
  EXPECT_EQ(s.drain, 7s);
}

TEST(serve_settings, say_what_is_wrong) {
  serve_settings s;
  EXPECT_EQ(set(s, "host", "example.com"), "must be an IP address");
  EXPECT_EQ(set(s, "port", "65536"), "must be a port from 0 to 65535");
  EXPECT_EQ(set(s, "port", "-1"), "must be a port from 0 to 65535");
  EXPECT_EQ(set(s, "port", ""), "must be a port from 0 to 65535");
  EXPECT_EQ(set(s, "port", "80x"), "must be a port from 0 to 65535");
  EXPECT_EQ(set(s, "threads", "1025"), "must be a number from 0 to 1024");
  EXPECT_EQ(set(s, "backend", "kqueue"), "must be auto, uring or epoll");
  EXPECT_EQ(set(s, "log-level", "loud"), "must be debug, info, warn, error or off");
  EXPECT_NE(set(s, "drain", "10h"), "");
  EXPECT_NE(set(s, "drain", "s"), "");
  EXPECT_NE(set(s, "drain", "9999999s"), "");
  EXPECT_EQ(set(s, "nodelay", "yes"), "must be on or off");
  EXPECT_NE(set(s, "linger", "-2"), "");
  EXPECT_NE(set(s, "backlog", "0"), "");
  EXPECT_NE(set(s, "receive-buffer-bytes", "1073741825"), "");
}

}  // namespace
}  // namespace ferrule
