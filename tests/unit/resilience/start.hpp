#pragma once
// The time at which tests begin: none of them may depend on the clock's zero.

#include "ferrule/core/clock.hpp"

namespace ferrule {

inline constexpr mono_time start(std::chrono::seconds(100));

}  // namespace ferrule
