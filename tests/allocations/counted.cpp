#include "counted.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

std::size_t count = 0;
std::size_t live_bytes = 0;

}  // namespace

namespace ferrule {

std::size_t allocations() { return count; }
std::size_t allocated_bytes() { return live_bytes; }

}  // namespace ferrule

// NOLINTBEGIN: replacing these functions is how allocations are counted. All of them are, since a
// sanitizer's own do not build on one another.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
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
