#include "ferrule/io/reactor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ferrule::mono_time;
using ferrule::no_deadline;
using ferrule::reactor;
namespace io = ferrule::io;

/// No sockets, only time: it sleeps by setting its clock, and notes until when.
class clock_backend final : public io::backend {
 public:
  explicit clock_backend(std::vector<mono_time>& waits) : waits_(waits) {}

  std::string_view name() const noexcept override { return "clock"; }
  unsigned wait(mono_time until) override {
    waits_.push_back(until);
    if (until > now_ && until != no_deadline) now_ = until;
    if (batches == 0) return 0;
    --batches;
    now_ += batch_time;
    return 1;
  }
  mono_time now() const noexcept override { return now_; }
  ferrule::wall_time date() const noexcept override { return {}; }
  void wake() noexcept override { ++wakes; }

  std::int32_t listen(const ferrule::address&, const io::socket_options&) override { return none; }
  std::int32_t open(int, int) override { return none; }
  std::int32_t adopt(int) override { return none; }
  std::int32_t local(io::handle, ferrule::address&) override { return none; }
  std::int32_t peer(io::handle, ferrule::address&) override { return none; }
  std::int32_t peek(io::handle) noexcept override { return none; }
  io::send_progress progress(io::handle) noexcept override { return {}; }
  std::int32_t release(io::handle) noexcept override { return none; }
  std::int32_t option(io::handle, int, int, int) override { return none; }
  std::int32_t stop_listening(io::handle) override { return none; }
  std::int32_t accept_waiting(io::handle) override { return none; }
  void shutdown(io::handle, int) noexcept override {}
  void close(io::operation&, io::handle) override {}
  void drop(io::handle) noexcept override {}
  void accept_start(io::operation&, io::handle) override {}
  void connect(io::operation&, io::handle, const ferrule::address&) override {}
  void recv_start(io::operation&, io::handle) override {}
  void recv(io::operation&, io::handle, std::span<std::byte>) override {}
  void send(io::operation&, io::handle, std::span<const iovec>) override {}
  void recv_from(io::operation&, io::handle, std::span<std::byte>, ferrule::address&) override {}
  void send_to(io::operation&, io::handle, std::span<const std::byte>,
               const ferrule::address&) override {}
  void read_at(io::operation&, io::handle, std::span<std::byte>, std::uint64_t) override {}
  void write_at(io::operation&, io::handle, std::span<const std::byte>, std::uint64_t) override {}
  void sync(io::operation&, io::handle) override {}
  void poll(io::operation&, int, short) override {}
  void offload(io::operation&, void (*)(io::operation&) noexcept) override {}
  void cancel(io::operation&) noexcept override {}

  int wakes = 0;
  int batches = 0;  // waits that will have found something
  mono_time::duration batch_time{0};

 private:
  static constexpr std::int32_t none = -1;
  std::vector<mono_time>& waits_;
  mono_time now_{1h};
};

struct step : ferrule::ready {
  step(std::string& to, char as)
      : ready([](ready& r) noexcept {
          auto& self = static_cast<step&>(r);
          self.log += self.letter;
          if (self.next_step != nullptr) self.loop->schedule(*self.next_step);
        }),
        log(to),
        letter(as) {}
  std::string& log;
  char letter;
  reactor* loop = nullptr;
  step* next_step = nullptr;
};

struct alarm_clock : ferrule::timer {
  explicit alarm_clock(reactor& on, ferrule::ready* then = nullptr)
      : timer([](timer& t) noexcept {
          auto& self = static_cast<alarm_clock&>(t);
          ++self.rung;
          if (self.to_schedule != nullptr) self.loop.schedule(*self.to_schedule);
        }),
        loop(on),
        to_schedule(then) {}
  reactor& loop;
  ferrule::ready* to_schedule;
  int rung = 0;
};

class reactor_test : public testing::Test {
 protected:
  std::vector<mono_time> waits_;
  std::string log_;
  clock_backend* backend_ = new clock_backend(waits_);
  reactor loop_{std::unique_ptr<io::backend>(backend_), 1};
};

TEST_F(reactor_test, sleeps_without_a_timeout_when_nothing_is_due) {
  loop_.run_once();
  EXPECT_EQ(waits_, std::vector{no_deadline});
  EXPECT_EQ(loop_.next_due(), no_deadline);
}

TEST_F(reactor_test, sleeps_no_longer_than_it_is_told) {
  loop_.run_once(mono_time(2h));
  EXPECT_EQ(waits_, std::vector{mono_time(2h)});
}

