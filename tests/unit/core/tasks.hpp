#pragma once
// Tasks that tests of core run.

#include <chrono>
#include <stdexcept>

#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"

namespace ferrule {

using namespace std::chrono_literals;

inline task<int> immediately(int value) { co_return value; }

inline task<int> after(mono_time::duration wait, int value) {
  co_await sleep(wait);
  co_return value;
}

inline task<int> failing_after(mono_time::duration wait) {
  co_await sleep(wait);
  throw std::runtime_error("failed");
}

// Counts how many of its kind are alive, to see that unwinding destroys locals.
struct counted {
  explicit counted(int& count) : alive(count) { ++alive; }
  counted(const counted&) = delete;
  ~counted() { --alive; }
  int& alive;
};

inline task<> hold(int& alive, mono_time::duration wait) {
  counted here(alive);
  co_await sleep(wait);
}

inline task<> hold_deep(int& alive, int depth) {
  counted here(alive);
  if (depth == 0) {
    co_await sleep(1h);
  } else {
    co_await hold_deep(alive, depth - 1);
  }
}

}  // namespace ferrule
