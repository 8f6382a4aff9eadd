#pragma once
/// @file
/// What the types of a function's parameters ask for, and whether a pattern can give it. Routes
/// and endpoints are checked by the same rules, while compiling.
///
/// ```cpp
/// using by_id = ferrule::detail::signature_of<std::string (*)(std::uint64_t)>;
/// constexpr auto bound = by_id::bind(ferrule::parsed_pattern<"GET /users/{id}">);
/// static_assert(bound.fault == ferrule::detail::binding_fault::none && bound.slots[0] == 0);
/// ```

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "ferrule/api/extractor.hpp"
#include "ferrule/api/extractors.hpp"
#include "ferrule/api/parameter.hpp"
#include "ferrule/api/pattern.hpp"
#include "ferrule/api/problem.hpp"
#include "ferrule/core/result.hpp"

namespace ferrule::detail {

/// Where an argument comes from.
enum class source : std::uint8_t {
  unknown,
  position,  ///< a placeholder of the path, by its place
  name,      ///< a placeholder of the path, by its name
  query,
  json_body,
  form,
  header,
  cookie,
  body,
  body_stream,
  early_hints,
  upgrade_offer,
  deadline,
  request,
  state,
  own,  ///< made by an `extractor`
};

/// Arguments that only one type stands for; partial specialisations below add families of types.
template <class V>
inline constexpr source extractor_source = source::unknown;
template <fixed_string Name, class T>
inline constexpr source extractor_source<path<Name, T>> = source::name;
template <class T>
inline constexpr source extractor_source<query<T>> = source::query;
template <class T>
inline constexpr source extractor_source<json_body<T>> = source::json_body;
template <class T>
inline constexpr source extractor_source<form<T>> = source::form;
template <fixed_string Name, class T>
inline constexpr source extractor_source<header<Name, T>> = source::header;
template <fixed_string Name, class T>
inline constexpr source extractor_source<cookie<Name, T>> = source::cookie;
template <>
inline constexpr source extractor_source<body> = source::body;
template <>
inline constexpr source extractor_source<body_stream> = source::body_stream;
template <>
inline constexpr source extractor_source<early_hints> = source::early_hints;
template <>
inline constexpr source extractor_source<upgrade_offer> = source::upgrade_offer;
template <>
inline constexpr source extractor_source<deadline> = source::deadline;

/// Checks an extractor.
template <class T>
struct extractor_check;

template <class A>
consteval source source_of() {
  using value = std::remove_cvref_t<A>;
  constexpr bool is_mutable_reference =
      std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>;
  if constexpr (std::same_as<value, request>) {
    return std::same_as<A, const request&> ? source::request : source::unknown;
  } else if constexpr (extractor_source<value> != source::unknown) {
    return extractor_source<value>;
  } else if constexpr (extracted<value>) {
    return extractor_check<value>::passed && !is_mutable_reference ? source::own : source::unknown;
  } else if constexpr (std::is_lvalue_reference_v<A> && std::is_class_v<value> &&
                       (is_mutable_reference || !text_parameter<value>)) {
    return source::state;
  } else if constexpr (text_parameter<value> && !is_mutable_reference) {
    return source::position;
  } else {
    return source::unknown;
  }
}

/// One object a type: its address tells types apart in constant expressions. All text counts as
/// one type, since swapping a string and a view goes as unnoticed as swapping two strings.
template <class T>
inline constexpr char type_tag = 0;
template <class T>
inline constexpr const char* type_id = &type_tag<T>;
template <>
inline constexpr const char* type_id<std::string> = &type_tag<std::string_view>;

template <class>
inline constexpr std::string_view path_name = {};
template <fixed_string Name, class T>
inline constexpr std::string_view path_name<path<Name, T>> = Name.view();

struct argument_info {
  source from;
  const char* type;
  std::string_view name;
  bool is_reference;
};

template <class A>
inline constexpr argument_info describe_argument{source_of<A>(), type_id<std::remove_cvref_t<A>>,
                                                 path_name<std::remove_cvref_t<A>>,
                                                 std::is_reference_v<A>};

enum class binding_fault : std::uint8_t {
  none,
  unknown_argument,
  unknown_name,
  too_few_placeholders,
  too_many_placeholders,
  one_type_twice,
  two_bodies,
};

/// Which placeholder each argument takes (0 for those that take none), or why it does not work.
template <std::size_t Count>
struct binding {
  binding_fault fault = binding_fault::none;
  std::array<std::uint8_t, Count + 1> slots{};  // one more, so that none is no special case
};

constexpr bool is_whole_body(source from) noexcept {
  return from == source::json_body || from == source::form || from == source::body;
}
constexpr bool is_body(source from) noexcept {
  return is_whole_body(from) || from == source::body_stream;
}

/// Gives the placeholders that no name asks for to the positional arguments, from left to right.
template <std::size_t Count>
class binder {
 public:
  consteval binder(const pattern& shape, const std::array<argument_info, Count + 1>& arguments)
      : shape_(shape), arguments_(arguments) {}

  consteval binding<Count> bind() {
    for (std::size_t i = 0; i != Count; ++i) bind_names_and_bodies(i);
    for (std::size_t i = 0; i != Count; ++i) bind_position(i);
    for (std::size_t slot = 0; slot != shape_.parameter_count; ++slot) {
      if (!taken_[slot]) fail(binding_fault::too_many_placeholders);
    }
    return bound_;
  }

