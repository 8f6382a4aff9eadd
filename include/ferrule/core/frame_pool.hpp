#pragma once
/// @file
/// Where coroutine frames come from: a free list a thread, so that a request costs no malloc.
///
/// ```cpp
/// std::uint64_t frames_that_needed_malloc() { return ferrule::frame_pool::stats().from_heap; }
/// ```

#include <cstddef>
#include <cstdint>

namespace ferrule {

/// Coroutine frames of the calling thread. Tasks never migrate, so the lists need no lock; a frame
/// freed on another thread than it came from is a defect that debug builds detect.
/// Frames up to `pooled_bytes_max` are kept for reuse, at most `kept_frames_max` of a size; what a
/// burst has left and nobody needs goes back, bit by bit, when a reactor calls `tidy`. Under
/// AddressSanitizer every frame is a heap block of its own, so that use after free shows.
class frame_pool {
 public:
  static constexpr std::size_t pooled_bytes_max = 2048;
  static constexpr std::size_t kept_frames_max = 4096;
  /// So many of a size stay kept whether they are needed or not.
  static constexpr std::size_t few_frames = 32;

  /// Throws std::bad_alloc.
  static void* allocate(std::size_t bytes);
  static void deallocate(void* frame, std::size_t bytes) noexcept;

  /// Counted since the thread began.
  struct counters {
    std::uint64_t allocated = 0;  ///< frames handed out
    std::uint64_t from_heap = 0;  ///< those for which the free list was empty or too small
    std::uint64_t live = 0;       ///< handed out and not yet given back
  };
  static counters stats() noexcept;
  /// Gives the thread's kept frames back to the heap.
  static void trim() noexcept;
  /// Whether more may be kept than a quiet thread needs, so that `tidy` is worth a call.
  static bool has_many() noexcept;
  /// Gives back half of the kept frames that nobody has needed since the last call, but for
  /// `few_frames` of each size: to the heap, and from there to the system when all are back. What
  /// a steady load needs is never given back, for it is needed between two calls.
  static void tidy() noexcept;
};

}  // namespace ferrule
