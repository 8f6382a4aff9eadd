// A coroutine that loops over something that is always there must leave the others their turn.
//
// `tests/tidy` asks that each file of the library that defines an awaitable is named here:
//   core/task.hpp core/sleep.hpp core/semaphore.hpp core/channel.hpp core/wait_list.hpp
//   core/drain.hpp core/child_group.hpp core/when_all.hpp core/race.hpp core/scope.hpp
//   core/parked.hpp
//   io/awaitable.hpp io/blocking.hpp http/exchange.hpp api/response_stream.hpp
//   resilience/async_bulkhead.hpp
// and these, which are awaited by tasks of the library alone:
//   http/read_ahead.hpp dns/system_resolver.cpp client/connection_pool.cpp
//   storage/job_queue.hpp
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "ferrule/api/response_stream.hpp"
#include "ferrule/core/async_mutex.hpp"
#include "ferrule/core/channel.hpp"
#include "ferrule/core/drain.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/semaphore.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/awaitable.hpp"
#include "ferrule/io/blocking.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/net/stream.hpp"
#include "ferrule/resilience/async_bulkhead.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

/// Something else that the loop has to do: a timer of 1 ms.
struct neighbour : timer {
  explicit neighbour(reactor& on)
      : timer([](timer& self) noexcept { static_cast<neighbour&>(self).has_run = true; }),
        loop(on) {
    loop.arm(*this, loop.now() + 1ms);
  }
  ~neighbour() { loop.disarm(*this); }
  /// Far more rounds than fit into 1 ms: that many mean that the neighbour has to wait for ever.
  bool waits() { return !has_run && ++rounds < 2'000'000; }

  reactor& loop;
  bool has_run = false;
  long rounds = 0;
};

class task_fairness : public testing::TestWithParam<io::backend_kind> {
 protected:
  void SetUp() override {
    io::made_backend made = io::make_backend({.kind = GetParam()});
    if (made.io == nullptr) GTEST_SKIP() << made.why;
    loop_ = std::make_unique<reactor>(std::move(made.io), 1);
  }

  template <class Once>
  static task<> repeat(neighbour* other, Once* once) {
    while (other->waits()) (void)co_await (*once)();
  }
  /// `once()` gives the same awaitable anew each time.
  template <class Once>
  void expect_fair(std::string_view what, Once once) {
    neighbour other(*loop_);
    sync_wait(*loop_, repeat(&other, &once));
    EXPECT_TRUE(other.has_run) << what;
  }

  std::unique_ptr<reactor> loop_;
};

INSTANTIATE_TEST_SUITE_P(backends, task_fairness,
                         testing::Values(io::backend_kind::uring, io::backend_kind::epoll));

task<int> at_once() { co_return 1; }
task<int> nested(int depth) {
  if (depth == 0) co_return 1;
  co_return co_await nested(depth - 1);
}
task<int> chain() { co_return co_await nested(300); }
task<> nothing_in(scope&) { co_return; }
task<> spawns_in(scope& all) {
  for (int i = 0; i != 3; ++i) all.spawn([]() -> task<> { co_return; }());
  co_return;
}
task<int> catches() {
  try {
    co_await []() -> task<> {
      throw 1;
      co_return;
    }();
  } catch (int) {
  }
  co_return 1;
}

TEST_P(task_fairness, of_tasks) {
  expect_fair("a task that does not wait", &at_once);
  expect_fair("a chain of such tasks", &chain);
  expect_fair("a task that fails", &catches);
  expect_fair("current_environment", [] { return current_environment(); });
  expect_fair("is_draining", [] { return is_draining(); });
  expect_fair("sleep(0)", [] { return sleep(0s); });
  expect_fair("sleep_until", [this] { return sleep_until(loop_->now() - 1h); });
}

TEST_P(task_fairness, of_a_drain_that_has_begun) {
  stop_source stop;
  stop_source drain;
  drain.request_stop(stop_reason::drain);
  const environment env{.loop = loop_.get(), .stop = &stop, .drain = &drain};
  neighbour other(*loop_);
  auto once = &drain_begins;
  detail::noted_end ended;
  task<> work = repeat(&other, &once);
  work.start(env, ended);
  while (!ended.any()) loop_->run_once();
  EXPECT_TRUE(other.has_run);
}

