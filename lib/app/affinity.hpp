#pragma once
// The processors of an affinity mask of any size.

#include <sched.h>

#include <cstddef>

namespace ferrule {

/// sched_getaffinity(2), or what a test puts in its place.
using affinity_function = int (*)(pid_t process, std::size_t bytes, cpu_set_t* set);

/// How many processors the mask has; 1 when it cannot be read.
unsigned affinity_cores(affinity_function affinity);

}  // namespace ferrule
