#include "ferrule/core/channel.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "support/manual_loop.hpp"
#include "tasks.hpp"

namespace ferrule {
namespace {

using values = std::vector<int>;

task<bool> send(channel<int>& to, int value) { co_return co_await to.send(value); }
task<> send_all(channel<int>& to, int first, int last) {
  for (int i = first; i <= last; ++i) EXPECT_TRUE(co_await to.send(i));
}
task<> receive_all(channel<int>& from, values& into) {
  while (const auto next = co_await from.receive()) into.push_back(*next);
}

TEST(channel, keeps_the_order_and_waits_when_full_or_empty) {
  for (const std::size_t places : {1U, 2U, 3U, 100U}) {
    manual_loop loop;
    channel<int> numbers(places);
    values got;
    started producer(loop, send_all(numbers, 1, 10));
    EXPECT_EQ(numbers.size(), std::min<std::size_t>(places, 10));
    started consumer(loop, receive_all(numbers, got));
    loop.drain();
    EXPECT_TRUE(producer.completed);
    EXPECT_TRUE(consumer.running());
    numbers.close();
    loop.drain();
    EXPECT_TRUE(consumer.completed);
    EXPECT_EQ(got, (values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  }
}

TEST(channel, serves_receivers_in_the_order_of_their_waits) {
  manual_loop loop;
  channel<int> numbers(1);
  std::deque<values> got(3);
  std::deque<started<void>> consumers;
  for (auto& each : got) consumers.emplace_back(loop, receive_all(numbers, each));
  for (int i = 1; i <= 6; ++i) {
    EXPECT_TRUE(numbers.try_send(int(i)));
    EXPECT_EQ(numbers.try_receive(), std::nullopt);  // it is the waiting one's
    loop.drain();
  }
  EXPECT_EQ(got, (std::deque<values>{{1, 4}, {2, 5}, {3, 6}}));
  numbers.close();
  loop.drain();
}

TEST(channel, serves_senders_in_the_order_of_their_waits) {
  manual_loop loop;
  channel<int> numbers(1);
  std::deque<started<bool>> producers;
  for (int i = 1; i <= 4; ++i) producers.emplace_back(loop, send(numbers, i));
  EXPECT_FALSE(numbers.try_send(5));
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(numbers.try_receive(), i);
    if (i < 4) EXPECT_FALSE(numbers.try_send(5));  // the place is the next sender's
    loop.drain();
  }
  for (auto& each : producers) EXPECT_TRUE(each.take());
}

TEST(channel, closing_keeps_what_is_inside_and_turns_senders_away) {
  manual_loop loop;
  channel<int> numbers(2);
  started within(loop, send_all(numbers, 1, 2));
  started waiting(loop, send(numbers, 3));
  numbers.close();
  numbers.close();
  EXPECT_TRUE(numbers.is_closed());
  loop.drain();
  EXPECT_FALSE(waiting.take());
  started late(loop, send(numbers, 4));
  EXPECT_FALSE(late.take());
  EXPECT_FALSE(numbers.try_send(5));
  values got;
  started consumer(loop, receive_all(numbers, got));
  EXPECT_TRUE(consumer.completed);
  EXPECT_EQ(got, (values{1, 2}));
}

TEST(channel, closing_wakes_receivers_with_nothing) {
  manual_loop loop;
  channel<int> numbers(2);
  values got;
  started one(loop, receive_all(numbers, got));
  started two(loop, receive_all(numbers, got));
  numbers.close();
  loop.drain();
  EXPECT_TRUE(one.completed);
  EXPECT_TRUE(two.completed);
}

TEST(channel, a_cancelled_receiver_takes_no_value) {
  for (const std::size_t stopped : {0U, 1U, 2U}) {
    manual_loop loop;
    channel<int> numbers(1);
    std::deque<values> got(3);
    std::deque<started<void>> consumers;
    for (auto& each : got) consumers.emplace_back(loop, receive_all(numbers, each));
    consumers[stopped].stop.request_stop();
    EXPECT_TRUE(numbers.try_send(1));
    loop.drain();
    EXPECT_TRUE(consumers[stopped].stopped);
    EXPECT_EQ(got[stopped == 0 ? 1 : 0], values{1});
    numbers.close();
    loop.drain();
  }
}

TEST(channel, a_cancelled_sender_sends_nothing) {
  for (const int stopped : {2, 3, 4}) {
    manual_loop loop;
    channel<int> numbers(1);
    std::deque<started<bool>> producers;
    for (int i = 1; i <= 4; ++i) producers.emplace_back(loop, send(numbers, i));
    producers[static_cast<std::size_t>(stopped - 1)].stop.request_stop();
    loop.drain();
    values got;
    while (const auto next = numbers.try_receive()) got.push_back(*next);
    values expected{1, 2, 3, 4};
    std::erase(expected, stopped);
    EXPECT_EQ(got, expected);
    loop.drain();
  }
}

TEST(channel, a_value_that_was_handed_over_is_received_in_spite_of_a_stop) {
  manual_loop loop;
  channel<int> numbers(1);
  values got;
  started consumer(loop, receive_all(numbers, got));
  EXPECT_TRUE(numbers.try_send(1));
  consumer.stop.request_stop();
  loop.drain();
  EXPECT_EQ(got, values{1});
  EXPECT_TRUE(consumer.stopped);  // at its next wait
}

TEST(channel, moves_what_cannot_be_copied) {
  manual_loop loop;
  channel<std::unique_ptr<int>> numbers(1);
  auto kept = std::make_unique<int>(1);
  EXPECT_TRUE(numbers.try_send(std::move(kept)));
  kept = std::make_unique<int>(2);
  EXPECT_FALSE(numbers.try_send(std::move(kept)));
  EXPECT_NE(kept, nullptr);  // NOLINT(bugprone-use-after-move): it was not taken
  EXPECT_EQ(**numbers.try_receive(), 1);
}

TEST(channel, many_that_wake_each_other_do_not_pile_up_on_the_stack) {
  manual_loop loop;
  channel<int> numbers(1);
  values got;
  constexpr int many = 100'000;
  started consumer(loop, receive_all(numbers, got));
  started producer(loop, send_all(numbers, 1, many));
  loop.drain();
  EXPECT_TRUE(producer.completed);
  EXPECT_EQ(got.size(), std::size_t{many});

  std::deque<started<void>> waiting;
  for (int i = 0; i != many; ++i) waiting.emplace_back(loop, receive_all(numbers, got));
  numbers.close();
  loop.drain();
  EXPECT_TRUE(waiting.back().completed);
}

}  // namespace
}  // namespace ferrule
