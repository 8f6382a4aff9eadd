#pragma once
/// @file
/// What a handler may return, told by its type.
///
/// ```cpp
/// static_assert(ferrule::detail::fault_of_result<std::string>() ==
///               ferrule::detail::result_fault::none);
/// static_assert(ferrule::detail::fault_of_result<int*>() ==
///               ferrule::detail::result_fault::no_form);
/// ```
///
/// | result | answer |
/// | --- | --- |
/// | `const char*`, `std::string_view`, `std::string` | 200 `text/plain; charset=utf-8` |
/// | `void`, `no_content` | 204 |
/// | `created<T>` | 201 with a Location and `T` as JSON |
/// | `with_status<T, ...>` | as a `T`, with its status and fields |
/// | `redirect<...>` | its status with a Location, without a body |
/// | `response` | as it says |
/// | `response_stream` | as its head says, streamed |
/// | `problem` | `application/problem+json` with its status |
/// | `std::optional<T>` | as a `T`, or 404 when empty |
/// | `result<T, E>` | as a `T`, or the problem that the error is |
/// | anything else with a form in JSON | 200 `application/json` |
/// | `task<T>` | as a `T`, later |

#include <concepts>
#include <optional>
#include <string_view>
#include <type_traits>

#include "ferrule/api/problem.hpp"
#include "ferrule/api/response.hpp"
#include "ferrule/api/response_stream.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/json/kinds.hpp"

namespace ferrule::detail {

template <class>
inline constexpr bool is_created = false;
template <class T>
inline constexpr bool is_created<created<T>> = true;

template <class>
inline constexpr bool is_with_status = false;
template <class T, int... Status>
inline constexpr bool is_with_status<with_status<T, Status...>> = true;

template <class>
inline constexpr bool is_redirect = false;
template <int... Status>
inline constexpr bool is_redirect<redirect<Status...>> = true;

template <class>
inline constexpr bool is_std_optional = false;
template <class T>
inline constexpr bool is_std_optional<std::optional<T>> = true;

template <class T>
concept text_result = !std::is_null_pointer_v<T> && std::convertible_to<const T&, std::string_view>;

/// What a handler gives when it has ended: `T` of a `task<T>`.
template <class R>
struct eventual {
  using type = std::remove_cvref_t<R>;
};
template <class T>
struct eventual<task<T>> {
  using type = T;
};
template <class R>
using eventual_result = typename eventual<R>::type;

/// Whether an answer of this type is, or may be, streamed.
template <class R>
inline constexpr bool may_stream = std::same_as<R, response_stream>;
template <class T, class E>
inline constexpr bool may_stream<result<T, E>> = may_stream<T>;
template <class T>
inline constexpr bool may_stream<std::optional<T>> = may_stream<T>;

/// Whether a handler with this result is a coroutine, or makes one.
template <class R>
inline constexpr bool is_deferred = is_task<R> || may_stream<eventual_result<R>>;

/// Whether a handler awaits something before it knows what to stream.
template <class R>
inline constexpr bool gives_stream_later = is_task<R> && may_stream<eventual_result<R>>;

enum class result_fault : std::uint8_t { none, no_form, error_without_to_problem, wraps_response };

/// Whether a result is a value and not a response that says more than one.
template <class T>
inline constexpr bool is_plain_value =
    !std::same_as<T, response> && !std::same_as<T, response_stream> && !std::same_as<T, problem> &&
    !is_created<T> && !is_with_status<T> && !is_redirect<T> && !is_std_optional<T> &&
    !is_result<T>;

template <class R>
consteval result_fault fault_of_result() {
  using value = eventual_result<R>;
  if constexpr (std::is_void_v<value> || text_result<value> || std::same_as<value, no_content> ||
                std::same_as<value, response> || std::same_as<value, response_stream> ||
                std::same_as<value, problem> || is_redirect<value>) {
    return result_fault::none;
  } else if constexpr (is_created<value> || is_with_status<value>) {
    using wrapped = decltype(value::value);
    return is_plain_value<wrapped> ? fault_of_result<wrapped>() : result_fault::wraps_response;
  } else if constexpr (is_std_optional<value>) {
    return fault_of_result<typename value::value_type>();
  } else if constexpr (is_result<value>) {
    using error = typename value::error_type;
    if (!std::same_as<error, problem> && !has_to_problem<error>) {
      return result_fault::error_without_to_problem;
    }
    return fault_of_result<typename value::value_type>();
  } else {
    return json::kind_of<value> == json::kind::unsupported ? result_fault::no_form
                                                           : result_fault::none;
  }
}

}  // namespace ferrule::detail
