// A coroutine that loops over something that is always there must leave the others their turn, and
// can be stopped.
//
// `tests/source/tidy` asks that each file of the library that defines an awaitable is named here:
//   core/task.hpp core/sleep.hpp core/semaphore.hpp core/channel.hpp core/wait_list.hpp
//   core/drain.hpp core/child_group.hpp core/when_all.hpp core/race.hpp core/scope.hpp
//   core/parked.hpp
//   io/awaitable.hpp io/blocking.hpp io/gather.hpp http/exchange.hpp api/response_stream.hpp
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
#include "ferrule/core/now.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/semaphore.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/awaitable.hpp"
#include "ferrule/io/blocking.hpp"
#include "ferrule/io/gather.hpp"
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

    stop_source stop;
    stop.request_stop();
    neighbour late(*loop_);
    EXPECT_FALSE(sync_wait(*loop_, repeat(&late, &once), stop)) << what << " is not stopped";
    EXPECT_LE(late.rounds, executor::awaits_per_turn_max + 1) << what;
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
  expect_fair("now", [] { return now(); });
  expect_fair("is_draining", [] { return is_draining(); });
  expect_fair("sleep(0)", [] { return sleep(0s); });
  expect_fair("sleep_until", [this] { return sleep_until(loop_->now() - 1h); });
}

// Awaitables that are none of the library's.
struct ready_value {
  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  int await_resume() const { return 1; }
};
struct declines {
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<>) const { return false; }
  int await_resume() const { return 1; }
};
struct transfers_back {
  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) const { return self; }
  int await_resume() const { return 1; }
};
struct resumes_at_once {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> self) const { self.resume(); }
  int await_resume() const { return 1; }
};
struct has_operator {
  transfers_back operator co_await() const { return {}; }
};

/// A generator whose coroutine and its reader hand control to each other.
class numbers {
 public:
  struct promise_type {
    int value = 0;
    std::coroutine_handle<> reader;

    struct to_reader {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().reader;
      }
      void await_resume() const noexcept {}
    };
    numbers get_return_object() {
      return numbers(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    to_reader final_suspend() const noexcept { return {}; }
    to_reader yield_value(int next) noexcept {
      value = next;
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  struct next_awaiter {
    std::coroutine_handle<promise_type> from;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> reader) const noexcept {
      from.promise().reader = reader;
      return from;
    }
    int await_resume() const noexcept { return from.promise().value; }
  };

  numbers(const numbers&) = delete;
  ~numbers() { coroutine_.destroy(); }
  next_awaiter next() const { return {coroutine_}; }

 private:
  explicit numbers(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<promise_type> coroutine_;
};
numbers count_up() {
  for (int i = 0;; ++i) co_yield i;
}

TEST_P(task_fairness, of_awaitables_of_others) {
  expect_fair("one that is ready", [] { return ready_value{}; });
  expect_fair("one that declines to suspend", [] { return declines{}; });
  expect_fair("one that transfers back", [] { return transfers_back{}; });
  expect_fair("one that has an operator", [] { return has_operator{}; });
  expect_fair("std::suspend_never", [] { return std::suspend_never{}; });
  const numbers all = count_up();
  expect_fair("a generator", [&] { return all.next(); });
}

struct throws_when_asked {
  bool at_ready;
  bool await_ready() const {
    if (at_ready) throw 1;
    return false;
  }
  void await_suspend(std::coroutine_handle<>) const { throw 2; }
  void await_resume() const {}
};

/// What an awaitable throws arrives where it is awaited, also from the loop's queue.
TEST_P(task_fairness, hands_on_what_an_awaitable_throws) {
  const auto catch_all = [](bool at_ready) -> task<int> {
    int sum = 0;
    for (int i = 0; i != 1000; ++i) {
      try {
        co_await throws_when_asked{at_ready};
      } catch (int thrown) {
        sum += thrown;
      }
    }
    co_return sum;
  };
  EXPECT_EQ(sync_wait(*loop_, catch_all(true)), 1000);
  EXPECT_EQ(sync_wait(*loop_, catch_all(false)), 2000);
}

/// An awaitable may resume the coroutine from within; how deep that goes is limited by the turns.
TEST_P(task_fairness, of_one_that_resumes_at_once) {
  const auto climb = []() -> task<int> {
    int sum = 0;
    for (int i = 0; i != 100'000; ++i) sum += co_await resumes_at_once{};
    co_return sum;
  };
  EXPECT_EQ(sync_wait(*loop_, climb()), 100'000);
}

/// Children count as awaits, or many of them in each of a turn's awaits would be one long turn.
TEST_P(task_fairness, counts_children) {
  neighbour other(*loop_);
  int started = 0;
  const auto start = [](int* count) -> task<> {
    ++*count;
    co_return;
  };
  const auto start_many = [](neighbour* until, int* count, auto start_one) -> task<> {
    while (until->waits()) {
      std::vector<task<>> all;
      for (int i = 0; i != 10'000; ++i) all.push_back(start_one(count));
      co_await when_all(std::move(all));
    }
  };
  task<> work = start_many(&other, &started, start);
  stop_source stop;
  const environment env{.loop = loop_.get(), .stop = &stop};
  detail::noted_end ended;
  loop_->begin_turn();
  work.start(env, ended);
  EXPECT_EQ(started, 10'000);
  while (!ended.any()) loop_->run_once();
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

task<std::size_t> gather_alone() {
  static int mine = 1;
  const auto all = co_await gather(mine, [](int& one) { return one; });
  co_return all.size();
}

TEST_P(task_fairness, of_operations) {
  std::byte byte{};
  expect_fair("an operation that fails at once", [&] {
    return io::perform([&](io::backend& io, io::operation& op) {
      io.recv(op, io::handle::none, {&byte, 1});
    });
  });
  expect_fair("gather", &gather_alone);
  expect_fair("run_blocking", [] { return run_blocking([] { return 1; }); });
  expect_fair("close of what is closed", &close_closed);
}

/// Takes everything, and its requests' bodies have ended.
struct roomy_sink final : http::sink {
  void respond(http::exchange&, const http::answer_head&, std::string_view) override {}
  void begin(http::exchange&, const http::answer_head&, std::optional<std::uint64_t>) override {}
  bool write(http::exchange&, std::string_view) override { return true; }
  void finish(http::exchange&, std::span<const header_field>) override {}
  void reset(http::exchange&, http::reset_reason) override {}
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

/// A stop comes before an await begins or after it has ended: nothing is taken and lost.
TEST_P(task_fairness, loses_nothing_that_was_taken) {
  channel<int> values(1);
  stop_source stop;
  struct both {
    channel<int>& values;
    stop_source& stop;
    std::size_t sent = 0;
    std::size_t received = 0;
  } all{values, stop};
  auto pump = [](both* b) -> task<> {
    for (int i = 0; i != 100'000; ++i) {
      if (i == 50'000) b->stop.request_stop();
      if (b->values.try_send(1)) ++b->sent;
      if (co_await b->values.receive()) ++b->received;
    }
  };
  EXPECT_FALSE(sync_wait(*loop_, pump(&all), stop));
  EXPECT_GE(all.sent, 50'000U);
  EXPECT_LE(all.sent, 50'001 + executor::awaits_per_turn_max);
  EXPECT_EQ(all.received + values.size(), all.sent);
}

}  // namespace
}  // namespace ferrule
