#include "json/locate.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "ferrule/core/escape.hpp"
#include "json/pointer.hpp"

namespace ferrule::json::detail {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads JSON by the grammar of RFC 8259 and stops at the first fault. Every function returns
/// false after a fault, and each level then puts its step before the pointer.
class locator {
 public:
  locator(std::string_view text, std::size_t depth_max, std::optional<member_place> duplicate)
      : text_(text), depth_max_(depth_max), duplicate_(duplicate) {}

  syntax_place find() {
    skip_space();
    if (at_end()) {
      fail("the document is empty");
    } else if (value(0)) {
      skip_space();
      if (!at_end()) fail("the document goes on after its value");
    }
    return std::move(fault_);
  }

 private:
  bool value(std::size_t depth) {
    skip_space();
    if (at_end()) return fail("the document ends too early");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool object(std::size_t depth) {
    const std::size_t ordinal = objects_++;
    const std::size_t opening = at_++;
    skip_space();
    if (skip('}')) return true;
    if (depth == depth_max_) return fail_at(opening, "is nested too deep");
    for (std::size_t member = 0;; ++member) {
      skip_space();
      if (!at_end() && text_[at_] != '"') return fail("a member's name in quotes was expected");
      const std::size_t start = at_;
      if (!string()) return false;
      const std::string_view key = text_.substr(start + 1, at_ - start - 2);
      if (duplicate_ && duplicate_->object == ordinal && duplicate_->member == member) {
        at_ = start;
        fail("is named twice");
        return below(key);
      }
      skip_space();
      if (!expect(':', "a colon was expected") || !value(depth + 1)) return below(key);
      skip_space();
      if (skip('}')) return true;
      if (!expect(',', "a comma or the end of the object was expected")) return false;
    }
  }

  bool array(std::size_t depth) {
    const std::size_t opening = at_++;
    skip_space();
    if (skip(']')) return true;
    if (depth == depth_max_) return fail_at(opening, "is nested too deep");
    for (std::size_t index = 0;; ++index) {
      if (!value(depth + 1)) return below(std::to_string(index));
      skip_space();
      if (skip(']')) return true;
      if (!expect(',', "a comma or the end of the array was expected")) return false;
    }
  }

  bool string() {
    if (!expect('"', "a string was expected")) return false;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character must be escaped");
      if (c == '\\') {
        if (!escape()) return false;
        continue;
      }
      const ferrule::detail::utf8_sequence next = ferrule::detail::leading_utf8(text_.substr(at_));
      if (!next.valid) return fail("the text is not UTF-8");
      at_ += next.size;
    }
    return fail("the document ends too early");
  }

  bool escape() {
    const std::size_t start = at_++;
    if (at_end()) return fail("the document ends too early");
    const char c = text_[at_++];
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return true;
    std::uint32_t unit = 0;
    if (c != 'u' || !hex(unit)) return fail_at(start, "an escape sequence is wrong");
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    std::uint32_t low = 0;
    const bool paired = unit <= 0xDBFF && skip('\\') && skip('u') && hex(low);
    if (paired && low >= 0xDC00 && low <= 0xDFFF) return true;
    return fail_at(start, "half of a surrogate pair stands alone");
  }

  bool hex(std::uint32_t& unit) {
    const std::string_view digits = text_.substr(at_, 4);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || parsed.ptr != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("a value was expected");
    at_ += expected.size();
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    skip('-');
    if (!skip('0') && !digits()) return fail_at(start, "a value was expected");
    const std::size_t whole_end = at_;
    if (skip('.') && !digits()) return fail("a digit was expected");
    if (skip('e') || skip('E')) {
      if (!skip('+')) skip('-');
      if (!digits()) return fail("a digit was expected");
    }
    const std::string_view token = text_.substr(start, at_ - start);
    const bool fits = at_ == whole_end ? fits_64_bits(token) : fits_double(token);
    return fits || fail_at(start, "is a number out of range");
  }

  bool digits() {
    const std::size_t start = at_;
    while (!at_end() && is_digit(text_[at_])) ++at_;
    return at_ != start;
  }

  static bool fits_64_bits(std::string_view token) {
    const char* const end = token.data() + token.size();
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    return (token[0] == '-' ? std::from_chars(token.data(), end, negative)
                            : std::from_chars(token.data(), end, positive))
               .ec == std::errc();
  }
  static bool fits_double(std::string_view token) {
    return std::isfinite(std::strtod(std::string(token).c_str(), nullptr));
  }

  bool at_end() const { return at_ == text_.size(); }
  void skip_space() {
    while (!at_end() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  bool skip(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool expect(char c, std::string_view message) {
    return skip(c) || fail(at_end() ? "the document ends too early" : message);
  }
  bool fail(std::string_view message) { return fail_at(at_, message); }
  bool fail_at(std::size_t offset, std::string_view message) {
    fault_.offset = offset;
    fault_.message = message;
    return false;
  }
  bool below(std::string_view key) {
    std::string step;
    append_pointer_step(step, key);
    fault_.pointer.insert(0, step);
    return false;
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::optional<member_place> duplicate_;
  std::size_t at_ = 0;
  std::size_t objects_ = 0;
  syntax_place fault_;
};

}  // namespace

syntax_place locate(std::string_view text, std::size_t depth_max,
                    std::optional<member_place> duplicate) {
  return locator(text, depth_max, duplicate).find();
}

}  // namespace ferrule::json::detail
