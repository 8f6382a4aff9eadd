#pragma once
/// @file
/// One prepared statement of SQLite, and how C++ values become its parameters and its columns
/// become C++ values. Programs use `connection`, which prepares, binds and resets.
///
/// ```cpp
/// bool any_row(ferrule::storage::detail::statement& s) {
///   const ferrule::storage::detail::statement::run once(s);
///   return s.step();
/// }
/// ```

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/json/reflect.hpp"
#include "ferrule/storage/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace ferrule::storage::detail {

/// What a failed call of SQLite means; `code` is its extended result code.
error error_of(int code, std::string text);

/// The longest SQL, in bytes, as SQLite's own default.
inline constexpr std::size_t sql_bytes_max = 1'000'000'000;

/// Throws where SQLite would take a part of `sql` for the whole: it ends at a NUL.
void check_sql(std::string_view sql);

/// Thread rule: one thread at a time, with its connection. Every function throws `error`.
class statement {
 public:
  /// `sql` is one statement, with white space, comments and semicolons around it at will.
  statement(sqlite3* database, std::string_view sql);
  statement(statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  statement& operator=(statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~statement();

  /// Parameters count from 1. Texts and blobs must live until the statement is reset.
  void bind(int at, std::nullptr_t);
  void bind(int at, std::int64_t value);
  void bind(int at, double value);
  void bind(int at, std::string_view text);
  void bind(int at, std::span<const std::byte> blob);
  int parameter_count() const noexcept;

  /// Goes on to the next row; false when there is none.
  bool step();

  /// Columns count from 0. What they refer to lives until the next `step`.
  int column_count() const noexcept;
  bool is_null(int at) const noexcept;
  std::int64_t integer(int at) const;
  double real(int at) const;
  std::string_view text(int at) const;
  std::span<const std::byte> blob(int at) const;

  bool only_reads() const noexcept;

  /// One execution: at its end the statement is ready for the next.
  class run {
   public:
    explicit run(statement& s) noexcept : statement_(s) {}
    run(const run&) = delete;
    ~run() { statement_.reset(); }

   private:
    statement& statement_;
  };

 private:
  void check(int code) const;
  void check_type(int at, int wanted, const char* name) const;
  void reset() noexcept;

  sqlite3_stmt* handle_ = nullptr;
};

template <class>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;

/// Of the calendar's clock: others begin anew with the machine or the process.
template <class T>
concept storable_time = is_time_point<T> && std::same_as<typename T::clock,
                                                         std::chrono::system_clock>;

/// What a row is read into member by member, rather than as a value of its own.
template <class T>
concept row_struct = std::is_aggregate_v<T> && std::is_class_v<T>;

/// SQL has numbers and texts.
template <class T>
inline constexpr bool is_character =
    std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

[[noreturn]] void throw_out_of_range(std::string_view what, std::int64_t value);
[[noreturn]] void throw_wrong_count(std::string_view what, int given, std::size_t wanted);

template <class T>
void bind_value(statement& s, int at, const T& value) {
  static_assert(!is_character<T>,
                "ferrule: a character is no value of SQL: bind a std::string_view of it, or its "
                "number as std::int32_t");
  static_assert(!is_time_point<T> || storable_time<T>,
                "ferrule: store a time of std::chrono::system_clock: another clock's says nothing "
                "to whoever reads it later");
  if constexpr (is_optional<T>) {
    value ? bind_value(s, at, *value) : s.bind(at, nullptr);
  } else if constexpr (std::is_null_pointer_v<T>) {
    s.bind(at, nullptr);
  } else if constexpr (std::is_enum_v<T>) {
    bind_value(s, at, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (is_time_point<T>) {
    bind_value(s, at, value.time_since_epoch().count());
  } else if constexpr (is_duration<T>) {
    bind_value(s, at, value.count());
  } else if constexpr (std::same_as<T, bool>) {
    s.bind(at, std::int64_t{value});
  } else if constexpr (std::integral<T>) {
    if (!std::in_range<std::int64_t>(value)) {
      throw error(error_kind::mismatch, "a parameter exceeds the integers of SQLite");
    }
    s.bind(at, static_cast<std::int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    s.bind(at, static_cast<double>(value));
  } else if constexpr (std::is_pointer_v<T> && std::convertible_to<const T&, std::string_view>) {
    value == nullptr ? s.bind(at, nullptr) : s.bind(at, std::string_view(value));
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    s.bind(at, std::string_view(value));
  } else {
    s.bind(at, std::span<const std::byte>(value));
  }
}

/// `value` as a `T`; the nearest where `T` has fewer digits, and an error where its range ends.
template <class T>
T real_value(double value) {
  constexpr double max = std::numeric_limits<T>::max();
  if (std::isfinite(value) && (value > max || value < -max)) {
    throw error(error_kind::mismatch, "a number is not in the range of float");
  }
  return static_cast<T>(value);
}

template <class T>
T column_value(const statement& s, int at) {
  static_assert(!is_character<T>,
                "ferrule: a character is no value of SQL: read a text as std::string, a number as "
                "std::int32_t");
  static_assert(!std::same_as<T, std::string_view> && !std::same_as<T, std::span<const std::byte>>,
                "ferrule: a column lives only until the next row: read a text as std::string, a "
                "blob as std::vector<std::byte>");
  static_assert(!is_time_point<T> || storable_time<T>,
                "ferrule: read a time of std::chrono::system_clock, as it is stored");
  if constexpr (is_optional<T>) {
    if (s.is_null(at)) return std::nullopt;
    return column_value<typename T::value_type>(s, at);
  } else if constexpr (std::same_as<T, bool>) {
    return s.integer(at) != 0;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(column_value<std::underlying_type_t<T>>(s, at));
  } else if constexpr (is_time_point<T>) {
    return T(column_value<typename T::duration>(s, at));
  } else if constexpr (is_duration<T>) {
    return T(column_value<typename T::rep>(s, at));
  } else if constexpr (std::integral<T>) {
    const std::int64_t value = s.integer(at);
    if (!std::in_range<T>(value)) {
      throw_out_of_range(json::qualified_type_name<T>, value);
    }
    return static_cast<T>(value);
  } else if constexpr (std::floating_point<T>) {
    return real_value<T>(s.real(at));
  } else if constexpr (std::constructible_from<T, std::string_view>) {
    return T(s.text(at));
  } else {
    const auto bytes = s.blob(at);
    return T(bytes.begin(), bytes.end());
  }
}

template <class... Args>
void bind_all(statement& s, const Args&... args) {
  if (s.parameter_count() != static_cast<int>(sizeof...(args))) {
    throw_wrong_count("parameters", s.parameter_count(), sizeof...(args));
  }
  int at = 0;
  (bind_value(s, ++at, args), ...);
}

/// The current row as a struct, whose members are the columns in their order, or as one value.
template <class T>
T row_value(const statement& s) {
  constexpr std::size_t columns = [] {
    if constexpr (row_struct<T>) return json::member_count<T>;
    return std::size_t{1};
  }();
  if (s.column_count() != static_cast<int>(columns)) {
    throw_wrong_count("columns", s.column_count(), columns);
  }
  if constexpr (row_struct<T>) {
    T row{};
    std::apply(
        [&s](auto&... members) {
          int at = 0;
          ((members = column_value<std::remove_reference_t<decltype(members)>>(s, at++)), ...);
        },
        json::tie_members(row));
    return row;
  } else {
    return column_value<T>(s, 0);
  }
}

}  // namespace ferrule::storage::detail
