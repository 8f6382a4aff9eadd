#pragma once
/// @file
/// What a simulation keeps itself in: events in the order of their time, and bytes in a queue.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ferrule/core/clock.hpp"

namespace ferrule::test::sim {

/// Things to happen, by time; at one time in the order in which they were planned.
class event_queue {
 public:
  /// Plans `happen()` for `at`.
  template <class F>
  void plan(mono_time at, F happen) {
    heap_.push_back({at, next_number_++, std::make_unique<event_of<F>>(std::move(happen))});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// The time of the first event; `no_deadline` when there is none.
  mono_time next() const noexcept { return heap_.empty() ? no_deadline : heap_.front().at; }

  /// Takes the first event out and lets it happen.
  void happen() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const std::unique_ptr<event> first = std::move(heap_.back().what);
    heap_.pop_back();
    first->happen();
  }

 private:
  struct event {
    virtual ~event() = default;
    virtual void happen() = 0;
  };
  template <class F>
  struct event_of final : event {
    explicit event_of(F f) : function(std::move(f)) {}
    void happen() override { function(); }
    F function;
  };
  struct planned {
    mono_time at;
    std::uint64_t number;
    std::unique_ptr<event> what;
  };
  static bool later(const planned& a, const planned& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  std::vector<planned> heap_;
  std::uint64_t next_number_ = 0;
};

/// Bytes, first in first out.
class byte_queue {
 public:
  std::size_t size() const noexcept { return bytes_.size() - head_; }
  bool empty() const noexcept { return size() == 0; }

  void push(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  /// Moves `into.size()` bytes out, of which there must be as many.
  void pop(std::span<std::byte> into) {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(head_), into.size(), into.begin());
    head_ += into.size();
    if (head_ * 2 < bytes_.size()) return;  // moving the rest down costs less than what was popped
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  void clear() noexcept { bytes_.clear(), head_ = 0; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t head_ = 0;
};

}  // namespace ferrule::test::sim
