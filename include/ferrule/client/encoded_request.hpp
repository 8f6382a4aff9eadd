#pragma once
/// @file
/// From an endpoint's arguments to a request. Part of client/client.hpp.
///
/// ```cpp
/// using add = ferrule::endpoint<"PUT /users/{id}", void(std::uint64_t id, ferrule::body)>;
/// inline ferrule::detail::encoded_request put_user() {
///   return ferrule::detail::encode_call<add>(42, "Ada");  // PUT /users/42
/// }
/// ```

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/api/cookie.hpp"
#include "ferrule/api/encode.hpp"
#include "ferrule/api/endpoint.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/http/fields.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule {

inline constexpr std::string_view idempotency_key_field = "Idempotency-Key";

namespace detail {

/// A request that owns what it says, so that a call need not be awaited where it was made.
struct encoded_request {
  std::string_view verb;  // static
  std::string target;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
  bool has_idempotency_key = false;
  bool is_valid = true;  ///< false: an argument cannot be sent

  void add_field(std::string_view name, std::string_view value);
  /// Makes up a key of 128 random bits.
  void add_idempotency_key(rng& random);
  /// The fields as views, valid until this changes or moves.
  std::vector<header_field> views() const;
};

/// Whether text stays one element of a header field that is a list.
bool is_list_element(std::string_view text) noexcept;

/// Appends the pattern's path with the placeholders' texts in it; false if one cannot stand there.
bool append_path(std::string& out, const pattern& shape, std::span<const std::string> texts);

template <class P, class A>
consteval bool is_parameter_value() {
  if constexpr (number_parameter<P> && std::integral<P>) {
    return number_parameter<A> && std::integral<A>;
  } else if constexpr (number_parameter<P>) {
    return number_parameter<A>;
  } else if constexpr (std::convertible_to<const P&, std::string_view>) {
    return !std::is_null_pointer_v<A> && std::convertible_to<const A&, std::string_view>;
  } else if constexpr (std::is_arithmetic_v<P>) {
    return std::same_as<A, P>;
  } else {
    return std::convertible_to<const A&, const P&>;
  }
}

/// Whether an `A` can be given for what a header field or a cookie is read into.
template <class Text, class A>
consteval bool is_named_value() {
  if constexpr (is_query_list<Text>) {
    return std::convertible_to<const A&, const Text&>;
  } else if constexpr (!is_query_optional<Text>) {
    return is_parameter_value<Text, A>();
  } else if constexpr (std::same_as<A, std::nullopt_t>) {
    return true;
  } else if constexpr (is_query_optional<A>) {
    return is_parameter_value<typename Text::value_type, typename A::value_type>();
  } else {
    return is_parameter_value<typename Text::value_type, A>();
  }
}

/// Whether an `A` can be given for a parameter `P` of an endpoint: a `P`, or what it wraps.
template <class P, class A>
consteval bool is_argument() {
  constexpr source from = source_of<P>();
  if constexpr (std::same_as<A, P>) {
    return true;
  } else if constexpr (from == source::position) {
    return is_parameter_value<P, A>();
  } else if constexpr (from == source::name) {
    return is_parameter_value<decltype(P::value), A>();
  } else if constexpr (from == source::query || from == source::json_body ||
                       from == source::form) {
    return std::convertible_to<const A&, const decltype(P::value)&>;
  } else if constexpr (from == source::header || from == source::cookie) {
    return is_named_value<typename P::text_type, A>();
  } else {
    return std::convertible_to<const A&, std::string_view>;
  }
}

/// Whether a parameter of an endpoint is a struct around its value.
template <class P>
consteval bool wraps_value() {
  constexpr source from = source_of<P>();
  if constexpr (from == source::header || from == source::cookie) {
    return !is_query_optional<typename P::text_type>;
  } else {
    return from == source::name || from == source::query || from == source::json_body ||
           from == source::form;
  }
}

/// What a `path`, `query` or `json_body` and their like hold, or the argument itself.
template <class P, class A>
const auto& unwrapped(const A& argument) noexcept {
  constexpr bool wraps = wraps_value<P>();
  if constexpr (wraps && std::same_as<A, P>) {
    return argument.value;
  } else {
    return argument;
  }
}

/// Whether a value has a text that `parse_parameter` reads: NaN, infinity and an enumeration's
/// value without a name have none.
template <class T>
bool has_text([[maybe_unused]] const T& value) {
  if constexpr (std::floating_point<T>) {
    return std::isfinite(value);
  } else if constexpr (std::is_enum_v<T>) {
    return !json::enum_name(value).empty();
  } else if constexpr (is_query_optional<T>) {
    return !value || has_text(*value);
  } else if constexpr (is_query_list<T>) {
    return std::ranges::all_of(
        value, [](const typename T::value_type& each) { return has_text(each); });
  } else {
    return true;
  }
}

/// Appends a parameter's text; false if it has none, or a number does not fit its type.
template <class P, class A>
bool append_argument(std::string& out, const A& given) {
  static_assert(sendable_parameter<P>,
                "ferrule: a parameter of this endpoint cannot be sent: define void "
                "append_parameter(std::string&, const T&) beside its parse_parameter");
  if constexpr (number_parameter<P> && std::integral<P>) {
    if (!std::in_range<P>(given)) return false;
    append_parameter(out, static_cast<P>(given));
  } else if constexpr (number_parameter<P>) {
    if (!has_text(static_cast<P>(given))) return false;
    append_parameter(out, static_cast<P>(given));
  } else {
    const P& value = given;
    if (!has_text(value)) return false;
    append_parameter(out, value);
  }
  return true;
}

/// Encodes the arguments of one endpoint.
template <class Endpoint, class Signature = typename Endpoint::signature>
class call_encoder;

template <class Endpoint, class R, class... P>
class call_encoder<Endpoint, signature<R, P...>> {
 public:
  template <class... A>
  static encoded_request encode(const A&... arguments) {
    call_encoder encoder;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (encoder.put<P>(slots[I], arguments), ...);
    }(std::index_sequence_for<P...>());
    return std::move(encoder).finish();
  }

