// Runs the everyday coroutine patterns that some compilers build wrongly without a word, and
// returns 0 if this one builds them rightly. Known to fail: g++ 12.2 (GCC bug 106188, and the
// double destruction of aggregate temporaries). Does not compile where the headers would not: clang
// 16 and 17. Kept free of any library but the standard one.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace {

template <class T>
struct task {
  struct promise_type {
    T value{};
    std::coroutine_handle<> awaiting = std::noop_coroutine();

    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct resume_awaiting {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> me) noexcept {
          return me.promise().awaiting;
        }
        void await_resume() noexcept {}
      };
      return resume_awaiting{};
    }
    void return_value(T v) { value = std::move(v); }
    void unhandled_exception() { std::terminate(); }
  };

  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  ~task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    frame_.promise().awaiting = awaiting;
    return frame_;
  }
  T await_resume() { return std::move(frame_.promise().value); }

  T run() {
    frame_.resume();
    return std::move(frame_.promise().value);
  }

 private:
  std::coroutine_handle<promise_type> frame_;
};

int alive = 0;

/// Counts its objects, so that one destroyed twice or never shows.
struct counted {
  counted() { ++alive; }
  counted(const counted&) { ++alive; }
  counted(counted&&) noexcept { ++alive; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --alive; }
};

struct aggregate {
  counted counter;
  std::shared_ptr<int> owner;
};

task<bool> answer(bool value) { co_return value; }
task<int> take(aggregate a) { co_return *a.owner; }
task<int> take_reference(const aggregate& a) { co_return *a.owner; }

// An awaited condition in a coroutine whose outermost scope declares nothing.
task<int> awaited_condition(bool value) {
  if (co_await answer(value)) co_return 1;
  co_return 2;
}

task<int> awaited_condition_with_blocks(bool value) {
  if (co_await answer(value)) {
    std::string local = "a local in an inner scope";
    co_return local.empty() ? 0 : 1;
  } else {
    co_return 2;
  }
}

// Temporaries of aggregate type given to an awaited call.
task<int> aggregate_argument(std::shared_ptr<int> owner) {
  co_return co_await take(aggregate{{}, owner});
}

task<int> aggregate_argument_by_reference(std::shared_ptr<int> owner) {
  co_return co_await take_reference(aggregate{{}, owner});
}

// Members of an aggregate are named by the addresses they would have in an object that need not be.
struct pair_of_numbers {
  int first;
  int second;
};
template <class T>
struct place {
  T value;
};
template <class T>
extern const place<T> nowhere;
template <const auto& Member>
constexpr bool is_named = true;
template <class T>
consteval bool names_its_members() {
  constexpr const auto& value = nowhere<T>.value;
  return requires { is_named<std::get<1>(std::tie(value.first, value.second))>; };
}
static_assert(names_its_members<pair_of_numbers>(), "addresses of members are no constants");

template <class Call>
bool destroys_each_once(Call call) {
  auto owner = std::make_shared<int>(5);
  const int before = alive;
  const int value = call(owner).run();
  return value == 5 && alive == before && owner.use_count() == 1;
}

int failures = 0;

void expect(bool ok, const char* what) {
  if (ok) return;
  std::printf("%s\n", what);
  ++failures;
}

}  // namespace

int main() {
  expect(awaited_condition(true).run() == 1 && awaited_condition(false).run() == 2,
         "`if (co_await x)` takes the wrong branch");
  expect(awaited_condition_with_blocks(true).run() == 1 &&
             awaited_condition_with_blocks(false).run() == 2,
         "`if (co_await x) {} else {}` takes the wrong branch");
  expect(destroys_each_once(aggregate_argument),
         "an aggregate passed to an awaited call is not destroyed exactly once");
  expect(destroys_each_once(aggregate_argument_by_reference),
         "an aggregate lent to an awaited call is not destroyed exactly once");
  return failures == 0 ? 0 : 1;
}
