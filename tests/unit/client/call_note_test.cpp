// One record for each call, however it ends.
#include "client/call_note.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "call_stream_fixture.hpp"

namespace ferrule {
namespace {

class call_note_test : public call_stream_test, protected observer {
 protected:
  struct kept {
    call_record record;
    std::string endpoint;
    trace_context trace;
  };
  call_note_test() { loop_.set_observer(this); }
  ~call_note_test() override { loop_.set_observer(nullptr); }
  void call_ended(const call_record& r) noexcept override {
    all_.push_back({r, std::string(r.endpoint), r.trace == nullptr ? trace_context() : *r.trace});
  }
  /// Timers of the simulated world are a little late.
  static bool is_about(std::chrono::nanoseconds took, std::chrono::nanoseconds wanted) {
    return took >= wanted && took < wanted + 1ms;
  }
  static task<> nap() { co_await sleep(3ms); }
  static task<bool> call_until_nap(upstream* service) {
    const auto first = co_await race(call_once(service), nap());
    co_return first.index() == 1;
  }
  /// The only record.
  call_record expect(call_ending how, int status, std::uint32_t tries,
                     std::string_view reason = "") {
    EXPECT_EQ(all_.size(), 1U);
    if (all_.empty()) return {};
    const call_record r = all_[0].record;
    EXPECT_EQ(r.upstream, "shop");
    EXPECT_EQ(r.ending, how) << static_cast<int>(r.ending);
    EXPECT_EQ(r.status, status);
    EXPECT_EQ(r.tries, tries);
    EXPECT_EQ(r.reason, reason);
    return r;
  }

  std::vector<kept> all_;
};

TEST_F(call_note_test, an_answered_call_says_who_and_how_long) {
  make_patient();
  server(0) = {.takes = 5ms};
  const mono_time begun = loop_.now();
  EXPECT_EQ(ask(), "200");
  const call_record r = expect(call_ending::answered, 200, 1);
  EXPECT_EQ(all_[0].endpoint, name(0));
  EXPECT_EQ(r.method, "GET");
  EXPECT_EQ(r.began, begun);
  EXPECT_TRUE(is_about(r.took, 5ms));
  EXPECT_EQ(r.response_after, r.took);
  EXPECT_FALSE(r.was_ejected);
  EXPECT_EQ(r.trace, nullptr);
}

TEST_F(call_note_test, tries_are_one_call) {
  make_patient(2);
  server(0) = server(1) = refused;
  ask();
  const call_record r = all_.at(0).record;
  EXPECT_EQ(all_.size(), 1U);
  EXPECT_EQ(r.ending, call_ending::unanswered);
  EXPECT_EQ(r.reason, to_string(transport_error::connect_failed));
  EXPECT_EQ(r.tries, count(0) + count(1));
  EXPECT_GT(r.tries, 1U);
}

TEST_F(call_note_test, what_is_not_made_says_which_limit_it_was) {
  make({.retry = {.tries_max = 1}, .ejection = std::nullopt, .breaker = quick});
  server(0) = refused;
  for (int i = 0; i != 4; ++i) ask();
  all_.clear();
  ask();
  expect(call_ending::not_made, 0, 0, to_string(call_fault::circuit_open));
  all_.clear();
  ASSERT_TRUE(made_->update({}).has_value());
  ask();
  expect(call_ending::not_made, 0, 0, to_string(shed_by::no_endpoint));
}

TEST_F(call_note_test, one_that_is_late_timed_out) {
  make({.retry = {.tries_max = 1, .try_timeout = 100ms}, .ejection = std::nullopt});
  server(0) = {.takes = 1h};
  ask();
  const call_record r = expect(call_ending::timeout, 0, 1, to_string(call_fault::timeout));
  EXPECT_TRUE(is_about(r.took, 100ms));
}

TEST_F(call_note_test, one_whose_caller_has_no_more_time_timed_out) {
  make_patient();
  server(0) = {.takes = 1h};
  EXPECT_FALSE(run(call_for(&*made_, 3ms)));
  ASSERT_EQ(all_.size(), 5U);
  for (const kept& each : all_) {
    EXPECT_EQ(each.record.ending, call_ending::timeout);
    EXPECT_TRUE(is_about(each.record.took, 3ms));
    EXPECT_EQ(each.record.tries, 1U);
  }
}

TEST_F(call_note_test, one_whose_caller_is_stopped_was_given_up) {
  make_patient();
  server(0) = {.takes = 1h};
  run(call_until_nap(&*made_));
  EXPECT_TRUE(is_about(expect(call_ending::given_up, 0, 1).took, 3ms));
}

TEST_F(call_note_test, a_stream_ends_with_its_end) {
  make_patient();
  server(0) = streams;
  EXPECT_EQ(run(download(&*made_, get())), "200 part part part ");
  const call_record r = expect(call_ending::answered, 200, 1);
  EXPECT_TRUE(is_about(*r.response_after, 2ms));
  EXPECT_GE(r.took, 2s);
}

TEST_F(call_note_test, or_where_it_broke_off) {
  make_patient();
  server(0) = breaking(transport_error::closed_early);
  run(download(&*made_, get()));
  expect(call_ending::broken_off, 200, 1, to_string(transport_error::closed_early));
}

TEST_F(call_note_test, or_where_it_was_left) {
  make_patient();
  server(0) = streams;
  EXPECT_EQ(run(leave(&*made_, 1)), "200");
  expect(call_ending::given_up, 200, 1);
}

}  // namespace
}  // namespace ferrule
