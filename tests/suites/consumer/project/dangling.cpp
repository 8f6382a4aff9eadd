// Must not compile: the captures of the lambda are gone when it runs.
#include <ferrule/ferrule.hpp>

ferrule::task<int> answer(int n) {
  auto work = [n]() -> ferrule::task<int> { co_return n; }();
  co_return co_await std::move(work);
}

int main() {}
