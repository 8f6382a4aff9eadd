#pragma once
/// @file
/// The reactors of one process that ask each other things: `gather` (io/gather.hpp) does.
///
/// ```cpp
/// struct greeting : ferrule::addressed {
///   greeting() : addressed([](ferrule::posted& p) noexcept {
///     auto& self = static_cast<greeting&>(p);
///     self.greeted = self.on->place().index;
///   }) {}
///   unsigned greeted = 0;
/// };
/// inline bool greet(ferrule::reactor_group& all, greeting& second) {
///   return all.post_to(1, second);
/// }
/// ```

#include <cstddef>
#include <mutex>
#include <vector>

#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// Work for another reactor of a group, which it is told when it runs.
struct addressed : posted {
  using posted::posted;
  reactor* on = nullptr;
};

/// Which reactors of a process can be asked. It must outlive them.
/// Thread rule: any thread.
class reactor_group {
 public:
  /// For as many reactors, each with its `reactor_place::index`.
  explicit reactor_group(std::size_t count) : members_(count) {}
  reactor_group(const reactor_group&) = delete;
  reactor_group& operator=(const reactor_group&) = delete;

  std::size_t size() const noexcept { return members_.size(); }
  /// From now on `joining` is asked. On its thread; its states must be there.
  void join(reactor& joining) noexcept;
  /// From now on it is asked nothing; all that it was asked before has been posted to it, and is
  /// run by one more `run_once`.
  void leave(reactor& leaving) noexcept;
  /// Posts `work` to that reactor. False: it has not begun, or has left.
  bool post_to(std::size_t index, addressed& work) noexcept;

 private:
  std::vector<reactor*> members_;
  std::mutex mutex_;  ///< held while one posts, so that the other lives
};

}  // namespace ferrule
