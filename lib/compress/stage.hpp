#pragma once
// One coding undone, whatever library does it.

#include <cstddef>
#include <span>
#include <string_view>

namespace ferrule::detail {

class decompress_stage {
 public:
  struct progress {
    std::size_t consumed;
    std::size_t made;
    bool is_well;  // false: malformed
  };

  decompress_stage() = default;
  decompress_stage(const decompress_stage&) = delete;
  decompress_stage& operator=(const decompress_stage&) = delete;
  virtual ~decompress_stage() = default;

  /// Decodes from `in` into `out`, as far as either lasts. Of an input that follows the end of the
  /// data it says that it is not well.
  virtual progress step(std::string_view in, std::span<char> out) noexcept = 0;
  /// Whether the data may end here.
  virtual bool has_ended() const noexcept = 0;

  /// The memory that it takes: from the start, and with the data, up to as much more.
  struct footprint {
    std::size_t fixed_bytes;
    std::size_t window_bytes_max;
  };
  virtual footprint memory() const noexcept = 0;
};

}  // namespace ferrule::detail
