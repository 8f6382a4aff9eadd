// What only the epoll backend has: its rules, and the traps of epoll(7).

#include "io/epoll/epoll_backend.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::io {
namespace {

using namespace std::chrono_literals;

/// Remembers how an operation went.
struct recorder : operation {
  recorder()
      : operation([](operation& self, const completion& how) noexcept {
          auto& me = static_cast<recorder&>(self);
          me.results.push_back(how.result);
          me.ended = !how.more;
          me.bytes.append(reinterpret_cast<const char*>(how.bytes.data()), how.bytes.size());
        }) {}
  std::vector<std::int32_t> results;
  std::string bytes;
  bool ended = false;
};

class epoll_backend_test : public testing::Test {
 protected:
  epoll_backend_test() : io_(make_epoll_backend({})) {}

  template <class Done>
  void run_until(Done done) {
    const mono_time end = io_->now() + 30s;
    while (!done()) {
      ASSERT_LT(io_->now(), end) << "took too long";
      io_->wait(end);
    }
  }
  void run_until_ended(const recorder& op) {
    run_until([&] { return op.ended; });
  }
  handle adopt(int fd) { return static_cast<handle>(io_->adopt(fd)); }
  void close(handle any) {
    recorder op;
    io_->close(op, any);
    run_until_ended(op);
    EXPECT_EQ(op.results, std::vector<std::int32_t>{0});
  }
  /// Two connected sockets: a handle of the backend, and a blocking descriptor of the test.
  std::pair<handle, int> connected(int type = SOCK_STREAM) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {adopt(ends[0]), ends[1]};
  }

  std::unique_ptr<backend> io_;
};

