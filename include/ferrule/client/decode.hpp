#pragma once
/// @file
/// From an answer to what its endpoint promises. Part of client/client.hpp.
///
/// ```cpp
/// using show = ferrule::endpoint<"GET /version", std::string_view()>;
/// inline std::string version_in(const ferrule::http::client_response& answer) {
///   return ferrule::detail::decode_answer<show>(answer, {}).value_or("unknown");
/// }
/// ```

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/api/endpoint.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/client/call_error.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/json/read.hpp"

namespace ferrule::detail {

/// What a client gets for an endpoint's result.
template <class R>
struct received_type {
  using type = std::conditional_t<text_result<R>, std::string, R>;
};
template <>
struct received_type<void> {
  using type = void;
};
template <>
struct received_type<no_content> {
  using type = void;
};
template <class T>
struct received_type<created<T>> {
  using type = created<typename received_type<T>::type>;
};
template <class T, int... Status>
struct received_type<with_status<T, Status...>> {
  using type = with_status<typename received_type<T>::type, Status...>;
};
template <int... Status>
struct received_type<with_status<no_content, Status...>> {
  using type = with_status<no_content, Status...>;
};
template <class T>
struct received_type<std::optional<T>> {
  using type = std::optional<typename received_type<T>::type>;
};
template <class R>
using received = typename received_type<R>::type;

constexpr bool is_success(int status) noexcept { return status >= 200 && status <= 299; }

/// Whether a status is one that an endpoint's result promises: a success, or one that its type
/// names; of a redirect only these.
template <class R>
constexpr bool is_promised(int status) noexcept {
  if constexpr (is_std_optional<R>) {
    return is_promised<typename R::value_type>(status);
  } else if constexpr (is_with_status<R> || is_redirect<R>) {
    const bool is_named = std::ranges::find(R::statuses, status) != R::statuses.end();
    return is_named || (is_success(status) && !is_redirect<R>);
  } else {
    return is_success(status);
  }
}

/// What is wrong with an answer's body; empty if it says to be JSON.
std::string json_fault(const http::client_response& answer);
std::string json_fault(const json::read_error& error);
/// A failure that an answer is.
call_failure failure_of(const http::client_response& answer, call_fault fault, std::string detail,
                        wall_time now);

/// Reads a successful answer; the error says what is wrong with it.
template <class R>
result<received<R>, std::string> read_answer(const http::client_response& answer) {
  using value = received<R>;
  if constexpr (std::is_void_v<value>) {
    return {};
  } else if constexpr (is_created<value>) {
    auto read = read_answer<decltype(R::value)>(answer);
    if (!read) return fail(std::move(read).error());
    return value{*std::move(read), std::string(answer.header("Location"))};
  } else if constexpr (is_redirect<value>) {
    return value{answer.status(), std::string(answer.header("Location"))};
  } else if constexpr (is_with_status<value>) {
    auto read = read_answer<decltype(R::value)>(answer);
    if (!read) return fail(std::move(read).error());
    if constexpr (std::is_same_v<decltype(R::value), no_content>) {
      return value{answer.status()};
    } else {
      return value{answer.status(), *std::move(read)};
    }
  } else if constexpr (is_std_optional<value>) {
    auto read = read_answer<typename R::value_type>(answer);
    if (!read) return fail(std::move(read).error());
    return value(*std::move(read));
  } else if constexpr (std::is_same_v<value, std::string>) {
    return std::string(answer.body());
  } else {
    std::string fault = json_fault(answer);
    if (!fault.empty()) return fail(std::move(fault));
    auto read = json::read<value>(answer.body(), {.allow_unknown = true});
    if (!read) return fail(json_fault(read.error()));
    return *std::move(read);
  }
}

/// What an answer is to the caller of `Endpoint`.
template <class Endpoint>
result<received<typename Endpoint::result_type>, call_error<typename Endpoint::error_type>>
decode_answer(const http::client_response& answer, wall_time now) {
  using E = typename Endpoint::error_type;
  using R = typename Endpoint::result_type;
  using error = call_error<E>;
  if (is_promised<R>(answer.status())) {
    auto read = read_answer<R>(answer);
    if (!read) {
      return fail(error{failure_of(answer, call_fault::unreadable, std::move(read).error(), now)});
    }
    if constexpr (std::is_void_v<received<R>>) {
      return {};
    } else {
      return *std::move(read);
    }
  }
  const received_problem said = read_problem(answer);
  if constexpr (is_declared_error<E>) {
    if (const std::optional<E> declared = find_declared<E>(said)) {
      return fail(error{failure_of(answer, call_fault::declared, said.text(), now), declared});
    }
  }
  if constexpr (is_std_optional<R>) {
    if (answer.status() == 404) return received<R>();
  }
  return fail(error{failure_of(answer, call_fault::undeclared, said.text(), now)});
}

}  // namespace ferrule::detail
