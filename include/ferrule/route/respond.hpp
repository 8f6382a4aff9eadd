#pragma once
/// @file
/// From a handler's result to its answer; api/results.hpp lists which becomes what.
///
/// ```cpp
/// inline void answer(const ferrule::detail::outlet& out) {
///   ferrule::detail::send(out, std::string("Hello, World!"));
/// }
/// ```
///
/// One out-of-line function for each type of result, shared by all routes that have it: inlined
/// into each, they would take the compiler several times as long.

#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/api/answer.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/route/failure.hpp"

namespace ferrule::detail {

inline void send_text(const outlet& out, std::string_view text) {
  out.respond({200, "text/plain; charset=utf-8"}, text);
}
void send_response(const outlet& out, const response& r);

template <class T>
void send_json(const outlet& out, int status, const T& value,
               std::span<const header_field> fields = {}) {
  scratch memory;
  json::write(memory.text(), value);
  out.respond({status, "application/json", fields}, memory.text().view());
}

template <class T>
void send_created(const outlet& out, const created<T>& made) {
  const header_field location{"Location", made.location};
  const std::span<const header_field> fields(&location, made.location.empty() ? 0 : 1);
  if constexpr (text_result<T>) {
    out.respond({201, "text/plain; charset=utf-8", fields}, json::detail::text_view(made.value));
  } else {
    send_json(out, 201, made.value, fields);
  }
}

template <class E>
void send_error(const outlet& out, const E& error) {
  if constexpr (std::is_same_v<E, problem>) {
    send_problem(out, error);
  } else {
    send_problem(out, to_problem(error));
  }
}

/// Answers with a result that is there and not streamed.
template <class R>
[[gnu::noinline]] void send(const outlet& out, const R& value) {
  if constexpr (text_result<R>) {
    send_text(out, json::detail::text_view(value));
  } else if constexpr (std::is_same_v<R, no_content>) {
    out.respond({.status = 204}, {});
  } else if constexpr (std::is_same_v<R, response>) {
    send_response(out, value);
  } else if constexpr (std::is_same_v<R, problem>) {
    send_problem(out, value);
  } else if constexpr (std::is_same_v<R, unrouted>) {
    send_unrouted(out, value);
  } else if constexpr (is_created<R>) {
    send_created(out, value);
  } else if constexpr (is_std_optional<R>) {
    value ? send(out, *value) : send_problem(out, {.status = 404});
  } else if constexpr (is_result<R>) {
    if (!value) return send_error(out, value.error());
    if constexpr (std::is_void_v<typename R::value_type>) {
      send(out, no_content{});
    } else {
      send(out, *value);
    }
  } else {
    send_json(out, 200, value);
  }
}

/// Answers with a result that may hold a stream. If it does, the stream is returned: it has to be
/// run.
template <class R>
response_stream* send_or_stream(const outlet& out, R& value) {
  if constexpr (std::is_same_v<R, response_stream>) {
    value.send_to(out);
    return &value;
  } else if constexpr (may_stream<R>) {
    if (value) return send_or_stream(out, *value);
    if constexpr (is_result<R>) {
      send_error(out, value.error());
    } else {
      send_problem(out, {.status = 404});
    }
    return nullptr;
  } else {
    send(out, value);
    return nullptr;
  }
}

}  // namespace ferrule::detail