void write_all(int fd, std::string_view text) {
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST_F(epoll_backend_test, OneOperationAtATimeWaitsToRead) {
  const auto [socket, other] = connected();
  recorder first;
  recorder second;
  io_->recv_start(first, socket);
  io_->recv_start(second, socket);
  run_until_ended(second);
  EXPECT_EQ(second.results, std::vector{-EBUSY});
  EXPECT_TRUE(first.results.empty());
  write_all(other, "still here");
  ::close(other);
  run_until_ended(first);
  EXPECT_EQ(first.bytes, "still here");
  close(socket);
}

TEST_F(epoll_backend_test, OneOperationAtATimeWaitsToWrite) {
  const auto [socket, other] = connected();
  const std::string large(4'000'000, 'x');
  const iovec part{const_cast<char*>(large.data()), large.size()};
  recorder first;
  recorder second;
  io_->send(first, socket, {&part, 1});
  io_->send(second, socket, {&part, 1});
  run_until_ended(second);
  EXPECT_EQ(second.results, std::vector{-EBUSY});
  EXPECT_TRUE(first.results.empty());
  ::close(other);
  run_until_ended(first);
  EXPECT_EQ(first.results, std::vector{-EPIPE});
  close(socket);
}

TEST_F(epoll_backend_test, TheReceiveBufferIsAsLargeAsTheSharedBuffersTogether) {
  io_ = make_epoll_backend({.receive_buffers = 2, .receive_buffer_bytes = 4});
  const auto [socket, other] = connected();
  write_all(other, "twelve bytes");
  recorder op;
  io_->recv_start(op, socket);
  run_until([&] { return op.bytes.size() >= 12; });
  EXPECT_EQ(op.results, (std::vector{8, 4}));
  EXPECT_EQ(op.bytes, "twelve bytes");
  close(socket);
  ::close(other);
}

TEST_F(epoll_backend_test, ASenderWithoutPauseDoesNotKeepOthersWaiting) {
  io_ = make_epoll_backend({.receive_buffers = 1, .receive_buffer_bytes = 1});
  const auto [busy, busy_other] = connected();
  const auto [quiet, quiet_other] = connected();
  write_all(busy_other, std::string(10'000, 'b'));
  write_all(quiet_other, "q");
  recorder all;
  recorder one;
  io_->recv_start(all, busy);
  io_->recv_start(one, quiet);
  run_until([&] { return !one.bytes.empty(); });
  EXPECT_LT(all.bytes.size(), 100U);
  while (all.bytes.size() < 10'000) io_->wait(mono_time::min());  // and none of it needs an event
  close(busy);
  close(quiet);
  ::close(busy_other);
  ::close(quiet_other);
}

/// The end of a stream is announced once, perhaps with its last bytes: a receive that takes less
/// than it asked for must go on to find it.
TEST_F(epoll_backend_test, FindsTheEndThatWasAnnouncedWithTheLastBytes) {
  const auto [socket, other] = connected();
  write_all(other, "bye");
  ::close(other);
  recorder op;
  io_->recv_start(op, socket);
  run_until_ended(op);
  EXPECT_EQ(op.bytes, "bye");
  EXPECT_EQ(op.results, (std::vector{3, 0}));
  close(socket);
}

/// When it ends, it cancels another poll, whose event is in the same batch, and starts two more,
/// whose descriptors get the numbers that became free.
struct replacing_poll : recorder {
  replacing_poll() {
    done = [](operation& self, const completion& how) noexcept {
      auto& me = static_cast<replacing_poll&>(self);
      me.results.push_back(how.result);
      me.ended = true;
      me.io->cancel(*me.victim);
      for (recorder& each : me.successors) me.io->poll(each, me.silent_fd, POLLIN);
    };
  }
  backend* io = nullptr;
  operation* victim = nullptr;
  std::array<recorder, 2> successors;
  int silent_fd = -1;
};

TEST_F(epoll_backend_test, AnEventIsNotForALaterOwnerOfTheDescriptor) {
  std::array<int, 2> ready{};
  std::array<int, 2> silent{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready.data()), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, silent.data()), 0);
  write_all(ready[1], "x");
  replacing_poll first;
  recorder second;
  first.io = io_.get();
  first.victim = &second;
  first.silent_fd = silent[0];
  io_->poll(first, ready[0], POLLIN);
  io_->poll(second, ready[0], POLLIN);
  run_until_ended(first);
  run_until_ended(second);
  EXPECT_EQ(second.results, std::vector{-ECANCELED});
  for (const recorder& each : first.successors) EXPECT_TRUE(each.results.empty());
  write_all(silent[1], "x");
  for (const recorder& each : first.successors) {
    run_until_ended(each);
    EXPECT_EQ(each.results, std::vector<std::int32_t>{POLLIN});
  }
  for (const int fd : {ready[0], ready[1], silent[0], silent[1]}) ::close(fd);
}

/// Adopted descriptors may be held by another process, and a closed one then still makes events.
TEST_F(epoll_backend_test, ASharedDescriptorIsSilentAfterItsClose) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const int held_elsewhere = ::dup(ends[0]);
  const handle socket = adopt(ends[0]);
  recorder op;
  io_->recv_start(op, socket);
  close(socket);
  write_all(ends[1], "for whoever else holds it");
  const mono_time until = io_->now() + 20ms;
  EXPECT_EQ(io_->wait(until), 0U);
  EXPECT_GE(io_->now(), until) << "the sleep was not disturbed";
  ::close(held_elsewhere);
  ::close(ends[1]);
}

TEST_F(epoll_backend_test, PollsOneDescriptorTwiceAndItsOwnToo) {
  const auto [socket, other] = connected();
  recorder readable;
  recorder writable;
  recorder own;
  io_->poll(readable, other, POLLIN);
  io_->poll(writable, other, POLLOUT);
  io_->poll(own, static_cast<int>(socket), POLLIN);
  run_until_ended(writable);
  EXPECT_EQ(writable.results, std::vector<std::int32_t>{POLLOUT});
  EXPECT_TRUE(readable.results.empty());
  write_all(other, "x");
  run_until_ended(own);
  EXPECT_EQ(own.results, std::vector<std::int32_t>{POLLIN});
  io_->cancel(readable);
  run_until_ended(readable);
  EXPECT_EQ(readable.results, std::vector{-ECANCELED});
  close(socket);
  ::close(other);
}

TEST_F(epoll_backend_test, APolledRegularFileIsReady) {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  recorder op;
  io_->poll(op, file, POLLIN);
  EXPECT_TRUE(op.results.empty());
  run_until_ended(op);
  EXPECT_EQ(op.results, std::vector<std::int32_t>{POLLIN});
  ::close(file);
}

TEST_F(epoll_backend_test, PollOfABadDescriptorSaysSo) {
  recorder op;
  io_->poll(op, -1, POLLIN);
  run_until_ended(op);
  EXPECT_EQ(op.results, std::vector{-EBADF});
}

TEST_F(epoll_backend_test, ARegularFileCanBeReceivedFrom) {
  const handle file = adopt(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::array<std::byte, 4> magic{};
  recorder op;
  io_->recv(op, file, magic);
  run_until_ended(op);
  EXPECT_EQ(op.results, std::vector{4});
  EXPECT_EQ(magic[1], std::byte{'E'});
  close(file);
}

TEST_F(epoll_backend_test, BytesGoThroughAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const handle reader = adopt(ends[0]);
  const handle writer = adopt(ends[1]);
  std::array<std::byte, 16> into{};
  recorder received;
  io_->recv(received, reader, into);
  recorder sent;
  const iovec part{const_cast<char*>("through"), 7};
  io_->send(sent, writer, {&part, 1});
  run_until_ended(received);
  EXPECT_EQ(sent.results, std::vector{7});
  EXPECT_EQ(received.results, std::vector{7});
  close(writer);
  io_->recv(received, reader, into);
  received.ended = false;
  run_until_ended(received);
  EXPECT_EQ(received.results, (std::vector{7, 0}));
  close(reader);
}

struct blocked_job : recorder {
  std::binary_semaphore started{0};
  std::binary_semaphore go_on{0};
  static void run(operation& op) noexcept {
    auto& self = static_cast<blocked_job&>(op);
    self.started.release();
    self.go_on.acquire();
  }
};

/// Keeps every worker busy, so that what is submitted then does not start.
class busy_workers {
 public:
  explicit busy_workers(backend& io) : io_(io) {
    for (blocked_job& job : jobs_) io_.offload(job, blocked_job::run);
    for (blocked_job& job : jobs_) job.started.acquire();
  }
  void release() {
    for (blocked_job& job : jobs_) job.go_on.release();
    for (blocked_job& job : jobs_) {
      while (!job.ended) io_.wait(no_deadline);
      EXPECT_EQ(job.results, std::vector{0});
    }
  }

 private:
  backend& io_;
  std::array<blocked_job, 4> jobs_;
};

TEST_F(epoll_backend_test, CancelsBlockingWorkOnlyBeforeItStarts) {
  busy_workers workers(*io_);
  recorder waiting;
  io_->offload(waiting, [](operation&) noexcept { ADD_FAILURE(); });
  io_->cancel(waiting);
  EXPECT_TRUE(waiting.results.empty());
  run_until_ended(waiting);
  EXPECT_EQ(waiting.results, std::vector{-ECANCELED});
  workers.release();
}

TEST_F(epoll_backend_test, CloseAndCancelEndFileWorkThatHasNotStarted) {
  const handle file = adopt(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::array<std::byte, 4> into{};
  busy_workers workers(*io_);
  recorder cancelled;
  recorder first;
  recorder second;
  io_->read_at(cancelled, file, into, 0);
  io_->read_at(first, file, into, 0);
  io_->sync(second, file);
  io_->cancel(cancelled);
  run_until_ended(cancelled);
  EXPECT_EQ(cancelled.results, std::vector{-ECANCELED});
  close(file);
  EXPECT_EQ(first.results, std::vector{-ECANCELED});
  EXPECT_EQ(second.results, std::vector{-ECANCELED});
  workers.release();
}

struct file_reader : recorder {
  file_reader() {
    done = [](operation& self, const completion& how) noexcept {
      auto& me = static_cast<file_reader&>(self);
      me.results.push_back(how.result);
      me.file_was_open = ::fcntl(me.fd, F_GETFD) >= 0;
    };
  }
  int fd = -1;
  bool file_was_open = false;
};

/// A descriptor closed under a worker's hands could be another's before the worker uses it.
TEST_F(epoll_backend_test, CloseWaitsForFileWorkThatHasStarted) {
  const handle file = adopt(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::array<std::byte, 4> into{};
  file_reader read;
  read.fd = static_cast<int>(file);
  blocked_job later;
  io_->read_at(read, file, into, 0);
  io_->offload(later, blocked_job::run);
  later.started.acquire();  // and so did what was submitted before it
  recorder closing;
  io_->cancel(read);
  io_->close(closing, file);
  io_->cancel(closing);
  run_until_ended(closing);
  EXPECT_EQ(read.results, std::vector{4});
  EXPECT_TRUE(read.file_was_open);
  EXPECT_EQ(closing.results, std::vector{0});
  EXPECT_LT(::fcntl(static_cast<int>(file), F_GETFD), 0);
  later.go_on.release();
  run_until_ended(later);
}

TEST_F(epoll_backend_test, OperationsOnWhatIsClosedEndWithBadDescriptor) {
  const auto [socket, other] = connected();
  recorder closing;
  io_->close(closing, socket);
  recorder late;
  io_->recv_start(late, socket);
  recorder twice;
  io_->close(twice, socket);
  run_until_ended(twice);
  EXPECT_EQ(closing.results, std::vector{0});
  EXPECT_EQ(late.results, std::vector{-EBADF});
  EXPECT_EQ(twice.results, std::vector{-EBADF});
  recorder none;
  io_->recv_start(none, handle::none);
  run_until_ended(none);
  EXPECT_EQ(none.results, std::vector{-EBADF});
  ::close(other);
}

}  // namespace
}  // namespace ferrule::io
