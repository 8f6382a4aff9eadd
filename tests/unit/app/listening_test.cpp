#include "app/listening.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace ferrule {
namespace {

/// What the plan of a service with an admin listener has: its error, or its sockets.
std::string planned(const serve_settings& settings, const std::string& admin_places) {
  const listener_settings admin{.name = "admin", .places = admin_places};
  listening_plan plan(settings, {&admin, 1}, 2);
  if (!plan.error().empty()) return plan.error();
  std::string text;
  for (const served_socket& each : plan.sockets()) {
    const bool is_inherited = each.descriptor >= 0;
    text += each.table.settings.name + "@" +
            (is_inherited ? "fd" + std::to_string(each.descriptor) : each.at.text()) +
            (each.is_each_reactors() ? "" : "!") + " ";
  }
  return text;
}

/// What whoever starts a process sets for it.
class passed_sockets {
 public:
  passed_sockets(int count, const char* names, int process = ::getpid()) {
    ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", names, 1);
    ::setenv("LISTEN_PID", std::to_string(process).c_str(), 1);
  }
  passed_sockets(const passed_sockets&) = delete;
  ~passed_sockets() {
    for (const char* name : {"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"}) ::unsetenv(name);
  }
};

class own_descriptor {
 public:
  explicit own_descriptor(int type, bool listens) : fd_(::socket(AF_INET, type, 0)) {
    if (listens) EXPECT_EQ(::listen(fd_, 1), 0);
  }
  own_descriptor(const own_descriptor&) = delete;
  ~own_descriptor() { ::close(fd_); }
  std::string place() const { return "fd:" + std::to_string(fd_); }
  std::string shown() const { return "fd" + std::to_string(fd_); }

 private:
  int fd_;
};

/// A listening socket in the place of whatever has this descriptor.
class socket_at {
 public:
  explicit socket_at(int fd) : fd_(fd), other_(::dup(fd)) {
    const int made = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::listen(made, 1), 0);
    if (made == fd) return;
    EXPECT_EQ(::dup2(made, fd), fd);
    ::close(made);
  }
  socket_at(const socket_at&) = delete;
  ~socket_at() {
    if (other_ < 0) {
      ::close(fd_);
    } else {
      ::dup2(other_, fd_);
      ::close(other_);
    }
  }

 private:
  int fd_;
  int other_;
};

TEST(listening_plan, has_the_service_first) {
  serve_settings settings{.port = 80};
  EXPECT_EQ(planned(settings, "127.0.0.1:9001"), "@127.0.0.1:80 admin@127.0.0.1:9001 ");
  EXPECT_EQ(planned(settings, "none"), "@127.0.0.1:80 ");
  settings.listen = "unix:a,[::]:81";
  EXPECT_EQ(planned(settings, "unix:b"), "@unix:a! @[::]:81 admin@unix:b! ");
}

TEST(listening_plan, says_what_is_wrong) {
  EXPECT_EQ(planned({}, "nowhere"),
            "listener admin: its places must be IP:PORT, unix:PATH, systemd[:NAME] or fd:N");
  EXPECT_EQ(planned({.listen = "nowhere"}, "none"),
            "its places must be IP:PORT, unix:PATH, systemd[:NAME] or fd:N");
}

TEST(listening_plan, takes_descriptors_that_listen_once) {
  const own_descriptor good(SOCK_STREAM, true);
  const own_descriptor deaf(SOCK_STREAM, false);
  const own_descriptor datagrams(SOCK_DGRAM, false);
  EXPECT_EQ(planned({.listen = good.place()}, "none"), "@" + good.shown() + "! ");
  EXPECT_TRUE(planned({.listen = good.place()}, good.place()).ends_with("to two listeners"));
  for (const std::string& place : {deaf.place(), datagrams.place()}) {
    EXPECT_TRUE(planned({.listen = place}, "none").ends_with("is no listening TCP or Unix socket"));
  }
  EXPECT_EQ(planned({.listen = "fd:999999"}, "none"),
            "cannot listen on fd:999999: descriptor 999999: Bad file descriptor");
}

TEST(listening_plan, takes_from_systemd_only_what_was_passed_to_this_process) {
  const std::string nothing =
      "listener admin: cannot listen on systemd:admin: no sockets were passed to this process "
      "(LISTEN_PID, LISTEN_FDS)";
  EXPECT_EQ(planned({}, "systemd:admin"), nothing);
  {
    const passed_sockets others(1, "admin", ::getppid());
    EXPECT_EQ(planned({}, "systemd:admin"), nothing);
  }
  const passed_sockets passed(1, "shop");
  EXPECT_EQ(planned({}, "systemd:admin"),
            "listener admin: cannot listen on systemd:admin: no socket that was passed has the "
            "name admin");
}

// Whichever of them comes first: what a place asks for by name is never among the rest.
TEST(listening_plan, gives_the_rest_to_whoever_names_nothing) {
  const socket_at three(3);
  const socket_at four(4);
  const passed_sockets passed(2, "admin:shop");
  EXPECT_EQ(planned({.listen = "systemd"}, "systemd:admin"), "@fd4! admin@fd3! ");
  EXPECT_EQ(planned({.listen = "systemd:shop"}, "systemd"), "@fd4! admin@fd3! ");
  EXPECT_EQ(planned({.listen = "systemd,systemd:shop"}, "none"), "@fd3! @fd4! ");
  EXPECT_EQ(planned({.listen = "systemd"}, "fd:4"), "@fd3! admin@fd4! ");
  EXPECT_EQ(planned({.listen = "systemd"}, "systemd"),
            "listener admin: cannot listen on systemd: all sockets that were passed go to other "
            "places");
}

TEST(listening_plan, keeps_connections_for_single_listeners) {
  const serve_settings settings{.limits = {.connections_max = 100}};
  const listener_settings more[] = {
      {.name = "admin", .places = "unix:a", .own = {.connections_max = 10}},
      {.name = "inner",
       .places = "unix:b",
       .own = {.limits = http::server_limits{.body_bytes_max = 7, .connections_max = 5}}}};
  listening_plan plan(settings, more, 1);
  ASSERT_EQ(plan.error(), "");
  const auto first = plan.sockets().begin();
  const auto admin = std::next(first);
  const auto inner = std::next(admin);
  EXPECT_EQ(first->table.limits.connections_max, 90U);
  EXPECT_EQ(&first->connections, &plan.process());
  EXPECT_EQ(admin->table.limits.connections_max, 10U);
  EXPECT_NE(&admin->connections, &plan.process());
  EXPECT_EQ(inner->table.limits.connections_max, 90U);
  EXPECT_EQ(inner->table.limits.body_bytes_max, 7U);
  EXPECT_EQ(&inner->connections, &plan.process());
  EXPECT_EQ(listening_plan({.limits = {.connections_max = 10}}, more, 1).error(),
            "--connections-max must be more than all that is kept for single listeners");
}

TEST(listening_plan, keeps_nothing_for_whoever_listens_nowhere) {
  const listener_settings admin{.name = "admin", .places = "none", .own = {.connections_max = 10}};
  listening_plan plan({.limits = {.connections_max = 10}}, {&admin, 1}, 1);
  ASSERT_EQ(plan.error(), "");
  EXPECT_EQ(plan.sockets().front().table.limits.connections_max, 10U);
}

}  // namespace
}  // namespace ferrule
