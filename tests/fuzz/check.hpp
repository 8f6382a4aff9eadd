#pragma once
// What the fuzz targets share: a check that stops the run, and input as text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/core/assert.hpp"

#define FUZZ_CHECK(condition) FERRULE_ASSERT(condition, #condition)

namespace ferrule::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Whether a view lies in `whole`, as every view that a parser hands out must.
inline bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace ferrule::fuzz
