#pragma once
/// @file
/// What a handler may ask for, told by the types of its parameters. The names and values here are
/// plain, so that a handler can be called from a test with `json_body<new_user>{{"Ada"}}`.
///
/// ```cpp
/// struct page { std::optional<std::uint64_t> after; std::uint32_t limit = 20; };
/// struct draft { std::string title; };
/// inline std::uint64_t first(ferrule::path<"user", std::uint64_t> user, ferrule::query<page> page)
/// {
///   return page->after.value_or(*user) + page->limit;
/// }
/// inline std::string post(ferrule::json_body<draft> draft, ferrule::header<"X-Tag"> tag) {
///   return draft->title + std::string(tag.value_or("untagged"));
/// }
/// ```
///
/// Also taken: any `text_parameter` by value (the next placeholder of the pattern that no `path`
/// names), `const request&`, and `T&` or `const T&` for state. Views in all of them last until the
/// handler's task ends, a plain handler's until it returns. A coroutine takes everything but
/// the request and state by value, for its caller's copies are gone when it resumes. One without
/// layers that takes no view (but numbers, enumerations, `std::string`, `json_body`, state) spares
/// the server a copy of its request.

#include <cstdint>
#include <optional>
#include <string_view>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/fixed_string.hpp"
#include "ferrule/http/exchange.hpp"

namespace ferrule {

/// The placeholder `{Name}` of the pattern as a `T`; binds by name what would otherwise be bound
/// by position. Text that is no `T` is answered 400.
template <fixed_string Name, class T>
struct path {
  T value{};

  static constexpr std::string_view name() noexcept { return Name.view(); }
  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
};

/// The query string as an aggregate, by the names of its members; see api/query.hpp. What does
/// not fit, or what the type's `validate` refuses (see json/read_error.hpp), is answered 400 with a
/// list of it.
template <class T>
struct query {
  T value{};

  T& operator*() noexcept { return value; }
  const T& operator*() const noexcept { return value; }
  T* operator->() noexcept { return &value; }
  const T* operator->() const noexcept { return &value; }
};

/// The body as JSON. Answered without the handler: 415 for another content type than
/// `application/json` or `.../...+json`, or for none; 400 for what is no JSON, or has a byte order
/// mark before it, which RFC 8259 section 8.1 forbids; 422 for JSON that is no valid `T`, with a
/// list of what is wrong with it.
template <class T>
struct json_body {
  T value{};

  T& operator*() noexcept { return value; }
  const T& operator*() const noexcept { return value; }
  T* operator->() noexcept { return &value; }
  const T* operator->() const noexcept { return &value; }
};

/// The value of the request's first header field of this name, if it has one.
template <fixed_string Name>
struct header : std::optional<std::string_view> {
  using std::optional<std::string_view>::optional;

  static constexpr std::string_view name() noexcept { return Name.view(); }
};

/// The whole body as it came.
struct body {
  std::string_view bytes;

  std::string_view operator*() const noexcept { return bytes; }
  const std::string_view* operator->() const noexcept { return &bytes; }
};

/// The body part by part, for what need not or must not be in memory at once. Coroutines only.
class body_stream {
 public:
  explicit body_stream(http::exchange& from) noexcept : from_(&from) {}

  /// `co_await body.read()`: the next part, empty at the end; the view lasts until the next read.
  /// Suspends while there is none. Cancellation unwinds; a malformed or oversized body cancels.
  [[nodiscard]] auto read() noexcept { return from_->read(); }

 private:
  http::exchange* from_;
};

/// When the answer is of no use any more, as the server's limit and the client's Request-Timeout-Ms
/// say; `no_deadline` if there is none, and for a plain handler, which takes no time. For a handler
/// of a `body_stream` it is as things stood at its start: waiting for the body moves that limit.
struct deadline {
  mono_time at = no_deadline;
};

}  // namespace ferrule