TEST_F(reactor_test, sleeps_until_its_earliest_timer) {
  alarm_clock early(loop_);
  alarm_clock late(loop_);
  loop_.arm(late, loop_.now() + 2s);
  loop_.arm(early, loop_.now() + 5ms);
  EXPECT_GE(loop_.next_due(), loop_.now());
  while (early.rung == 0) loop_.run_once();
  std::erase(waits_, mono_time::min());  // looks for input before the timer
  EXPECT_LE(waits_.size(), 2U);
  EXPECT_GE(loop_.now(), mono_time(1h + 5ms));
  EXPECT_LE(loop_.now(), mono_time(1h + 6ms));
  loop_.disarm(late);
  waits_.clear();
  loop_.run_once();
  EXPECT_EQ(waits_, std::vector{no_deadline}) << "a disarmed timer wakes nobody";
}

TEST_F(reactor_test, looks_for_input_as_often_as_there_is_any_before_a_late_timer) {
  alarm_clock alarm(loop_);
  loop_.arm(alarm, loop_.now() - 1s);
  backend_->batches = 5;
  loop_.run_once();
  EXPECT_EQ(alarm.rung, 1);
  EXPECT_EQ(waits_.size(), 6U) << "until one found nothing";
}

TEST_F(reactor_test, looks_for_input_no_longer_than_its_timers_are_late) {
  alarm_clock alarm(loop_);
  loop_.arm(alarm, loop_.now() - 100ms);
  backend_->batches = 1'000'000;
  backend_->batch_time = 10ms;
  loop_.run_once();
  EXPECT_EQ(alarm.rung, 1) << "a flood does not hold it up for good";
  EXPECT_LE(waits_.size(), 15U);
}

TEST_F(reactor_test, runs_what_a_timer_made_ready_in_the_same_batch) {
  step ready(log_, 'r');
  alarm_clock alarm(loop_, &ready);
  loop_.arm(alarm, mono_time::min());
  loop_.run_once();
  EXPECT_EQ(log_, "r");
}

TEST_F(reactor_test, runs_what_is_ready_in_order_and_looks_at_io_between_rounds) {
  step first(log_, '1');
  step second(log_, '2');
  step third(log_, '3');
  first.loop = third.loop = &loop_;
  first.next_step = &third;
  third.next_step = &first;  // for ever
  loop_.schedule(first);
  loop_.schedule(second);
  loop_.schedule(first);
  EXPECT_EQ(loop_.next_due(), loop_.now());
  loop_.run_once();
  EXPECT_EQ(log_, "123");
  EXPECT_EQ(waits_, std::vector{mono_time::min()}) << "polled, not slept";
  loop_.run_once();
  EXPECT_EQ(log_, "12313");
  EXPECT_EQ(waits_.size(), 2U);
  first.next_step = third.next_step = nullptr;
  loop_.run_once();
}

TEST_F(reactor_test, does_not_sleep_before_its_caller_knows_what_ran) {
  step only(log_, '1');
  loop_.schedule(only);
  loop_.run_once();
  EXPECT_EQ(log_, "1");
  EXPECT_EQ(waits_, std::vector{mono_time::min()});
}

TEST(reactor, deletes_what_is_left_to_it_after_the_backend) {
  struct noted_rest final : ferrule::leftover {
    explicit noted_rest(std::string& to, char as) : log(to), letter(as) {}
    ~noted_rest() override { log += letter; }
    std::string& log;
    char letter;
  };
  std::string log;
  std::vector<mono_time> waits;
  {
    reactor loop(std::make_unique<clock_backend>(waits), 1);
    auto* const ended_before = new noted_rest(log, 'a');
    loop.take_over(*ended_before);
    loop.take_over(*new noted_rest(log, 'b'));
    loop.take_over(*new noted_rest(log, 'c'));
    delete ended_before;
    EXPECT_EQ(log, "a");
  }
  EXPECT_EQ(log, "abc");
}

TEST_F(reactor_test, gives_the_same_numbers_for_the_same_seed) {
  ferrule::rng same(1);
  EXPECT_EQ(loop_.random()(), same());
}

