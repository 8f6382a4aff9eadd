#pragma once
/// @file
/// A bounded queue between coroutines of one reactor: producers wait while it is full, consumers
/// while it is empty.
///
/// ```cpp
/// ferrule::task<> count_to(int last, ferrule::channel<int>& into) {
///   for (int i = 1; i <= last; ++i) co_await into.send(i);
///   into.close();
/// }
/// ferrule::task<int> sum_of(ferrule::channel<int>& from) {
///   int sum = 0;
///   while (auto next = co_await from.receive()) sum += *next;
///   co_return sum;
/// }
/// ```
///
/// Source: C. A. R. Hoare, "Communicating sequential processes", with a buffer and a close.

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/core/wait_list.hpp"

namespace ferrule {

/// Values on their way from any number of producers to any number of consumers, each to one of
/// them, in the order in which they were sent. Both kinds are served first come, first served.
/// It must outlive those who wait in it. Memory: `values_max` places, taken when it is made.
/// Thread rule: the loop's own thread.
template <class T>
class channel {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a channel moves values, and none is lost");
  class send_awaiter;
  class receive_awaiter;

 public:
  /// `values_max` values, at least 1, may be under way without a consumer.
  explicit channel(std::size_t values_max) : places_(values_max) {
    FERRULE_ASSERT(values_max > 0, "a channel needs room for a value");
  }

  /// `co_await` gives true when the value is in the channel, false when the channel was closed
  /// before: then the value is gone. Suspends while the channel is full; resumes on the same
  /// thread, from the loop's queue. Cancellation while it waits: unwinds, nothing is sent.
  send_awaiter send(T value) noexcept { return send_awaiter(*this, std::move(value)); }
  /// Sends without waiting; false, with the value untouched, when the channel is full or closed.
  bool try_send(T&& value) noexcept {
    if (closed_ || !has_room()) return false;
    put(std::move(value));
    return true;
  }

  /// `co_await` gives the next value, or nothing when the channel is closed and empty. Suspends
  /// while it is empty; resumes on the same thread, from the loop's queue. Cancellation while it
  /// waits: unwinds and takes no value; what was handed to it already is received.
  receive_awaiter receive() noexcept { return receive_awaiter(*this); }
  /// The next value without waiting; nothing when there is none now.
  std::optional<T> try_receive() noexcept {
    std::optional<T> taken;
    if (count_ == 0) return taken;
    taken.swap(places_[first_]);
    first_ = (first_ + 1) % places_.size();
    --count_;
    if (detail::waiter* const next = senders_.take_first()) {
      auto& sender = static_cast<send_awaiter&>(*next);
      sender.sent_ = true;
      store(std::move(sender.value_));
      sender.wake();
    }
    return taken;
  }

  /// No more values: what is in the channel can still be received, senders that wait give up, and
  /// receivers that wait get nothing. A second close changes nothing.
  void close() noexcept {
    closed_ = true;
    while (detail::waiter* const next = senders_.take_first()) next->wake();
    while (detail::waiter* const next = receivers_.take_first()) next->wake();
  }
  bool is_closed() const noexcept { return closed_; }
  /// How many values could be received now.
  std::size_t size() const noexcept { return count_; }
  std::size_t values_max() const noexcept { return places_.size(); }

 private:
  // Senders wait only while all places are taken, receivers only while none is: so whoever comes
  // by with a value or a place to spare has to look at one of the lists, and overtakes nobody.
  bool has_room() const noexcept { return count_ != places_.size(); }

  void put(T&& value) noexcept {
    if (detail::waiter* const next = receivers_.take_first()) {
      auto& receiver = static_cast<receive_awaiter&>(*next);
      receiver.received_.emplace(std::move(value));
      receiver.wake();
    } else {
      store(std::move(value));
    }
  }
  void store(T&& value) noexcept {
    places_[(first_ + count_) % places_.size()].emplace(std::move(value));
    ++count_;
  }

  std::vector<std::optional<T>> places_;  // a ring of `count_` values from `first_` on
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  bool closed_ = false;
  detail::wait_list senders_;
  detail::wait_list receivers_;
};

template <class T>
class [[nodiscard]] channel<T>::send_awaiter : public detail::waiter {
 public:
  bool await_ready() noexcept {
    sent_ = to_.try_send(std::move(value_));
    return sent_ || to_.closed_;
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    this->wait_in(to_.senders_, self);
  }
  bool await_resume() const noexcept { return sent_; }

 private:
  friend channel;
  send_awaiter(channel& to, T&& value) noexcept : to_(to), value_(std::move(value)) {}

  channel& to_;
  T value_;
  bool sent_ = false;
};

template <class T>
class [[nodiscard]] channel<T>::receive_awaiter : public detail::waiter {
 public:
  bool await_ready() noexcept {
    received_ = from_.try_receive();
    return received_.has_value() || from_.closed_;
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    this->wait_in(from_.receivers_, self);
  }
  std::optional<T> await_resume() noexcept { return std::move(received_); }

 private:
  friend channel;
  explicit receive_awaiter(channel& from) noexcept : from_(from) {}

  channel& from_;
  std::optional<T> received_;
};

}  // namespace ferrule
