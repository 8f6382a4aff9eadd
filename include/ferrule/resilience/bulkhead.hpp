#pragma once
/// @file
/// A fixed number of calls at a time and a short queue before them, so that one slow service does
/// not take all of a program's memory and attention.
///
/// ```cpp
/// using namespace std::chrono_literals;
/// ferrule::mono_time now{};
/// ferrule::bulkhead slots({.running_max = 2, .waiting_max = 10, .wait_max = 100ms});
/// const ferrule::bulkhead_entry entry = slots.enter(now);  // runs, waits, or is refused
/// if (entry.admission == ferrule::bulkhead_admission::runs) {
///   const auto next = slots.leave(now);  // the waiter that runs now in its place, if any
/// }
/// ```
///
/// Source: M. Nygard, "Release It!", 2nd edition, section "Bulkheads"; resilience4j's Bulkhead.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "ferrule/core/clock.hpp"

namespace ferrule {

struct bulkhead_settings {
  std::uint32_t running_max = 25;  ///< at least 1
  /// Beyond it a call is refused at once. 0: nothing waits.
  std::uint32_t waiting_max = 25;
  /// Who waited so long is refused.
  std::chrono::nanoseconds wait_max = std::chrono::milliseconds(100);
};

/// A place in the queue.
struct bulkhead_ticket {
  std::uint32_t slot = 0;
  std::uint32_t turn = 0;  ///< the slot's how-many-th use, so that an old ticket names nobody

  bool operator==(const bulkhead_ticket&) const = default;
};

enum class bulkhead_admission : std::uint8_t { runs, waits, refused };

struct bulkhead_entry {
  bulkhead_admission admission = bulkhead_admission::refused;
  bulkhead_ticket ticket{};  ///< of one that waits
};

/// What a bulkhead holds, for people and JSON.
struct bulkhead_snapshot {
  std::uint32_t running = 0;
  std::uint32_t waiting = 0;
  std::uint64_t admitted = 0;   ///< at once or after waiting
  std::uint64_t refused = 0;    ///< at once
  std::uint64_t expired = 0;    ///< after waiting
  std::uint64_t cancelled = 0;  ///< while waiting
};

/// First come, first served, if time never goes back. Memory: 24 bytes a place in the queue, taken
/// when it is made. Cost: O(1) an event; `leave` looks past those that `expire` should have named.
/// Thread rule: belongs to one thread.
class bulkhead {
 public:
  explicit bulkhead(const bulkhead_settings& settings);

  /// A call wants to run. It runs, and then has to `leave`; or it waits until `leave` or `expire`
  /// names its ticket or it is cancelled; or it is refused.
  bulkhead_entry enter(mono_time now) noexcept;
  /// A running call ended: the waiter that runs in its place, if there is one whose time is not up.
  std::optional<bulkhead_ticket> leave(mono_time now) noexcept;
  /// Takes out a waiter whose time is up, and is therefore refused; call it until it is empty.
  std::optional<bulkhead_ticket> expire(mono_time now) noexcept;
  /// When `expire` has something to do next; `no_deadline` when nothing waits.
  mono_time next_expiry() const noexcept;
  /// A waiter gave up. Returns false, and does nothing, if it waits no more.
  bool cancel(bulkhead_ticket ticket) noexcept;

  bulkhead_snapshot snapshot() const noexcept;

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  /// A place, in the list of those who wait or in that of free ones, which uses `next` alone.
  struct place {
    std::uint32_t previous = none;
    std::uint32_t next = none;
    std::uint32_t turn = 0;
    bool is_taken = false;
    mono_time expires{};
  };

  bulkhead_ticket take_out(std::uint32_t slot) noexcept;

  std::uint32_t running_max_;
  std::chrono::nanoseconds wait_max_;
  std::vector<place> places_;
  std::uint32_t first_ = none;  // of those who wait, the longest
  std::uint32_t last_ = none;
  std::uint32_t free_ = none;
  bulkhead_snapshot counts_{};
};

}  // namespace ferrule
