#include "counted.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::atomic<std::size_t> count = 0;
std::atomic<std::size_t> live_bytes = 0;

struct failure_plan {
  std::uint64_t left = 0;  // allocations until one fails; 0: none does
  ferrule::shortage kind = ferrule::shortage::once;
  bool on = false;
  bool struck = false;
};
thread_local constinit failure_plan plan;

bool fails() noexcept {
  if (!plan.on) return false;
  if (plan.struck) return plan.kind == ferrule::shortage::lasting;
  plan.struck = plan.left != 0 && --plan.left == 0;
  return plan.struck;
}

}  // namespace

namespace ferrule {

std::size_t allocations() { return count; }
std::size_t allocated_bytes() { return live_bytes; }

failing_allocation::failing_allocation(std::uint64_t n, shortage kind) {
  plan = {.left = n, .kind = kind};
}
failing_allocation::~failing_allocation() { plan = {}; }
bool failing_allocation::switch_on(bool on) { return std::exchange(plan.on, on); }
bool failing_allocation::struck() const { return plan.struck; }

}  // namespace ferrule

// NOLINTBEGIN: replacing these functions is how allocations are counted. All of them are, since a
// sanitizer's own do not build on one another.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (fails()) return nullptr;
  void* block = std::malloc(size);
  ++count;
  live_bytes += malloc_usable_size(block);
  return block;
}
void* operator new(std::size_t size) {
  void* block = operator new(size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* block) noexcept {
  live_bytes -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { operator delete(block); }
void operator delete[](void* block) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t) noexcept { operator delete(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { operator delete(block); }
// NOLINTEND
