#pragma once
/// @file
/// How many cores this process may use, so that a service starts as many reactors as can run.
///
/// ```cpp
/// unsigned default_threads() { return ferrule::usable_cores(); }
/// ```

#include <string_view>

namespace ferrule {

/// The cores of the process' affinity mask, or fewer where the CPU quota of its cgroup (version 2
/// or 1, the tightest on the path to the root) allows less: a quota of 1.5 cores counts as 1, for
/// reactors that share a throttled core stall each other; never less than 1.
/// `root` is where /proc and /sys are found. Any thread.
/// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, cpu.max; sched-bwc.rst.
unsigned usable_cores(std::string_view root = "");

}  // namespace ferrule
