// Conformance, part 3: what only backends on the kernel have (files, foreign descriptors, its
// limits), and work on other threads.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "support/backend_suite.hpp"
#include "support/no_descriptors_left.hpp"

namespace ferrule::io::suite {

using namespace std::chrono_literals;

template <class World>
class backend_kernel_test : public backend_suite<World> {
 protected:
  std::array<int, 2> pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return ends;
  }
  /// A file in memory, owned by the backend.
  handle file() {
    return static_cast<handle>(this->io().adopt(::memfd_create("backend_test", MFD_CLOEXEC)));
  }
};
TYPED_TEST_SUITE(backend_kernel_test, kernel_worlds);

TYPED_TEST(backend_kernel_test, accepted_connections_take_after_their_listener) {
  const handle listener = this->listen({.nodelay = false,
                                        .unsent_bytes_max = 4321,
                                        .keepalive_idle_s = 50,
                                        .keepalive_interval_s = 7,
                                        .keepalive_probes = 3,
                                        .unacknowledged_s = 99});
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, listener);
  call& connecting = this->make_call();
  this->io().connect(connecting, this->open(), this->local(listener));
  ASSERT_TRUE(this->run_until([&] { return !accepting.accepted.empty(); }));
  const auto option = [&](int name, int level = IPPROTO_TCP) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(static_cast<int>(accepting.accepted[0]), level, name, &value, &size);
    return value;
  };
  EXPECT_NE(option(SO_KEEPALIVE, SOL_SOCKET), 0);
  EXPECT_EQ(option(TCP_KEEPIDLE), 50);
  EXPECT_EQ(option(TCP_KEEPINTVL), 7);
  EXPECT_EQ(option(TCP_KEEPCNT), 3);
  EXPECT_EQ(option(TCP_USER_TIMEOUT), 99'000);
  EXPECT_EQ(option(TCP_NOTSENT_LOWAT), 4321);
  EXPECT_EQ(option(TCP_NODELAY), 0);
}