TEST(reactor, has_its_share_of_what_the_process_may) {
  std::vector<mono_time> waits;
  for (const unsigned reactors : {1U, 2U, 3U, 7U, 300U}) {
    for (const std::uint32_t total : {0U, 1U, 2U, 7U, 100U, 1000U, UINT32_MAX}) {
      std::uint64_t sum = 0;
      double rates = 0;
      for (unsigned i = 0; i != reactors; ++i) {
        const reactor one(std::make_unique<clock_backend>(waits), 1, {i, reactors});
        EXPECT_GE(one.share_of(total), 1U);
        EXPECT_LE(one.share_of(total), total / reactors + std::uint64_t{1});
        sum += one.share_of(total);
        rates += one.rate_share_of(total);
      }
      EXPECT_EQ(sum, std::max(total, reactors)) << total << " of " << reactors;
      EXPECT_NEAR(rates, total, 1e-6 * total);
    }
  }
}

struct errand : ferrule::posted {
  errand(std::vector<int>& to, int number)
      : posted([](posted& p) noexcept {
          auto& self = static_cast<errand&>(p);
          self.log.push_back(self.id);
        }),
        log(to),
        id(number) {}
  std::vector<int>& log;
  int id;
};

TEST_F(reactor_test, runs_what_is_posted_in_order_and_wakes_once_for_it) {
  std::vector<int> ran;
  errand one(ran, 1);
  errand two(ran, 2);
  loop_.post(one);
  loop_.post(two);
  EXPECT_EQ(backend_->wakes, 1);
  EXPECT_EQ(loop_.next_due(), loop_.now());
  loop_.run_once();
  EXPECT_EQ(ran, (std::vector{1, 2}));
  loop_.post(one);
  EXPECT_EQ(backend_->wakes, 2);
  loop_.run_once();
  EXPECT_EQ(ran, (std::vector{1, 2, 1}));
}

/// On the kernel, by each backend that is available.
class reactor_on_kernel_test : public testing::TestWithParam<io::backend_kind> {
 protected:
  void SetUp() override {
    io::made_backend made = io::make_backend({.kind = GetParam()});
    if (made.io == nullptr) GTEST_SKIP() << made.why;
    loop_ = std::make_unique<reactor>(std::move(made.io), 1);
  }
  std::unique_ptr<reactor> loop_;
};

TEST_P(reactor_on_kernel_test, wakes_for_its_timer_alone) {
  alarm_clock alarm(*loop_);
  const mono_time start = loop_->now();
  loop_->arm(alarm, start + 200ms);
  int batches = 0;
  for (; alarm.rung == 0; ++batches) loop_->run_once();
  EXPECT_GE(loop_->now(), start + 200ms);
  EXPECT_LE(batches, 4) << "one a level of the wheel at most";
}

TEST_P(reactor_on_kernel_test, runs_everything_that_threads_post_each_in_its_order) {
  struct numbered : ferrule::posted {
    numbered() : posted(run_it) {}
    static void run_it(posted& p) noexcept {
      auto& self = static_cast<numbered&>(p);
      EXPECT_EQ(*self.expected, self.number);
      ++*self.expected;
      if (--*self.left == 0) self.loop->stop();
    }
    reactor* loop = nullptr;
    int* expected = nullptr;
    int* left = nullptr;
    int number = 0;
  };
  constexpr int each = 2000;
  constexpr int threads = 3;
  int left = each * threads;
  std::vector<int> expected(threads, 0);
  std::vector<std::vector<std::unique_ptr<numbered>>> work(threads);
  for (std::size_t t = 0; t < threads; ++t) {
    for (int i = 0; i < each; ++i) {
      auto& one = *work[t].emplace_back(std::make_unique<numbered>());
      one.loop = loop_.get();
      one.expected = &expected[t];
      one.left = &left;
      one.number = i;
    }
  }
  std::vector<std::thread> posting;
  for (auto& mine : work) {
    posting.emplace_back([this, &mine] {
      for (auto& one : mine) loop_->post(*one);
    });
  }
  loop_->run();
  EXPECT_EQ(left, 0);
  for (std::thread& one : posting) one.join();
}

TEST_P(reactor_on_kernel_test, stops_when_told_by_another_thread_or_beforehand) {
  std::thread other([this] { loop_->stop(); });
  loop_->run();
  other.join();
  loop_->stop();
  loop_->run();
}

INSTANTIATE_TEST_SUITE_P(backends, reactor_on_kernel_test,
                         testing::Values(io::backend_kind::uring, io::backend_kind::epoll),
                         [](const auto& tested) {
                           return tested.param == io::backend_kind::uring ? "uring" : "epoll";
                         });

}  // namespace
