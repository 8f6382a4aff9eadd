// What runs on other threads must not hold on to what belongs to this one.
#include "ferrule/core/task.hpp"
#include "ferrule/io/gather.hpp"
using namespace ferrule;

struct visits {
  int count = 0;
};

//! case: gather with a function that captures
//! expect: what gather runs captures nothing
inline task<std::size_t> count_some(visits& mine, int least) {
#ifdef REFUSED
  const auto all = co_await gather(mine, [&](visits& one) { return one.count >= least; });
#else
  const auto all = co_await gather(
      mine, [](visits& one, int wanted) { return one.count >= wanted; }, least);
#endif
  co_return all.size();
}

//! case: gather of nothing
//! expect: what gather runs gives a value
inline task<std::size_t> clear(visits& mine) {
#ifdef REFUSED
  const auto all = co_await gather(mine, [](visits& one) { one.count = 0; });
#else
  const auto all = co_await gather(mine, [](visits& one) { return one.count = 0, true; });
#endif
  co_return all.size();
}