 private:
  consteval void fail(binding_fault fault) {
    if (bound_.fault == binding_fault::none) bound_.fault = fault;
  }
  consteval void bind_names_and_bodies(std::size_t i) {
    const argument_info& argument = arguments_[i];
    if (argument.from == source::unknown) fail(binding_fault::unknown_argument);
    if (is_body(argument.from)) {
      if (has_body_) fail(binding_fault::two_bodies);
      has_body_ = true;
    }
    if (argument.from != source::name) return;
    const int slot = shape_.parameter_index(argument.name);
    if (slot < 0) return fail(binding_fault::unknown_name);
    bound_.slots[i] = static_cast<std::uint8_t>(slot);
    taken_[static_cast<std::size_t>(slot)] = true;
  }
  consteval void bind_position(std::size_t i) {
    if (arguments_[i].from != source::position) return;
    for (std::size_t other = 0; other != i; ++other) {
      if (arguments_[other].from == source::position &&
          arguments_[other].type == arguments_[i].type) {
        fail(binding_fault::one_type_twice);
      }
    }
    std::size_t slot = 0;
    while (slot != shape_.parameter_count && taken_[slot]) ++slot;
    if (slot == shape_.parameter_count) return fail(binding_fault::too_few_placeholders);
    bound_.slots[i] = static_cast<std::uint8_t>(slot);
    taken_[slot] = true;
  }

  const pattern& shape_;
  const std::array<argument_info, Count + 1>& arguments_;
  binding<Count> bound_;
  std::array<bool, pattern::segments_max> taken_{};
  bool has_body_ = false;
};

/// A function's parameters and result.
template <class R, class... A>
struct signature {
  using result_type = R;
  using function_type = R(A...);
  static constexpr std::size_t count = sizeof...(A);
  /// One more than there are, so that none is no special case.
  static constexpr std::array<argument_info, count + 1> arguments{describe_argument<A>...};

  static consteval binding<count> bind(const pattern& shape) {
    return binder<count>(shape, arguments).bind();
  }
  static consteval bool takes(source from) {
    for (std::size_t i = 0; i != count; ++i) {
      if (arguments[i].from == from) return true;
    }
    return false;
  }
  /// Whether a parameter is the body in one piece.
  static consteval bool takes_whole_body() {
    for (std::size_t i = 0; i != count; ++i) {
      if (is_whole_body(arguments[i].from)) return true;
    }
    return false;
  }
  /// Whether a parameter other than the request and state is a reference.
  static consteval bool borrows_arguments() {
    for (std::size_t i = 0; i != count; ++i) {
      const argument_info& a = arguments[i];
      if (a.is_reference && a.from != source::request && a.from != source::state) return true;
    }
    return false;
  }
};

/// The signature of a function pointer or of an object with one call operator; `void` for what
/// has none or several.
template <class F>
struct signature_finder {
  using type = void;
};
template <class F>
  requires requires { &F::operator(); }
struct signature_finder<F> : signature_finder<decltype(&F::operator())> {};
template <class R, class... A>
struct signature_finder<R(A...)> {
  using type = signature<R, A...>;
};
template <class R, class... A>
struct signature_finder<R (*)(A...)> : signature_finder<R(A...)> {};
template <class R, class... A>
struct signature_finder<R (*)(A...) noexcept> : signature_finder<R(A...)> {};
template <class C, class R, class... A>
struct signature_finder<R (C::*)(A...)> : signature_finder<R(A...)> {};
template <class C, class R, class... A>
struct signature_finder<R (C::*)(A...) noexcept> : signature_finder<R(A...)> {};
template <class C, class R, class... A>
struct signature_finder<R (C::*)(A...) const> : signature_finder<R(A...)> {};
template <class C, class R, class... A>
struct signature_finder<R (C::*)(A...) const noexcept> : signature_finder<R(A...)> {};

template <class F>
using signature_of = typename signature_finder<F>::type;

/// The signature of a type's extractor; `void` if it has none.
template <class T>
struct extract_signature_finder {
  using type = void;
};
template <class T>
  requires std::is_pointer_v<decltype(&extractor<T>::extract)>
struct extract_signature_finder<T> : signature_finder<decltype(&extractor<T>::extract)> {};
template <class T>
using extract_signature = typename extract_signature_finder<T>::type;

/// Whether an extractor can give an argument: what is neither a placeholder nor a body.
constexpr bool is_extractable(source from) noexcept {
  return from == source::query || from == source::header || from == source::cookie ||
         from == source::deadline || from == source::request || from == source::state ||
         from == source::own;
}
template <class Signature>
inline constexpr bool takes_extractable = true;
template <class R, class... A>
inline constexpr bool takes_extractable<signature<R, A...>> =
    (is_extractable(source_of<A>()) && ...);

template <class T, class Signature>
inline constexpr bool gives_extracted = true;
template <class T, class... A>
inline constexpr bool gives_extracted<T, signature<T, A...>> = true;
template <class T, class R, class... A>
inline constexpr bool gives_extracted<T, signature<R, A...>> = false;
template <class T, class E, class... A>
inline constexpr bool gives_extracted<T, signature<result<T, E>, A...>> =
    std::same_as<E, problem> || has_to_problem<E>;

template <class T>
struct extractor_check {
  static_assert(!std::is_void_v<extract_signature<T>>,
                "ferrule: an extractor<T> needs an extract: one static function, without "
                "overloads and with types for its parameters instead of auto");
  static_assert(takes_extractable<extract_signature<T>>,
                "ferrule: the extract of an extractor takes header<\"Name\">, cookie<\"name\">, "
                "query<T>, deadline, const request&, T& for state and what other extractors make: "
                "placeholders and the body are for the handler");
  static_assert(gives_extracted<T, extract_signature<T>>,
                "ferrule: the extract of an extractor<T> returns a T, or a result<T, E> whose E "
                "has a to_problem, and does not wait: a layer's before or the handler can");
  static constexpr bool passed = true;
};

}  // namespace ferrule::detail
