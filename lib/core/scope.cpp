#include "ferrule/core/scope.hpp"

namespace ferrule {

/// One spawned task; it frees itself when it ends.
struct scope::spawned_task {
  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* self, std::size_t bytes) noexcept {
    frame_pool::deallocate(self, bytes);
  }

  struct scoped_child : detail::child<void> {
    scoped_child(task<>&& work, spawned_task& in) noexcept : child(std::move(work)), holder(in) {}
    spawned_task& holder;
  };

  spawned_task(task<>&& work, scope& in) noexcept : inside(in), running(std::move(work), *this) {}

  static void ended(detail::child<void>& c, detail::child_group& group,
                    detail::child_end how) noexcept {
    spawned_task& self = static_cast<scoped_child&>(c).holder;
    --self.inside.spawned_;
    if (how == detail::child_end::threw) {
      self.inside.fail(c.failure());
    }
    if (how == detail::child_end::stopped && group.parent_stopped()) group.unwind_parent(true);
    delete &self;
  }

  scope& inside;
  scoped_child running;
};

void scope::spawn(task<> work) {
  auto* const started = new spawned_task(std::move(work), *this);
  ++spawned_;
  started->running.start(group_, spawned_task::ended);
}

}  // namespace ferrule
