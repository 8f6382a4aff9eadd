#include <errno.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "denied_calls.hpp"
#include "ferrule/io/backend.hpp"

namespace {

using ferrule::io::backend_kind;
using ferrule::io::made_backend;
using ferrule::io::make_backend;
using ferrule::io::suite::deny;
using ferrule::io::suite::exit_code_of;

TEST(make_backend, falls_back_to_epoll_where_io_uring_is_denied_and_says_why) {
  EXPECT_EQ(exit_code_of([] {
              if (!deny(SYS_io_uring_setup, EPERM)) return 1;
              const made_backend made = make_backend({});
              if (made.io == nullptr) return 2;
              if (made.io->name() != "epoll") return 3;
              if (made.why != "io_uring: Operation not permitted") return 4;
              if (made.io->listen(ferrule::address::loopback_v4(0), {}) < 0) return 5;
              return 0;
            }),
            0);
}

TEST(make_backend, says_that_a_kernel_does_not_know_io_uring) {
  EXPECT_EQ(exit_code_of([] {
              if (!deny(SYS_io_uring_setup, ENOSYS)) return 1;
              const made_backend made = make_backend({});
              return made.why == "io_uring: Function not implemented" ? 0 : 2;
            }),
            0);
}

TEST(make_backend, has_none_when_io_uring_is_wanted_but_denied) {
  EXPECT_EQ(exit_code_of([] {
              if (!deny(SYS_io_uring_setup, EPERM)) return 1;
              const made_backend made = make_backend({.kind = backend_kind::uring});
              if (made.io != nullptr) return 2;
              return made.why == "io_uring: Operation not permitted" ? 0 : 3;
            }),
            0);
}

TEST(make_backend, has_none_without_descriptors_and_says_so) {
  EXPECT_EQ(exit_code_of([] {
              // UBSan needs descriptors to look at an object of a type that it has not seen yet.
              for (const auto kind : {backend_kind::uring, backend_kind::epoll}) {
                (void)make_backend({.kind = kind});
              }
              const rlimit none{.rlim_cur = 0, .rlim_max = 0};
              if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
              const made_backend made = make_backend({});
              if (made.io != nullptr) return 2;
              return made.why.starts_with("io_uring: ") &&
                             made.why.ends_with("; epoll: Too many open files")
                         ? 0
                         : 3;
            }),
            0);
}

TEST(make_backend, makes_the_kind_that_is_wanted) {
  const made_backend epoll = make_backend({.kind = backend_kind::epoll});
  ASSERT_NE(epoll.io, nullptr);
  EXPECT_EQ(epoll.io->name(), "epoll");
  EXPECT_EQ(epoll.why, "");
  const made_backend uring = make_backend({.kind = backend_kind::uring});
  if (uring.io == nullptr) GTEST_SKIP() << uring.why;
  EXPECT_EQ(uring.io->name(), "io_uring");
  EXPECT_EQ(uring.why, "");
  EXPECT_EQ(make_backend({}).io->name(), "io_uring");
}

TEST(make_backend, rounds_odd_sizes_to_what_the_kernel_takes) {
  const auto make = [](std::uint32_t entries, std::uint32_t buffers, std::uint32_t bytes) {
    return make_backend({.kind = backend_kind::uring,
                         .queue_entries = entries,
                         .receive_buffers = buffers,
                         .receive_buffer_bytes = bytes});
  };
  if (make(64, 64, 64).io == nullptr) GTEST_SKIP() << "no io_uring here";
  EXPECT_NE(make(0, 0, 0).io, nullptr);
  EXPECT_NE(make(3, 3, 1000).io, nullptr);
  EXPECT_NE(make(1'000'000, 100, 4096).io, nullptr);
}

}  // namespace
