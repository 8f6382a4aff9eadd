#pragma once
// Counts what the whole program takes from the heap with `new`, and lets it run out of memory.

#include <cstddef>
#include <cstdint>

namespace ferrule {

/// How many blocks `new` has handed out so far.
std::size_t allocations();

/// The bytes of the blocks that are not yet given back.
std::size_t allocated_bytes();

/// How much of what follows the first failure fails as well.
enum class shortage : std::uint8_t { once, lasting };

/// While it lives and is switched on, the n-th allocation of this thread fails, counted from 1, and
/// all after it when the shortage is lasting: they throw std::bad_alloc or, with std::nothrow,
/// return null. One at a time.
class failing_allocation {
 public:
  failing_allocation(std::uint64_t n, shortage kind);
  failing_allocation(const failing_allocation&) = delete;
  failing_allocation& operator=(const failing_allocation&) = delete;
  ~failing_allocation();

  /// It starts switched off. Returns what it was before.
  bool switch_on(bool on);
  /// Whether an allocation has failed.
  bool struck() const;
};

}  // namespace ferrule
