#pragma once
/// @file
/// Log lines about a request: a text, named values, and what tells the request from others.
///
/// ```cpp
/// inline void sell(const ferrule::request& asked, std::uint64_t article) {
///   ferrule::log(asked, ferrule::log_level::info, "sold", ferrule::field("article", article),
///                ferrule::field("to", "Ada Lovelace"));
///   // info: sold article=7 to="Ada Lovelace" method=POST path=/articles/7/purchase trace=0af7...
/// }
/// ```
///
/// Values are text, numbers, bools, enumerations by name, durations with their unit, optionals of
/// these ("none" when empty), and types with an `append_parameter` (api/encode.hpp). Text with
/// other characters than words have is quoted, with '"' and '\' escaped, so that no value looks
/// like another field. The trace is that of a peer whose word counts (`request::has_trusted_peer`).

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "ferrule/api/encode.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/observe/log.hpp"

namespace ferrule {

/// A named value of a log line. `name` is an identifier, and static: a literal.
template <class T>
struct log_field {
  std::string_view name;
  const T& value;
};

/// For `log`, within the call that it is an argument of.
template <class T>
log_field<T> field(std::string_view name, const T& value) noexcept {
  return {name, value};
}

namespace detail {

/// Appends ` name=value`.
void append_log_text(std::string& line, std::string_view name, std::string_view value);
void append_log_duration(std::string& line, std::string_view name, std::chrono::nanoseconds value);
/// Appends what tells the request from others, and writes the line.
void log_line(const request& about, log_level level, std::string line);

template <class>
inline constexpr bool is_log_duration = false;
template <class Rep, class Period>
inline constexpr bool is_log_duration<std::chrono::duration<Rep, Period>> = true;
template <class>
inline constexpr bool is_log_optional = false;
template <class T>
inline constexpr bool is_log_optional<std::optional<T>> = true;

template <class T>
void append_log_value(std::string& line, std::string_view name, const T& value) {
  if constexpr (is_log_optional<T>) {
    value ? append_log_value(line, name, *value) : append_log_text(line, name, "none");
  } else if constexpr (is_log_duration<T>) {
    append_log_duration(line, name,
                        std::chrono::duration_cast<std::chrono::nanoseconds>(value));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    append_log_text(line, name, value);
  } else {
    static_assert(sendable_parameter<T>,
                  "ferrule: a field of a log line is text, a number, a bool, an enumeration, a "
                  "duration, an optional of these, or has an append_parameter beside it");
    std::string text;
    append_parameter(text, value);
    append_log_text(line, name, text);
  }
}

}  // namespace detail

/// Writes a line at `level`, if it is written at all: see the top of this file, and `log` of
/// observe/log.hpp for what becomes of it. Without memory for all of it, the text alone is written.
template <class... T>
void log(const request& about, log_level level, std::string_view text,
         const log_field<T>&... fields) noexcept {
  if (!logs(level)) return;
  try {
    std::string line(text);
    (detail::append_log_value(line, fields.name, fields.value), ...);
    detail::log_line(about, level, std::move(line));
  } catch (...) {
    log(level, text);
  }
}

}  // namespace ferrule
