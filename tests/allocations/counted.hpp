#pragma once
// Counts what the whole program takes from the heap with `new`.

#include <cstddef>

namespace ferrule {

/// How many blocks `new` has handed out so far.
std::size_t allocations();

/// The bytes of the blocks that are not yet given back.
std::size_t allocated_bytes();

}  // namespace ferrule
