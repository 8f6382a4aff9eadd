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

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ferrule/api/answer.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/http/uri.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/route/failure.hpp"

namespace ferrule::detail {

inline void send_text(const outlet& out, std::string_view text) {
  out.respond({200, "text/plain; charset=utf-8"}, text);
}
void add_fields(scratch& to, const response_fields& fields);
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
  std::string room;
  const header_field location{"Location", http::encode_reference(made.location, room)};
  const std::span<const header_field> fields(&location, made.location.empty() ? 0 : 1);
  if constexpr (text_result<T>) {
    out.respond({201, "text/plain; charset=utf-8", fields}, json::detail::text_view(made.value));
  } else {
    send_json(out, 201, made.value, fields);
  }
}

/// Throws std::invalid_argument for a status that a result's type does not name, if it names any.
void require_status(int status, std::span<const int> named);
void send_redirect(const outlet& out, int status, std::string_view location,
                   const response_fields& fields);

template <class T, int... Status>
void send_with_status(const outlet& out, const with_status<T, Status...>& given) {
  require_status(given.status, given.statuses);
  scratch memory;
  add_fields(memory, given.fields);
  if constexpr (std::is_same_v<T, no_content>) {
    out.respond({given.status, {}, memory.fields()}, {});
  } else if constexpr (text_result<T>) {
    out.respond({given.status, "text/plain; charset=utf-8", memory.fields()},
                json::detail::text_view(given.value));
  } else {
    json::write(memory.text(), given.value);
    out.respond({given.status, "application/json", memory.fields()}, memory.text().view());
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
  } else if constexpr (is_with_status<R>) {
    send_with_status(out, value);
  } else if constexpr (is_redirect<R>) {
    require_status(value.status, value.statuses);
    send_redirect(out, value.status, value.location, value.fields);
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
