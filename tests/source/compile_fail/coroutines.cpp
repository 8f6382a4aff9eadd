#include <string>

#include "ferrule/api/response_stream.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/route/table.hpp"
using namespace ferrule;
using namespace std::chrono_literals;
inline task<std::size_t> count(const std::string& text) { co_return text.size(); }

//! case: a coroutine lambda that outlives its captures
//! expect: temporary whose address is used as value of local variable 'work'
//! expect: [-Werror,-Wdangling]
inline task<std::string> greet(std::string name) {
#ifdef REFUSED
  auto work = [name]() -> task<std::string> { co_return name; }();
#else
  auto work = [](std::string who) -> task<std::string> { co_return who; }(name);
#endif
  co_return co_await std::move(work);
}

//! case: a task that outlives the temporary it was given
//! expect: temporary whose address is used as value of local variable 'counted'
//! expect: [-Werror,-Wdangling]
inline task<std::size_t> twice(std::string text) {
#ifdef REFUSED
  auto counted = count(text + text);
#else
  const std::string both = text + text;
  auto counted = count(both);
#endif
  co_return co_await std::move(counted);
}

//! case: a task that outlives its object
//! expect: temporary whose address is used as value of local variable 'next'
struct counter {
  task<int> up() { co_return ++n; }
  int n = 0;
};
inline task<int> one() {
#ifdef REFUSED
  auto next = counter{}.up();
#else
  counter mine;
  auto next = mine.up();
#endif
  co_return co_await std::move(next);
}

//! case: a stream that outlives the temporary it was given
//! expect: temporary whose address is used as value of local variable 'made'
inline response_stream lines(const std::string& text) { co_yield text; }
FERRULE_CORO_WRAPPER inline response_stream doubled(const std::string& text) {
#ifdef REFUSED
  auto made = lines(text + text);
#else
  auto made = lines(text);
#endif
  return made;
}

//! case: a function that hands on a task which refers to a variable of its own
//! expect: address of stack memory associated with local variable 'text' returned
//! expect: [-Werror,-Wreturn-stack-address]
FERRULE_CORO_WRAPPER inline task<std::size_t> length(int digits) {
#ifdef REFUSED
  const std::string text(static_cast<std::size_t>(digits), '1');
#else
  static const std::string text(1, static_cast<char>('0' + digits));
#endif
  return count(text);
}

//! case: a function that hands a task on and does not say so
//! expect: is neither a coroutine nor a coroutine wrapper
#ifndef REFUSED
FERRULE_CORO_WRAPPER
#endif
inline task<std::size_t> length(const std::string& text) { return count(text); }

//! case: a handler that hands a task on and does not say so
//! expect: is neither a coroutine nor a coroutine wrapper
inline task<int> load() { co_return 42; }
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /number">([]() { return load(); }));
#else
constexpr auto routes =
    route_table(route<"GET /number">([]() FERRULE_CORO_WRAPPER { return load(); }));
#endif

//! case: a call that copies its arguments, and one that does not
//! expect: temporary whose address is used as value of local variable 'made'
struct copier {
#ifndef REFUSED
  FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES
#else
  FERRULE_CORO_WRAPPER
#endif
  task<int> operator()(const int& n) const {
    return [](int own) -> task<int> { co_return own; }(n);
  }
};
inline task<int> late() {
  const copier copy;
  auto made = copy(42);
  co_return co_await std::move(made);
}

//! case: a race that outlives the temporary it was given
//! expect: temporary whose address is used as value of local variable 'first'
inline task<std::size_t> shorter(std::string a, std::string b) {
#ifdef REFUSED
  auto first = race(count(a + b), count(b));
#else
  auto first = race(count(a), count(b));
#endif
  co_return (co_await std::move(first)).index();
}

//! case: a deadline for a lambda that captures
//! expect: temporary whose address is used as value of local variable 'timed'
inline task<bool> timely(int n) {
#ifdef REFUSED
  auto timed = with_deadline(1s, [n]() -> task<int> { co_return n; }());
#else
  auto timed = with_deadline(1s, [](int own) -> task<int> { co_return own; }(n));
#endif
  co_return (co_await std::move(timed)).has_value();
}

//! case: all of what refers to temporaries
//! expect: temporary whose address is used as value of local variable 'both'
inline task<std::size_t> sum(std::string text) {
#ifdef REFUSED
  auto both = when_all(count(text), count(text + text));
#else
  auto both = when_all(count(text), count(text));
#endif
  const auto [one, two] = co_await std::move(both);
  co_return one + two;
}

//! case: a task that is awaited as if it lasted
//! expect: a task is awaited once, and then gone: co_await std::move(it)
inline task<std::size_t> once(std::string text) {
  auto counted = count(text);
#ifdef REFUSED
  co_return co_await counted;
#else
  co_return co_await std::move(counted);
#endif
}

//! case: something that cannot be awaited
//! expect: ferrule: this cannot be awaited
inline task<int> number() {
#ifdef REFUSED
  co_return co_await std::optional<int>(1);
#else
  co_return co_await [](int n) -> task<int> { co_return n; }(1);
#endif
}

//! case: a task of a reference
//! expect: a task gives a value, not a reference
#ifdef REFUSED
inline task<const std::string&> same(const std::string& text) { co_return text; }
#else
inline task<const std::string*> same(const std::string& text) { co_return &text; }
#endif
