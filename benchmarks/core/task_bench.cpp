// What a task costs: its frame, an await, a suspension that the loop resumes.

#include "ferrule/core/task.hpp"

#include <benchmark/benchmark.h>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/core/parked.hpp"
#include "ferrule/core/when_all.hpp"

namespace {

using namespace ferrule;

/// The least loop that can resume something.
class queue_only final : public executor {
 public:
  mono_time now() const noexcept override { return {}; }
  wall_time date() const noexcept override { return {}; }
  rng& random() noexcept override { return random_; }
  void arm(timer&, mono_time) noexcept override {}
  void disarm(timer&) noexcept override {}
  void drain() {
    while (has_ready()) run_ready();
  }

 private:
  rng random_{1};
};

/// Runs a benchmark whose loop is inside a task.
void run(task<> (*body)(benchmark::State*), benchmark::State& state) {
  queue_only loop;
  stop_source stop;
  const environment env{.loop = &loop, .stop = &stop};
  detail::receiver owner{[](detail::receiver&) noexcept {}, [](detail::receiver&) noexcept {}};
  task<> root = body(&state);
  root.start(env, owner);
  loop.drain();
  root.take();
}

task<int> leaf(int value) { co_return value; }
task<int> middle(int value) { co_return co_await leaf(value) + 1; }
task<int> outer(int value) { co_return co_await middle(value) + 1; }

task<> await_leaves(benchmark::State* state) {
  for (auto _ : *state) benchmark::DoNotOptimize(co_await leaf(1));
}
void task_create_await_destroy(benchmark::State& state) { run(await_leaves, state); }
BENCHMARK(task_create_await_destroy);

task<> await_chains(benchmark::State* state) {
  for (auto _ : *state) benchmark::DoNotOptimize(co_await outer(1));
}
void task_three_nested(benchmark::State& state) { run(await_chains, state); }
BENCHMARK(task_three_nested);

/// Suspends, and has the loop resume it at once.
struct turn : parked {
  turn() : parked([](parked&) noexcept {}) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    park(self);
    wake();
  }
  void await_resume() const noexcept {}
};

task<> take_turns(benchmark::State* state) {
  for (auto _ : *state) co_await turn();
}
void task_suspend_resume(benchmark::State& state) { run(take_turns, state); }
BENCHMARK(task_suspend_resume);

task<> await_pairs(benchmark::State* state) {
  for (auto _ : *state) {
    auto both = co_await when_all(leaf(1), leaf(2));
    benchmark::DoNotOptimize(both);
  }
}
void task_when_all_of_two(benchmark::State& state) { run(await_pairs, state); }
BENCHMARK(task_when_all_of_two);

void frame_pool_take_and_return(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* frame = frame_pool::allocate(bytes);
    benchmark::DoNotOptimize(frame);
    frame_pool::deallocate(frame, bytes);
  }
}
BENCHMARK(frame_pool_take_and_return)->Arg(128)->Arg(1024);

void heap_take_and_return(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* frame = ::operator new(bytes);
    benchmark::DoNotOptimize(frame);
    ::operator delete(frame, bytes);
  }
}
BENCHMARK(heap_take_and_return)->Arg(128)->Arg(1024);

}  // namespace
