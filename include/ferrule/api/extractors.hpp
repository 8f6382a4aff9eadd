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
/// inline std::string search(ferrule::form<page> page, ferrule::header<"X-Step", unsigned> step,
///                           ferrule::header<"Accept-Language", std::vector<std::string_view>> in,
///                           ferrule::cookie<"theme"> theme) {
///   return std::to_string(page->limit + *step + in->size()) + std::string(theme.value_or("dark"));
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
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ferrule/api/parameter.hpp"
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

/// The body of an HTML form, `application/x-www-form-urlencoded`, as an aggregate by the names of
/// its members, under the rules of a query (api/query.hpp), and those of browsers: the "on" of a
/// checkbox is a true `bool` (write `bool news = false`, since one that is not ticked is not sent),
/// and an empty field that is no value of an optional or initialised member leaves it as it is.
/// Answered without the handler: 415 for another content type or none, 422 for what does not fit or
/// `validate` refuses, with a list of it, and 400 for a %00.
template <class T>
struct form {
  T value{};

  T& operator*() noexcept { return value; }
  const T& operator*() const noexcept { return value; }
  T* operator->() noexcept { return &value; }
  const T* operator->() const noexcept { return &value; }
};

namespace detail {

/// Whether a header field or a cookie can be read into a `T`.
template <class T>
inline constexpr bool is_text_value = text_parameter<T>;
template <class T>
inline constexpr bool is_text_value<std::optional<T>> = text_parameter<T>;
template <class T>
inline constexpr bool is_text_value<std::vector<T>> = text_parameter<T>;

/// Whether text is a token (RFC 9110 section 5.6.2).
constexpr bool is_field_name(std::string_view text) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_alphanumeric && others.find(c) == others.npos) return false;
  }
  return !text.empty();
}

template <fixed_string Name, class T>
struct named_text_check {
  static_assert(is_field_name(Name.view()),
                "ferrule: the name of a header field or a cookie is a token: letters, digits and "
                "any of !#$%&'*+-.^_`|~, without spaces and colons");
  static_assert(is_text_value<T>,
                "ferrule: a header field or a cookie cannot be read into this type: take text, a "
                "number, a bool, an enum or a type with parse_parameter, or a std::optional or "
                "std::vector of one of these");
  static constexpr bool passed = true;
};

}  // namespace detail

/// The value of the request's header field of this name as a `T`: a text parameter
/// (api/parameter.hpp), which has to be there, a `std::optional` of one, or a `std::vector`.
/// Text is the bytes of the field. Answered 400: a field that is missing and has to be there, is no
/// `T`, or is given more than once. Two readers of one request could take two different ones, which
/// is how requests are smuggled; and RFC 9110 section 5.3 allows several only of fields that are
/// lists. Of these take a vector: it has the elements of all fields of the name. They are separated
/// by commas, of which those in quoted strings do not count. `header<"X-Y">` is optional text.
template <fixed_string Name, class T = std::optional<std::string_view>>
struct header {
  static_assert(detail::named_text_check<Name, T>::passed);
  using text_type = T;

  T value{};

  static constexpr std::string_view name() noexcept { return Name.view(); }
  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
};
template <fixed_string Name, class T>
struct header<Name, std::optional<T>> : std::optional<T> {
  static_assert(detail::named_text_check<Name, std::optional<T>>::passed);
  using text_type = std::optional<T>;
  using std::optional<T>::optional;

  static constexpr std::string_view name() noexcept { return Name.view(); }
};

/// The value of the request's cookie of this name as a `T`: as of `header`, but a vector has the
/// values of all cookies of the name. Without it, one that is given more than once is answered 400:
/// which one is meant depends on the paths and domains they were set for, and these are not sent.
/// So is a value with other bytes than RFC 6265 allows. Quotation marks around it are no part of
/// it. `cookie<"sid">` is optional text.
template <fixed_string Name, class T = std::optional<std::string_view>>
struct cookie {
  static_assert(detail::named_text_check<Name, T>::passed);
  using text_type = T;

  T value{};

  static constexpr std::string_view name() noexcept { return Name.view(); }
  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
};
template <fixed_string Name, class T>
struct cookie<Name, std::optional<T>> : std::optional<T> {
  static_assert(detail::named_text_check<Name, std::optional<T>>::passed);
  using text_type = std::optional<T>;
  using std::optional<T>::optional;

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
  /// The fields behind the body (RFC 9110 section 6.5), once it has been read to its end, without
  /// those that may not be there. Throws std::bad_alloc.
  std::span<const header_field> trailers() { return from_->trailers(); }

 private:
  http::exchange* from_;
};

/// Says in advance what the response will need, so that the client can fetch it meanwhile: 103
/// Early Hints (RFC 8297). Coroutines only, for a plain handler takes no time.
class early_hints {
 public:
  explicit early_hints(http::exchange& from) noexcept : from_(&from) {}

  /// Sends these fields, mostly Link; not to HTTP/1.0, not once the response has begun, and not
  /// while the client does not take what was sent before. May be called again. Throws
  /// std::invalid_argument for fields that are not valid.
  void send(std::span<const header_field> fields) const {
    constexpr int early_hints_status = 103;
    from_->inform(early_hints_status, fields);
  }
  void send(std::initializer_list<header_field> fields) const {
    send({fields.begin(), fields.size()});
  }

 private:
  http::exchange* from_;
};

/// A connection that no longer speaks HTTP. It lasts until its handler ends.
class two_way_stream {
 public:
  explicit two_way_stream(http::exchange& from) noexcept : from_(&from) {}

  /// `co_await stream.read()`: what the client sent, first what came behind its request; empty once
  /// it has sent FIN. The view lasts until the next read. Cancellation unwinds.
  [[nodiscard]] auto read() noexcept { return from_->read(); }
  /// `co_await stream.write(bytes)`: sends all of `bytes`, which must outlive the await; suspends
  /// while the client is slow. Cancellation unwinds.
  [[nodiscard]] auto write(std::string_view bytes) noexcept { return from_->write(bytes); }

 private:
  http::exchange* from_;
};

/// What other protocols the client would go on in (RFC 9110 section 7.8). Coroutines only.
class upgrade_offer {
 public:
  explicit upgrade_offer(http::exchange& from) noexcept : from_(&from) {}

  /// Whether this one is among them; not for HTTP/1.0, not while the service ends, and not before a
  /// body that comes with the request was read: all of it, by a `body` or a `body_stream`.
  bool has(std::string_view protocol) const noexcept { return from_->offers(protocol); }
  /// Answers 101, after which the connection is the handler's: FIN follows its end, and what it
  /// returns is not sent. `server_limits::stream_idle_timeout` ends it when neither side sends
  /// anything. Layers see it as an answer of status 101. Throws std::invalid_argument when `has` is
  /// false for another reason than that the service has begun to end since, for fields that are not
  /// valid, and what layers throw.
  [[nodiscard]] two_way_stream accept(std::string_view protocol,
                                      std::span<const header_field> fields = {}) const {
    from_->upgrade(protocol, fields);
    return two_way_stream(*from_);
  }

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
