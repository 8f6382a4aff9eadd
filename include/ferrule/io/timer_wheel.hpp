#pragma once
/// @file
/// Timers by the thousand at constant cost: a hierarchical timing wheel whose next due time feeds
/// the reactor's sleep, so that an idle reactor does not wake.
///
/// ```cpp
/// void arm_in_a_millisecond(ferrule::timer_wheel& wheel, ferrule::timer& t,
///                           ferrule::mono_time now) {
///   wheel.arm(t, now + std::chrono::milliseconds(1));
/// }
/// ```
///
/// Source: G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987.

#include <array>
#include <cstddef>
#include <cstdint>

#include "ferrule/core/executor.hpp"
#include "ferrule/core/intrusive_list.hpp"

namespace ferrule {

/// A set of armed timers in ticks of 131 µs. A timer never fires early; it fires at most one tick
/// late plus the loop's own delay. Arming, moving and disarming cost O(1).
/// Thread rule: one thread.
class timer_wheel {
 public:
  /// `start` is the time that the first `advance` counts from.
  explicit timer_wheel(mono_time start) noexcept;

  /// Arms or moves `t`. A time in the past fires at the next `advance`.
  void arm(timer& t, mono_time at) noexcept;
  /// Takes `t` out. Harmless when not armed.
  void disarm(timer& t) noexcept;
  /// No later than the moment when the next `advance` has something to do; `no_deadline` when
  /// nothing is armed. A far timer may take a few such steps before it fires.
  mono_time next_due() const noexcept;
  /// Calls `expired` of every timer whose time has come, in the order of their ticks and within a
  /// tick in the order of arming. Each may arm, disarm and destroy timers, itself included; what it
  /// arms waits for the next call. Returns how many fired.
  unsigned advance(mono_time now) noexcept;
  bool empty() const noexcept { return armed_ == 0; }

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1U << slot_bits;
  static constexpr unsigned levels = 8;  // 2^48 ticks: more than mono_time can name

  struct place {
    unsigned level;
    std::uint64_t tick;  // where the slot begins
  };

  using slot = intrusive_list<timer, timer>;

  void insert(timer& t) noexcept;
  void take(place from, slot& into) noexcept;
  place first_occupied() const noexcept;

  std::uint64_t tick_;  // everything before this tick was fired
  std::uint64_t armed_ = 0;
  std::array<std::uint64_t, levels> occupied_{};  // a bit a slot
  std::array<slot, std::size_t{levels} * slots> wheel_;
};

}  // namespace ferrule
