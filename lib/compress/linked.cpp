#include "ferrule/compress/linked.hpp"

#include <utility>

// What pulls this file into every program that links the library: nothing refers to it by a name
// that has to be there. See cmake/optional.cmake.
extern "C" const char ferrule_has_decompressor = 1;

namespace ferrule::detail {
namespace {

class linked final : public linked_decompressor {
 public:
  explicit linked(decompressor decoder) noexcept : decoder_(std::move(decoder)) {}

  result<void, decompress_error> feed(std::string_view part, buffer& out) override {
    return decoder_.feed(part, out);
  }
  result<void, decompress_error> finish() const override { return decoder_.finish(); }
  std::size_t held_bytes() const noexcept override { return decoder_.held_bytes(); }

 private:
  decompressor decoder_;
};

}  // namespace

result<std::unique_ptr<linked_decompressor>, decompress_error> make_linked_decompressor(
    std::string_view content_encoding, const decompress_limits& limits) {
  auto made = decompressor::make(content_encoding, limits);
  if (!made) return fail(made.error());
  return std::unique_ptr<linked_decompressor>(std::make_unique<linked>(std::move(*made)));
}

}  // namespace ferrule::detail