TEST_P(task_fairness, of_groups) {
  expect_fair("when_all", [] { return when_all(at_once(), at_once()); });
  expect_fair("when_all of a vector", [] {
    std::vector<task<int>> tasks;
    tasks.push_back(at_once());
    return when_all(std::move(tasks));
  });
  expect_fair("when_all of nothing", [] { return when_all(std::vector<task<>>{}); });
  expect_fair("race", [] { return race(at_once(), at_once()); });
  expect_fair("with_deadline", [] { return with_deadline(1h, at_once()); });
  expect_fair("with_scope", [] { return with_scope(&nothing_in); });
  expect_fair("with_scope and spawn", [] { return with_scope(&spawns_in); });
}

TEST_P(task_fairness, of_queues_and_locks) {
  semaphore permits(1);
  expect_fair("semaphore", [&] { return permits.acquire(); });
  async_mutex mutex;
  expect_fair("async_mutex", [&] { return mutex.lock(); });
  channel<int> filled(1);
  expect_fair("channel::receive", [&] {
    filled.try_send(1);
    return filled.receive();
  });
  channel<int> emptied(1);
  expect_fair("channel::send", [&] {
    emptied.try_receive();
    return emptied.send(1);
  });
  channel<int> closed(1);
  closed.close();
  expect_fair("channel::receive, closed", [&] { return closed.receive(); });
  expect_fair("channel::send, closed", [&] { return closed.send(1); });
  async_bulkhead bulkhead({.running_max = 1, .waiting_max = 1}, *loop_);
  expect_fair("async_bulkhead", [&] {
    if (bulkhead.snapshot().running != 0) bulkhead.leave();
    return bulkhead.enter();
  });
}

task<> close_closed() {
  tcp_stream closed(current_reactor(co_await current_environment()), io::handle::none);
  co_await closed.close();
}

TEST_P(task_fairness, of_operations) {
  std::byte byte{};
  expect_fair("an operation that fails at once", [&] {
    return io::perform([&](io::backend& io, io::operation& op) {
      io.recv(op, io::handle::none, {&byte, 1});
    });
  });
  expect_fair("run_blocking", [] { return run_blocking([] { return 1; }); });
  expect_fair("close of what is closed", &close_closed);
}

/// Takes everything, and its requests' bodies have ended.
struct roomy_sink final : http::sink {
  void respond(http::exchange&, const http::answer_head&, std::string_view) override {}
  void begin(http::exchange&, const http::answer_head&, std::optional<std::uint64_t>) override {}
  bool write(http::exchange&, std::string_view) override { return true; }
  void finish(http::exchange&) override {}
  void reset(http::exchange&) override {}
  std::optional<std::string_view> read(http::exchange&) override { return std::string_view{}; }
  void refuse(http::exchange&, int, std::string_view) override {}
  void handler_ended(http::exchange&, bool) noexcept override {}
};

response_stream endless(neighbour& other) {
  while (other.waits()) co_yield "part";
}
task<> within_a_task(response_stream stream) { co_await std::move(stream); }
template <class Task>
void done(http::exchange&, Task& work) {
  work.take();
}

TEST_P(task_fairness, of_exchanges) {
  roomy_sink sink;
  http::routed_request asked;
  http::exchange ex(sink, {.loop = loop_.get()}, asked);
  expect_fair("exchange::write", [&] { return ex.write("part"); });
  expect_fair("exchange::write of nothing", [&] { return ex.write(""); });
  expect_fair("exchange::read", [&] { return ex.read(); });
  {
    neighbour other(*loop_);
    response_stream stream = endless(other);
    stream.send_to(detail::outlet(ex));
    ex.run<&done<response_stream>>(std::move(stream));
    while (ex.running()) loop_->run_once();
    EXPECT_TRUE(other.has_run) << "a stream";
  }
  neighbour other(*loop_);
  response_stream stream = endless(other);
  stream.send_to(detail::outlet(ex));
  ex.run<&done<task<>>>(within_a_task(std::move(stream)));
  while (ex.running()) loop_->run_once();
  EXPECT_TRUE(other.has_run) << "a stream within a task";
}

/// What a coroutine took is its own, though it goes on later and was stopped meanwhile.
TEST_P(task_fairness, loses_nothing_that_was_taken) {
  channel<int> values(1);
  stop_source stop;
  long sent = 0;
  long received = 0;
  struct both {
    channel<int>& values;
    stop_source& stop;
    long& sent;
    long& received;
  } all{values, stop, sent, received};
  auto pump = [](both* b) -> task<> {
    for (int i = 0; i != 100'000; ++i) {
      if (i == 50'000) b->stop.request_stop();
      if (b->values.try_send(1)) ++b->sent;
      if (co_await b->values.receive()) ++b->received;
    }
  };
  sync_wait(*loop_, pump(&all), stop);
  EXPECT_EQ(sent, 100'000);
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace ferrule
