#pragma once
/// @file
/// What each reactor of the service says: `gather` runs a function on every one, with that
/// reactor's state, and gives what they return. For sums over all of them, and for what all have
/// to be told; states themselves stay each on its own thread.
///
/// ```cpp
/// #include "ferrule/core/task.hpp"
/// struct visits { std::uint64_t count = 0; };
/// inline ferrule::task<std::uint64_t> count_all(visits& mine) {   // a handler
///   const auto counts = co_await ferrule::gather(mine, [](visits& v) { return v.count; });
///   std::uint64_t sum = 0;
///   for (const auto& each : counts) sum += each.value_or(0);
///   co_return sum;
/// }
/// ```

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/core/parked.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/reactor_group.hpp"

namespace ferrule {
namespace detail {

class gather_awaiter;

/// One question to all reactors, with room for their answers. Whoever asked, and each that has yet
/// to answer, keeps it alive: none of them waits for another.
class gathering {
 public:
  gathering(reactor& home, const void* mine);
  gathering(const gathering&) = delete;
  gathering& operator=(const gathering&) = delete;
  void release() noexcept {
    if (held_by_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::size_t size() const noexcept { return seats_.size(); }
  bool has_answered(std::size_t i) const noexcept {
    return seats_[i].answered.load(std::memory_order_acquire);
  }

 protected:
  virtual ~gathering() = default;
  /// Runs the function on one of them, with its state; whether it gave an answer.
  virtual bool answer(std::size_t index, void* state) noexcept = 0;

 private:
  friend gather_awaiter;
  struct seat : addressed {
    seat() noexcept : addressed(run) {}
    static void run(posted& p) noexcept;
    gathering* of = nullptr;
    std::atomic<bool> answered = false;
  };
  struct return_way : addressed {
    using addressed::addressed;
    gathering* of = nullptr;
  };

  bool ask_all() noexcept;
  void one_less() noexcept;

  reactor& home_;  // for its own thread
  const std::size_t home_index_;
  reactor_group* const group_;
  void* const mine_;
  state_place place_{};
  std::vector<seat> seats_;
  std::atomic<std::uint32_t> held_by_ = 1;
  std::atomic<std::size_t> awaited_;
  return_way back_;
  gather_awaiter* waiter_ = nullptr;  // for its thread
};

/// Waits for the answers, or until the time is over.
class [[nodiscard]] gather_awaiter : parked, timer {
 public:
  gather_awaiter(gathering& all, std::chrono::nanoseconds within) noexcept
      : parked(on_abandoned), timer(on_expired), all_(all), within_(within) {}
  bool await_ready() const noexcept { return all_.ask_all(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    executor& loop = all_.home_;
    loop.arm(*this, saturating_add(loop.now(), within_));
    all_.waiter_ = this;
    park(self);
  }
  void await_resume() const noexcept {}

 private:
  friend gathering;
  static void forget(gather_awaiter& self) noexcept {
    self.all_.waiter_ = nullptr;
    static_cast<executor&>(self.all_.home_).disarm(self);
  }
  static void on_abandoned(parked& p) noexcept { forget(static_cast<gather_awaiter&>(p)); }
  static void on_expired(timer& t) noexcept {
    auto& self = static_cast<gather_awaiter&>(t);
    forget(self);
    self.resume();
  }

  gathering& all_;
  std::chrono::nanoseconds within_;
};

template <class State, class F, class... A>
class gathering_of final : public gathering {
 public:
  using result_type = std::invoke_result_t<const F&, State&, const A&...>;
  static_assert(std::is_empty_v<F> || std::is_function_v<std::remove_pointer_t<F>>,
                "ferrule: what gather runs captures nothing, since it runs on other threads, also "
                "after its caller has gone: give it values after the function");
  static_assert(std::is_object_v<result_type>,
                "ferrule: what gather runs gives a value: a copy, and no reference to a state");

  gathering_of(reactor& home, State* mine, F ask, std::tuple<A...> values)
      : gathering(home, mine), ask_(std::move(ask)), values_(std::move(values)), found_(size()) {}
  std::vector<std::optional<result_type>> take() {
    std::vector<std::optional<result_type>> all(found_.size());
    for (std::size_t i = 0; i != all.size(); ++i) {
      if (has_answered(i)) all[i] = std::move(found_[i]);
    }
    return all;
  }

 private:
  bool answer(std::size_t index, void* state) noexcept override {
    try {
      found_[index].emplace(std::apply(
          [&](const A&... each) { return ask_(*static_cast<State*>(state), each...); }, values_));
      return true;
    } catch (...) {
      return false;
    }
  }

  [[no_unique_address]] F ask_;
  std::tuple<A...> values_;
  std::vector<std::optional<result_type>> found_;
};

struct release_gathering {
  void operator()(gathering* one) const noexcept { one->release(); }
};

template <class State, class F, class... A>
task<std::vector<std::optional<typename gathering_of<State, F, A...>::result_type>>> gather_from(
    std::chrono::nanoseconds within, State* mine, F ask, std::tuple<A...> values) {
  using all_type = gathering_of<State, F, A...>;
  const environment& env = co_await current_environment();
  const std::unique_ptr<all_type, release_gathering> all(
      new all_type(static_cast<reactor&>(*env.loop), mine, std::move(ask), std::move(values)));
  co_await gather_awaiter(*all, within);
  co_return all->take();
}

}  // namespace detail

/// So long `gather` waits for those that do not answer.
inline constexpr std::chrono::nanoseconds gather_timeout = std::chrono::seconds(1);

/// `co_await gather(mine, ask, values...)` calls `ask(state, values...)` on each reactor of the
/// service, on its thread, where `state` is what `mine` is on this one: a state that `serve` was
/// given. Gives an answer for each reactor, in their order; an empty one of those that have ended,
/// that have yet to start, that did not answer `within`, or where `ask` threw. `ask` captures
/// nothing, must not wait, and returns a value; `values` are copied, and read by several threads.
/// Where there is one reactor, as in tests, there is one answer.
/// Resumes on the same thread. Cancellation: unwinds at once, though `ask` may still run elsewhere.
/// Throws std::bad_alloc.
template <class State, class F, class... A>
FERRULE_CORO_WRAPPER auto gather_within(std::chrono::nanoseconds within, State& mine, F ask,
                                        A... values) {
  return detail::gather_from(within, &mine, std::move(ask), std::tuple<A...>(std::move(values)...));
}
/// The same within `gather_timeout`.
template <class State, class F, class... A>
FERRULE_CORO_WRAPPER auto gather(State& mine, F ask, A... values) {
  return gather_within(gather_timeout, mine, std::move(ask), std::move(values)...);
}

}  // namespace ferrule
