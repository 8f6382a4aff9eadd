// The epoll backend where the kernel gives less than usual: denied calls, no descriptors left.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "denied_calls.hpp"
#include "io/epoll/epoll_backend.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::io {
namespace {

using namespace std::chrono_literals;

using suite::deny;
using suite::exit_code_of;

int sleep_without_pwait2(int error) {
  if (!deny(SYS_epoll_pwait2, error)) return 2;
  const auto io = make_epoll_backend({});
  for (int i = 0; i < 2; ++i) {
    const mono_time until = io->now() + 1500us;
    if (io->wait(until) != 0 || io->now() < until) return 3;
  }
  return 0;
}

TEST(epoll_backend_limits_test, SleepsInMillisecondsWhereTheFinerCallIsDenied) {
  EXPECT_EQ(exit_code_of([] { return sleep_without_pwait2(ENOSYS); }), 0);
  EXPECT_EQ(exit_code_of([] { return sleep_without_pwait2(EPERM); }), 0);
}

int make_without_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 64;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
  // UBSan needs descriptors to look at an object of a type that it has not seen yet.
  if (make_epoll_backend({}) == nullptr) return 5;
  int last = -1;
  for (int fd = 0; fd >= 0; fd = ::dup(0)) last = fd;
  for (int i = 0; i < 2; ++i) {
    if (make_epoll_backend({}) != nullptr) return 3;  // no descriptor, then but one
    ::close(last--);
  }
  return make_epoll_backend({}) != nullptr ? 0 : 4;
}

TEST(epoll_backend_limits_test, IsNotMadeWithoutDescriptors) {
  EXPECT_EQ(exit_code_of(make_without_descriptors), 0);
}

int accept_without_descriptors() {
  const auto io = make_epoll_backend({});
  const auto listener = static_cast<handle>(io->listen(address::loopback_v4(0), {}));
  address at;
  if (io->local(listener, at) != 0) return 2;
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(client, at.data(), at.size()) != 0) return 3;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 64;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 4;
  int last = -1;
  for (int fd = 0; fd >= 0; fd = ::dup(0)) last = fd;
  suite::acceptor accepting;
  io->accept_start(accepting, listener);
  while (!accepting.ended) io->wait(no_deadline);
  if (accepting.result != -EMFILE) return 5;
  // The connection still waits, though no new event says so.
  ::close(last);
  suite::acceptor again;
  io->accept_start(again, listener);
  while (again.accepted.empty()) io->wait(no_deadline);
  return static_cast<int>(again.accepted[0]) == last ? 0 : 6;
}

TEST(epoll_backend_limits_test, AcceptEndsWithoutDescriptorsAndCanBeStartedAgain) {
  EXPECT_EQ(exit_code_of(accept_without_descriptors), 0);
}

}  // namespace
}  // namespace ferrule::io
