#pragma once
/// @file
/// A value or an error, with the member names of C++23's `std::expected`: what a handler, a call
/// or a read returns when failing is part of its job.
///
/// ```cpp
/// enum class error { not_found };
/// ferrule::result<int, error> find(bool there) {
///   if (!there) return ferrule::fail(error::not_found);
///   return 42;
/// }
/// ```
///
/// Source: the interface of std::expected (P0323), kept to what C++20 code needs.

#include <concepts>
#include <cstdlib>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/core/assert.hpp"

namespace ferrule {

/// An error on its way into a `result`; made by `fail`.
template <class E>
struct failure {
  E error;
};

/// Says that a function failed: `return fail(error::not_found);`.
template <class E>
constexpr failure<std::decay_t<E>> fail(E&& error) {
  return {std::forward<E>(error)};
}

template <class T, class E>
class result;

namespace detail {
template <class>
inline constexpr bool is_result = false;
template <class T, class E>
inline constexpr bool is_result<result<T, E>> = true;
template <class>
inline constexpr bool is_failure = false;
template <class E>
inline constexpr bool is_failure<failure<E>> = true;
}  // namespace detail

/// Holds a `T` or an `E`; `T` may be void. Reading the wrong one ends the process, for it is a
/// defect in the caller: ask `has_value()` first.
/// Thread rule: as a plain value.
template <class T, class E>
class [[nodiscard]] result {
  // A monostate stands in for void so that one class serves both.
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  using value_type = T;
  using error_type = E;

  constexpr result()
    requires std::default_initializable<stored>
      : state_(std::in_place_index<0>) {}

  template <class U = stored>
    requires(!std::is_void_v<T> && !std::same_as<std::remove_cvref_t<U>, result> &&
             !detail::is_failure<std::remove_cvref_t<U>> && std::constructible_from<stored, U> &&
             std::convertible_to<U, stored>)
  // NOLINTNEXTLINE(google-explicit-constructor): a value converts, as with std::expected.
  constexpr result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  template <class G>
    requires std::constructible_from<E, G>
  // NOLINTNEXTLINE(google-explicit-constructor): so that `return fail(e);` works.
  constexpr result(failure<G> f) : state_(std::in_place_index<1>, std::move(f.error)) {}

  constexpr bool has_value() const noexcept { return state_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }

  constexpr auto& value() & { return checked_value(*this); }
  constexpr const auto& value() const& { return checked_value(*this); }
  constexpr auto&& value() && { return std::move(checked_value(*this)); }

  constexpr E& error() & { return checked_error(*this); }
  constexpr const E& error() const& { return checked_error(*this); }
  constexpr E&& error() && { return std::move(checked_error(*this)); }

  constexpr auto& operator*() & { return value(); }
  constexpr const auto& operator*() const& { return value(); }
  constexpr auto&& operator*() && { return std::move(*this).value(); }
  constexpr auto* operator->() { return &value(); }
  constexpr const auto* operator->() const { return &value(); }

  /// The value, or `fallback` when this holds an error.
  template <class U>
  constexpr T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }
  template <class U>
  constexpr T value_or(U&& fallback) && {
    return has_value() ? std::move(*this).value() : static_cast<T>(std::forward<U>(fallback));
  }

  /// Calls `next` (which returns a result of the same error type) with the value, if there is one.
  template <class F>
  constexpr auto and_then(F&& next) && {
    using next_result = decltype(invoke_with_value(std::forward<F>(next), std::move(*this)));
    if (!has_value()) return next_result(fail(std::move(*this).error()));
    return invoke_with_value(std::forward<F>(next), std::move(*this));
  }

  /// Maps the value, leaving an error as it is.
  template <class F>
  constexpr auto transform(F&& map) && {
    using mapped = decltype(invoke_with_value(std::forward<F>(map), std::move(*this)));
    using next_result = result<mapped, E>;
    if (!has_value()) return next_result(fail(std::move(*this).error()));
    if constexpr (std::is_void_v<mapped>) {
      invoke_with_value(std::forward<F>(map), std::move(*this));
      return next_result();
    } else {
      return next_result(invoke_with_value(std::forward<F>(map), std::move(*this)));
    }
  }

  /// Maps the error, leaving a value as it is.
  template <class F>
  constexpr auto transform_error(F&& map) && {
    using next_result = result<T, std::decay_t<std::invoke_result_t<F, E>>>;
    if (!has_value()) {
      return next_result(fail(std::invoke(std::forward<F>(map), std::move(*this).error())));
    }
    if constexpr (std::is_void_v<T>) {
      return next_result();
    } else {
      return next_result(std::move(*this).value());
    }
  }

  friend constexpr bool operator==(const result& a, const result& b)
    requires std::equality_comparable<stored> && std::equality_comparable<E>
  {
    return a.state_ == b.state_;
  }

 private:
  template <class Self>
  static constexpr auto& checked_value(Self& self) {
    FERRULE_ASSERT(self.has_value(), "value() of a result that holds an error");
    return *std::get_if<0>(&self.state_);
  }
  template <class Self>
  static constexpr auto& checked_error(Self& self) {
    FERRULE_ASSERT(!self.has_value(), "error() of a result that holds a value");
    return *std::get_if<1>(&self.state_);
  }
  template <class F>
  static constexpr decltype(auto) invoke_with_value(F&& f, result&& self) {
    if constexpr (std::is_void_v<T>) {
      return std::invoke(std::forward<F>(f));
    } else {
      return std::invoke(std::forward<F>(f), std::move(self).value());
    }
  }

  std::variant<stored, E> state_;
};

}  // namespace ferrule