TYPED_TEST(backend_kernel_test, reads_and_writes_files) {
  const handle file = this->file();
  const std::string text = pattern(100'000);
  call& writing = this->make_call();
  this->io().write_at(writing, file, std::as_bytes(std::span(text)), 5);
  EXPECT_FALSE(writing.ended);
  ASSERT_TRUE(this->run_until_ended(writing));
  EXPECT_EQ(writing.result, 100'000);
  call& syncing = this->make_call();
  this->io().sync(syncing, file);
  ASSERT_TRUE(this->run_until_ended(syncing));
  EXPECT_EQ(syncing.result, 0);
  std::string got(120'000, '\0');
  call& reading = this->make_call();
  this->io().read_at(reading, file, writable(got), 5);
  ASSERT_TRUE(this->run_until_ended(reading));
  got.resize(static_cast<std::size_t>(reading.result));
  EXPECT_EQ(got, text);
  call& at_end = this->make_call();
  this->io().read_at(at_end, file, writable(got), 100'005);
  ASSERT_TRUE(this->run_until_ended(at_end));
  EXPECT_EQ(at_end.result, 0);
  this->close(file);
  call& too_late = this->make_call();
  this->io().read_at(too_late, file, writable(got), 0);
  ASSERT_TRUE(this->run_until_ended(too_late));
  EXPECT_EQ(too_late.result, -EBADF);
}

TYPED_TEST(backend_kernel_test, ends_file_work_before_it_closes) {
  const handle file = this->file();
  std::string got(8, '\0');
  std::vector<call*> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(&this->make_call());
    this->io().read_at(*all.back(), file, writable(got), 0);
  }
  call& closing = this->make_call();
  this->io().close(closing, file);
  ASSERT_TRUE(this->run_until_ended(closing));
  for (const call* one : all) {
    EXPECT_TRUE(one->ended);
    EXPECT_TRUE(one->result == 0 || one->result == -ECANCELED) << one->result;
  }
}

TYPED_TEST(backend_kernel_test, moves_bytes_through_an_adopted_pipe) {
  const auto [from, to] = this->pipe();
  const auto source = static_cast<handle>(this->io().adopt(from));
  const auto sink = static_cast<handle>(this->io().adopt(to));
  EXPECT_NE(::fcntl(to, F_GETFL) & O_NONBLOCK, 0);
  sender& sending = this->make_sender(pattern(300'000));  // more than a pipe holds
  sending.start(this->io(), sink);
  std::string all;
  std::string into(50'000, '\0');
  while (all.size() < sending.text.size()) {
    call& receiving = this->make_call();
    this->io().recv(receiving, source, writable(into));
    ASSERT_TRUE(this->run_until_ended(receiving));
    ASSERT_GT(receiving.result, 0);
    all.append(into, 0, static_cast<std::size_t>(receiving.result));
  }
  ASSERT_TRUE(this->run_until_ended(sending));
  EXPECT_TRUE(all == sending.text);
  const std::array<iovec, 2> parts{{{sending.text.data(), 3}, {sending.text.data() + 3, 4}}};
  call& in_parts = this->make_call();
  this->io().send(in_parts, sink, parts);
  ASSERT_TRUE(this->run_until_ended(in_parts));
  EXPECT_EQ(in_parts.result, 7);
  this->close(sink);
  call& rest = this->make_call();
  this->io().recv(rest, source, writable(into));
  ASSERT_TRUE(this->run_until_ended(rest));
  EXPECT_EQ(into.substr(0, 7), sending.text.substr(0, 7));
  call& at_end = this->make_call();
  this->io().recv(at_end, source, writable(into));
  ASSERT_TRUE(this->run_until_ended(at_end));
  EXPECT_EQ(at_end.result, 0);
}

TYPED_TEST(backend_kernel_test, accepts_from_an_adopted_listener) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);  // blocking, and inherited by children
  ASSERT_EQ(::listen(fd, 5), 0);                     // binds it to a free port
  ASSERT_EQ(this->io().adopt(fd), fd);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  acceptor& accepting = this->make_acceptor();
  this->io().accept_start(accepting, static_cast<handle>(fd));
  call& connecting = this->make_call();
  this->io().connect(connecting, this->open(),
                     address::loopback_v4(this->local(static_cast<handle>(fd)).port()));
  ASSERT_TRUE(this->run_until([&] { return accepting.accepted.size() == 1; }));
  const int accepted = static_cast<int>(accepting.accepted.front());
  EXPECT_NE(::fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(this->io().adopt(-1), -EBADF);
}

TYPED_TEST(backend_kernel_test, polls_a_foreign_descriptor) {
  const auto [from, to] = this->pipe();
  call& readable = this->make_call();
  this->io().poll(readable, from, POLLIN);
  call& writable_now = this->make_call();
  this->io().poll(writable_now, to, POLLOUT);
  ASSERT_TRUE(this->run_until_ended(writable_now));
  EXPECT_EQ(writable_now.result, POLLOUT);
  EXPECT_FALSE(readable.ended);
  ASSERT_EQ(::write(to, "x", 1), 1);
  ASSERT_TRUE(this->run_until_ended(readable));
  EXPECT_EQ(readable.result, POLLIN);
  call& cancelled = this->make_call();
  ASSERT_EQ(::read(from, &cancelled.result, 1), 1);
  this->io().poll(cancelled, from, POLLIN);
  this->let_things_happen();
  this->io().cancel(cancelled);
  EXPECT_FALSE(cancelled.ended);
  ASSERT_TRUE(this->run_until_ended(cancelled));
  EXPECT_EQ(cancelled.result, -ECANCELED);
  ::close(from);
  ::close(to);
}

TYPED_TEST(backend_kernel_test, takes_thousands_of_operations_at_once) {
  const auto [from, to] = this->pipe();
  std::vector<call*> all;
  for (int i = 0; i < 6000; ++i) {  // more than any queue has room for; each is ready at once
    all.push_back(&this->make_call());
    this->io().poll(*all.back(), to, POLLOUT);
  }
  for (const call* one : all) EXPECT_FALSE(one->ended) << "ended inside a start";
  for (const call* one : all) {
    ASSERT_TRUE(this->run_until_ended(*one));
    EXPECT_EQ(one->result, POLLOUT);
  }
  ::close(from);
  ::close(to);
}

TYPED_TEST(backend_kernel_test, ends_accepting_without_descriptors_and_can_start_again) {
  const handle listener = this->listen();
  const handle client = this->open();
  acceptor& accepting = this->make_acceptor();
  call& connecting = this->make_call();
  {
    const no_descriptors_left exhausted;
    EXPECT_EQ(this->io().open(AF_INET, SOCK_STREAM), -EMFILE);
    EXPECT_EQ(this->io().listen(address::loopback_v4(0), {}), -EMFILE);
    this->io().accept_start(accepting, listener);
    this->io().connect(connecting, client, this->local(listener));
    ASSERT_TRUE(this->run_until_ended(accepting, connecting));
    EXPECT_EQ(accepting.result, -EMFILE);
    EXPECT_EQ(connecting.result, 0);
  }
  accepting.ended = false;
  this->io().accept_start(accepting, listener);
  EXPECT_TRUE(this->run_until([&] { return accepting.accepted.size() == 1; }));
}

TYPED_TEST(backend_kernel_test, is_woken_by_another_thread) {
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> said = false;
    std::thread other([&] {
      said = true;
      this->io().wake();
    });
    while (!said) this->io().wait(no_deadline);
    other.join();
    this->io().wait(mono_time::min());
  }
}

/// While it lives, the process gets a signal every millisecond.
class signals_all_the_time {
 public:
  signals_all_the_time() {
    seen = 0;
    struct sigaction counting{};
    counting.sa_handler = [](int) { seen = seen + 1; };
    ::sigaction(SIGALRM, &counting, &before_);
    const itimerval each_ms{.it_interval = {0, 1000}, .it_value = {0, 1000}};
    ::setitimer(ITIMER_REAL, &each_ms, nullptr);
  }
  signals_all_the_time(const signals_all_the_time&) = delete;
  signals_all_the_time& operator=(const signals_all_the_time&) = delete;
  ~signals_all_the_time() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  static inline volatile sig_atomic_t seen = 0;

 private:
  struct sigaction before_{};
};

TYPED_TEST(backend_kernel_test, a_signal_does_not_end_its_sleep) {
  const signals_all_the_time signals;
  for (int i = 0; i < 2; ++i) {  // the first submits what there is, the second only sleeps
    const mono_time until = this->io().now() + 20ms;
    EXPECT_EQ(this->io().wait(until), 0U);
    EXPECT_GE(this->io().now(), until);
  }
  EXPECT_GT(signals.seen, 0);
}

template <class World>
class backend_offload_test : public backend_suite<World> {};
TYPED_TEST_SUITE(backend_offload_test, worlds);

struct job : call {
  std::thread::id ran_on;
  std::thread::id done_on;
};

TYPED_TEST(backend_offload_test, runs_blocking_work_elsewhere_and_ends_it_here) {
  std::array<job, 50> jobs;
  for (job& one : jobs) {
    one.and_then = [&] { one.done_on = std::this_thread::get_id(); };
    this->io().offload(one, [](operation& op) noexcept {
      static_cast<job&>(op).ran_on = std::this_thread::get_id();
    });
    EXPECT_FALSE(one.ended);
  }
  for (job& one : jobs) {
    ASSERT_TRUE(this->run_until_ended(one));
    EXPECT_EQ(one.result, 0);
    EXPECT_EQ(one.done_on, std::this_thread::get_id());
    if (!TypeParam::simulated) {
      EXPECT_NE(one.ran_on, std::this_thread::get_id());
    }
  }
}

TYPED_TEST(backend_offload_test, cancels_blocking_work_or_lets_it_finish) {
  std::array<job, 50> jobs;
  for (job& one : jobs) {
    this->io().offload(one, [](operation& op) noexcept {
      static_cast<job&>(op).ran_on = std::this_thread::get_id();
    });
    this->io().cancel(one);
    EXPECT_FALSE(one.ended);
  }
  for (job& one : jobs) {
    ASSERT_TRUE(this->run_until_ended(one));
    EXPECT_EQ(one.result, one.ran_on == std::thread::id{} ? -ECANCELED : 0);
  }
}

}  // namespace ferrule::io::suite
