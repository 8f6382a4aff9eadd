#include "json/locate.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include "ferrule/core/escape.hpp"
#include "json/pointer.hpp"

namespace ferrule::json::detail {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number that four hexadecimal digits at `at` are.
std::optional<std::uint32_t> hex_at(std::string_view text, std::size_t at) {
  const std::string_view digits = text.substr(at, 4);
  std::uint32_t unit = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (digits.size() != 4 || parsed.ptr != digits.data() + 4) return std::nullopt;
  return unit;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

/// The text that a well-formed string stands for; `raw` is what is between its quotes.
std::string unescape(std::string_view raw) {
  std::string text;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '\\') {
      text += raw[at];
      continue;
    }
    const char c = raw[++at];
    if (c != 'u') {
      constexpr std::string_view letters = "bfnrt";
      const std::size_t known = letters.find(c);
      text += known == letters.npos ? c : "\b\f\n\r\t"[known];
      continue;
    }
    std::uint32_t code = hex_at(raw, at + 1).value_or(0);
    at += 4;
    if (code >= 0xD800 && code <= 0xDBFF) {
      code = 0x10000 + ((code - 0xD800) << 10) + (hex_at(raw, at + 3).value_or(0) - 0xDC00);
      at += 6;
    }
    append_utf8(text, code);
  }
  return text;
}

/// Reads JSON by the grammar of RFC 8259 and stops at the first fault. Every function returns
/// false after a fault, and each level then puts its step before the pointer.
class locator {
 public:
  locator(std::string_view text, std::size_t depth_max, std::optional<member_place> duplicate)
      : text_(text), depth_max_(depth_max), duplicate_(duplicate) {}

  /// The first fault.
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
  std::vector<token_place> take_large_numbers() { return std::move(large_numbers_); }

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
    const std::optional<std::uint32_t> read = hex_at(text_, at_);
    if (!read) return false;
    unit = *read;
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
    constexpr std::size_t safe_chars_max = 18;  // of a whole number that any word holds
    if (skip('.') && !digits()) return fail("a digit was expected");
    if (skip('e') || skip('E')) {
      if (!skip('+')) skip('-');
      if (!digits()) return fail("a digit was expected");
    }
    if (at_ != whole_end || at_ - start > safe_chars_max) {
      large_numbers_.push_back(
          {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(at_ - start)});
    }
    return true;
  }

  bool digits() {
    const std::size_t start = at_;
    while (!at_end() && is_digit(text_[at_])) ++at_;
    return at_ != start;
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
  /// Puts a step before the pointer: the index of an element, or a member's name as it stands in
  /// the text, between its quotes.
  bool below(std::string_view key) {
    std::string step;
    append_pointer_step(step, unescape(key));
    fault_.pointer.insert(0, step);
    return false;
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::optional<member_place> duplicate_;
  std::size_t at_ = 0;
  std::size_t objects_ = 0;
  std::vector<token_place> large_numbers_;
  syntax_place fault_;
};

}  // namespace

syntax_place locate(std::string_view text, std::size_t depth_max,
                    std::optional<member_place> duplicate) {
  return locator(text, depth_max, duplicate).find();
}

std::optional<std::vector<token_place>> find_large_numbers(std::string_view text,
                                                           std::size_t depth_max) {
  locator all(text, depth_max, std::nullopt);
  if (!all.find().message.empty()) return std::nullopt;
  return all.take_large_numbers();
}

}  // namespace ferrule::json::detail
