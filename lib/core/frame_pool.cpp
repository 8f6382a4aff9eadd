#include "ferrule/core/frame_pool.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "ferrule/core/assert.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define FERRULE_POOL_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FERRULE_POOL_FRAMES 0
#endif
#endif
#ifndef FERRULE_POOL_FRAMES
#define FERRULE_POOL_FRAMES 1
#endif

namespace ferrule {
namespace {

constexpr std::size_t step_bytes = 32;  // between size classes
constexpr std::size_t classes = frame_pool::pooled_bytes_max / step_bytes;

struct free_frame {
  free_frame* next;
};
struct free_list {
  free_frame* first = nullptr;
  std::size_t count = 0;
  std::size_t least = 0;  // since `tidy` was here
};

constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / step_bytes; }

struct thread_pool {
  std::array<free_list, classes> lists{};
  frame_pool::counters counted;
  bool has_many = false;      // of some size more than `few_frames` may be kept
  bool gave_back = false;     // since it had few of each

  ~thread_pool() { trim(); }
  void trim() noexcept {
    for (free_list& list : lists) {
      while (list.first != nullptr) ::operator delete(pop(list));
    }
  }
  static void* pop(free_list& list) noexcept {
    free_frame* const frame = list.first;
    list.first = frame->next;
    __builtin_prefetch(list.first);  // its link is what the next call has to wait for
    if (--list.count < list.least) list.least = list.count;
    return frame;
  }
  /// Gives back half of what was not needed since the last time.
  void tidy(free_list& list) noexcept {
    const std::size_t idle = list.least - std::min(list.least, frame_pool::few_frames);
    for (std::size_t left = (idle + 1) / 2; left != 0; --left) {
      ::operator delete(pop(list));
      gave_back = true;
    }
    list.least = list.count;
    has_many |= list.count > frame_pool::few_frames;
  }
};

thread_local constinit thread_pool pool;

#ifdef NDEBUG
constexpr std::size_t owner_bytes = 0;
#else
// Debug builds keep the owner in front of the frame, to detect one that migrated.
constexpr std::size_t owner_bytes = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
#endif

void* mark(void* block) noexcept {
  if constexpr (owner_bytes != 0) *static_cast<thread_pool**>(block) = &pool;
  return static_cast<char*>(block) + owner_bytes;
}

void* unmark(void* frame) noexcept {
  void* const block = static_cast<char*>(frame) - owner_bytes;
  if constexpr (owner_bytes != 0) {
    FERRULE_ASSERT(*static_cast<thread_pool**>(block) == &pool,
                   "a coroutine frame was freed on another thread than it was made on");
  }
  return block;
}

}  // namespace

void* frame_pool::allocate(std::size_t bytes) {
  bytes += owner_bytes;
  const bool pooled = FERRULE_POOL_FRAMES && bytes <= pooled_bytes_max;
  void* block = nullptr;
  if (pooled && pool.lists[class_of(bytes)].first != nullptr) {
    block = thread_pool::pop(pool.lists[class_of(bytes)]);
  } else {
    block = ::operator new(pooled ? (class_of(bytes) + 1) * step_bytes : bytes);
    ++pool.counted.from_heap;
  }
  ++pool.counted.allocated;  // only now: there may have been no memory
  ++pool.counted.live;
  return mark(block);
}

void frame_pool::deallocate(void* frame, std::size_t bytes) noexcept {
  bytes += owner_bytes;
  --pool.counted.live;
  void* const block = unmark(frame);
  if (FERRULE_POOL_FRAMES && bytes <= pooled_bytes_max) {
    free_list& list = pool.lists[class_of(bytes)];
    if (list.count < kept_frames_max) {
      list.first = ::new (block) free_frame{list.first};
      if (++list.count > few_frames) pool.has_many = true;
      return;
    }
  }
  ::operator delete(block);
}

frame_pool::counters frame_pool::stats() noexcept { return pool.counted; }

void frame_pool::trim() noexcept { pool.trim(); }

bool frame_pool::has_many() noexcept { return pool.has_many; }

void frame_pool::tidy() noexcept {
  pool.has_many = false;
  for (free_list& list : pool.lists) pool.tidy(list);
  // The heap keeps what it is given; once a burst is over the system gets the pages that are empty.
#ifdef __GLIBC__
  if (!pool.has_many && std::exchange(pool.gave_back, false)) ::malloc_trim(0);
#endif
}

}  // namespace ferrule
