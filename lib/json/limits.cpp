#include "ferrule/json/limits.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "pointer.hpp"

namespace ferrule::json {

namespace {

void refuse(violations& problems, const member_limits& limits, std::string_view message) {
  std::string pointer;
  if (!limits.member.empty()) detail::append_pointer_step(pointer, limits.member);
  problems.add(pointer, message);
}

/// "must have from 1 to 200 characters"
void refuse_range(violations& problems, const member_limits& limits, std::string_view verb,
                  const std::string& min, const std::string& max, std::string_view unit) {
  std::string message = "must " + std::string(verb);
  if (min.empty() || max.empty()) {
    message += min.empty() ? " at most " + max : " at least " + min;
  } else {
    message += " from " + min + " to " + max;
  }
  refuse(problems, limits, message.append(unit));
}

void refuse_number(violations& problems, const member_limits& limits) {
  const auto text = [](const std::optional<std::int64_t>& bound) {
    return bound ? std::to_string(*bound) : std::string();
  };
  refuse_range(problems, limits, "be", text(limits.min), text(limits.max), "");
}

}  // namespace

bool is_plain_text(std::string_view text) noexcept {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

namespace detail {
namespace {

std::size_t characters_in(std::string_view text) noexcept {
  // Bytes that go on with a character are none of their own.
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, is_start));
}

}  // namespace

bool fits_text(const member_limits& limits, std::string_view text) {
  const std::size_t size = limits.bound_size() ? characters_in(text) : 0;
  return size >= limits.size_min && size <= limits.size_max &&
         (limits.form == nullptr || limits.form->fits(text));
}

std::string expected_text(const member_limits& limits) {
  constexpr std::string_view must_be = "must be ";
  std::string said;
  if (limits.form != nullptr && limits.form->message.starts_with(must_be)) {
    said = limits.form->message.substr(must_be.size());
    if (!limits.bound_size()) return said;
    said += " of";
  } else {
    said = limits.bound_size() ? "text of" : "text";
  }
  const bool is_open = limits.size_max == member_limits::no_size;
  if (limits.bound_size()) {
    if (is_open) said += " at least";
    if (limits.size_min == 0) said += " at most";
    if (limits.size_min != 0) said += " " + std::to_string(limits.size_min);
    if (limits.size_min != 0 && !is_open) said += " to";
    if (!is_open) said += " " + std::to_string(limits.size_max);
    said += " characters";
  }
  if (limits.form == nullptr || limits.form->message.starts_with(must_be)) return said;
  constexpr std::string_view must_match = "must match ";
  const std::string_view message = limits.form->message;
  if (message.starts_with(must_match)) {
    return said.append(" that matches ").append(message.substr(must_match.size()));
  }
  return said.append(" that ").append(message);
}

void check_text(violations& problems, const member_limits& limits, std::string_view text) {
  const std::size_t size = characters_in(text);
  check_size(problems, limits, size, "characters");
  if (size > limits.size_max) return;  // however long it is, no form is looked for in it
  if (limits.form != nullptr && !limits.form->fits(text)) {
    refuse(problems, limits, limits.form->message);
  }
}

void check_size(violations& problems, const member_limits& limits, std::size_t size,
                std::string_view unit) {
  if (size >= limits.size_min && size <= limits.size_max) return;
  const auto text = [](std::size_t bound, std::size_t none) {
    return bound == none ? std::string() : std::to_string(bound);
  };
  refuse_range(problems, limits, "have", text(limits.size_min, 0),
               text(limits.size_max, member_limits::no_size), std::string(" ").append(unit));
}

void check_signed(violations& problems, const member_limits& limits, std::int64_t number) {
  const bool is_below = limits.min && number < *limits.min;
  const bool is_above = limits.max && number > *limits.max;
  if (is_below || is_above) refuse_number(problems, limits);
}

void check_unsigned(violations& problems, const member_limits& limits, std::uint64_t number) {
  const bool is_below = limits.min && std::cmp_less(number, *limits.min);
  const bool is_above = limits.max && std::cmp_greater(number, *limits.max);
  if (is_below || is_above) refuse_number(problems, limits);
}

void check_floating(violations& problems, const member_limits& limits, double number) {
  const bool is_below = limits.min && number < static_cast<double>(*limits.min);
  const bool is_above = limits.max && number > static_cast<double>(*limits.max);
  if (is_below || is_above) refuse_number(problems, limits);
}

}  // namespace detail

}  // namespace ferrule::json
