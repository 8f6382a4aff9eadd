#pragma once
/// @file
/// What a task inherits from the one that awaits it: where it runs, who may stop it, by when it
/// must be done, which trace it belongs to, and how many retries are left. One pointer, handed down
/// by the promise.
///
/// ```cpp
/// bool is_late(const ferrule::environment& env) { return env.loop->now() > env.deadline; }
/// ```

#include <array>
#include <cstdint>

#include "ferrule/core/executor.hpp"
#include "ferrule/core/retry_allowance.hpp"
#include "ferrule/core/stop.hpp"

namespace ferrule {

/// Which distributed trace a piece of work belongs to (W3C Trace Context).
struct trace_context {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = false;
};

/// The surroundings of a running task. It belongs to whoever started the task and outlives it.
/// Thread rule: the loop's own thread.
struct environment {
  executor* loop = nullptr;              ///< never null in a running task
  stop_source* stop = nullptr;           ///< never null in a running task
  stop_source* drain = nullptr;          ///< says when its service begins to end, if it has one
  mono_time deadline = no_deadline;      ///< when the work is of no use any more
  const trace_context* trace = nullptr;  ///< null: not traced
  /// Of the request that is served; null: each call has its own.
  retry_allowance* retries = nullptr;
};

}  // namespace ferrule
