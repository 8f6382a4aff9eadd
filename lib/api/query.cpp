#include "ferrule/api/query.hpp"

#include <algorithm>
#include <bitset>

#include "ferrule/core/escape.hpp"
#include "ferrule/http/uri.hpp"

namespace ferrule::detail {
namespace {

/// Decodes pieces of a text one after the other into one block, which is as long as the text.
class piece_decoder {
 public:
  piece_decoder(http::exchange& keeper, std::size_t bytes) noexcept
      : keeper_(keeper), bytes_(bytes) {}

  std::string_view keep(std::string_view raw) {
    const std::string_view text = look_at(raw);
    if (text.data() == next_) next_ += text.size();
    return text;
  }
  /// The same for text that lasts until the next is decoded.
  std::string_view look_at(std::string_view raw) {
    if (raw.find_first_of("%+") == raw.npos) return raw;
    if (next_ == nullptr) next_ = keeper_.keep(bytes_);
    return http::decode_query(raw, next_).value_or(raw);  // no %00 comes here
  }

 private:
  http::exchange& keeper_;
  std::size_t bytes_;
  char* next_ = nullptr;
};

}  // namespace

query_errors read_pairs(http::exchange& keeper, std::string_view text,
                        std::span<const text_target> members, void* into) {
  query_errors errors;
  std::bitset<64> seen;
  piece_decoder decoder(keeper, text.size());
  const auto refuse = [&](const text_target& m, std::string detail) {
    errors.add({.detail = std::move(detail), .parameter = std::string(m.name)});
  };
  for (const auto& [raw_key, raw_value] : http::query_view(text)) {
    const auto found = std::ranges::find(members, decoder.look_at(raw_key), &text_target::name);
    if (found == members.end()) continue;
    const auto index = static_cast<std::size_t>(found - members.begin());
    if (seen[index] && !found->repeats) {
      refuse(*found, "is given twice");
      continue;
    }
    seen.set(index);
    const std::string_view value = decoder.keep(raw_value);
    const auto expected =
        is_utf8(value) ? found->assign(into, value) : std::optional<std::string>("in UTF-8");
    if (expected) refuse(*found, "must be " + *expected);
  }
  for (std::size_t i = 0; i != members.size(); ++i) {
    if (members[i].required && !seen[i]) refuse(members[i], "is missing");
  }
  return errors;
}

}  // namespace ferrule::detail