 private:
  static constexpr auto slots = Endpoint::signature::bind(Endpoint::shape).slots;

  template <class Parameter, class A>
  void put(std::size_t slot, const A& argument) {
    constexpr source from = source_of<Parameter>();
    const auto& given = unwrapped<Parameter>(argument);
    if constexpr (from == source::position) {
      made_.is_valid &= append_argument<Parameter>(texts_[slot], given);
    } else if constexpr (from == source::name) {
      made_.is_valid &= append_argument<decltype(Parameter::value)>(texts_[slot], given);
    } else if constexpr (from == source::query) {
      const decltype(Parameter::value)& values = given;
      std::apply([&](const auto&... member) { made_.is_valid &= (has_text(member) && ...); },
                 json::tie_members(values));
      append_query(query_, values);
    } else if constexpr (from == source::json_body) {
      const decltype(Parameter::value)& value = given;
      put_json(value);
    } else if constexpr (from == source::form) {
      const decltype(Parameter::value)& values = given;
      std::apply([&](const auto&... member) { made_.is_valid &= (has_text(member) && ...); },
                 json::tie_members(values));
      made_.content_type = "application/x-www-form-urlencoded";
      append_query(made_.body, values);
      if (!made_.body.empty()) made_.body.erase(0, 1);  // the '?'
    } else if constexpr (from == source::header || from == source::cookie) {
      put_named<Parameter>(given);
    } else {
      made_.body = text_of_body(given);
      made_.content_type = "application/octet-stream";
    }
  }
  /// The texts of a header field or a cookie: none, one or several.
  template <class Named, class A>
  void put_named(const A& given) {
    using text = typename Named::text_type;
    if constexpr (is_query_list<text>) {
      for (const typename text::value_type& each : given) {
        put_text<Named, typename text::value_type>(each);
      }
    } else if constexpr (!is_query_optional<text>) {
      put_text<Named, text>(given);
    } else if constexpr (requires { given.has_value(); }) {
      if (given) put_text<Named, typename text::value_type>(*given);
    } else if constexpr (!std::same_as<A, std::nullopt_t>) {
      put_text<Named, typename text::value_type>(given);
    }
  }
  template <class Named, class T, class A>
  void put_text(const A& given) {
    std::string text;
    made_.is_valid &= append_argument<T>(text, given);
    if constexpr (source_of<Named>() == source::header) {
      if (is_query_list<typename Named::text_type>) made_.is_valid &= is_list_element(text);
      made_.add_field(Named::name(), text);
    } else {
      made_.is_valid &= is_cookie_value(text);
      cookies_.append(cookies_.empty() ? "" : "; ").append(Named::name()).append("=").append(text);
    }
  }
  template <class T>
  void put_json(const T& value) {
    made_.content_type = "application/json";
    try {
      made_.body = json::write(value);
    } catch (const json::unwritable&) {
      made_.is_valid = false;
    }
  }
  static std::string_view text_of_body(std::string_view bytes) noexcept { return bytes; }
  static std::string_view text_of_body(const ferrule::body& given) noexcept { return given.bytes; }

  encoded_request finish() && {
    made_.verb = to_string(Endpoint::shape.verb);
    made_.is_valid &= append_path(made_.target, Endpoint::shape, texts_);
    made_.target += query_;
    if (!cookies_.empty()) made_.add_field("Cookie", cookies_);
    return std::move(made_);
  }

  encoded_request made_;
  std::array<std::string, Endpoint::shape.parameter_count> texts_;
  std::string query_;
  std::string cookies_;
};

template <class Endpoint, class... A>
encoded_request encode_call(const A&... arguments) {
  return call_encoder<Endpoint>::encode(arguments...);
}

}  // namespace detail
}  // namespace ferrule
