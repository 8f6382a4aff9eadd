#pragma once
/// @file
/// From a request to a handler's arguments; api/extractors.hpp lists which type gets what.
///
/// ```cpp
/// using arguments = ferrule::detail::arguments_of<ferrule::detail::signature<void, int>>;
/// inline bool has_number(const ferrule::detail::call& c) {
///   arguments values;
///   return values.load(c);  // false: answered 400
/// }
/// ```
///
/// One out-of-line `load` for each distinct list of parameters, shared by all routes that have it:
/// compiling one for each route would take the compiler several times as long.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/api/query.hpp"
#include "ferrule/api/signature.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/route/body_coding.hpp"
#include "ferrule/route/failure.hpp"
#include "ferrule/route/respond.hpp"

namespace ferrule::detail {

/// A request on its way into a handler.
struct call {
  outlet out;
  const pattern& shape;
  const std::uint8_t* slots;  ///< which placeholder each argument takes
  void* const* states;        ///< of this reactor, in the order of the dispatcher's types

  http::exchange& exchange() const noexcept { return out.exchange(); }
};

/// Each of these answers the request and returns false if it cannot be what is asked for.

/// The text of a placeholder, percent-decoded; lasts as long as the request. Nothing if the request
/// was answered, because it is no text or no tail that a handler should see.
std::optional<std::string_view> path_text(const call& c, std::size_t slot);
bool refuse_path(const call& c, std::size_t slot, std::string expected);
bool refuse_query(const call& c, query_errors errors);
bool refuse_form(const call& c, query_errors errors);
bool require_json(const call& c);
/// Makes the body of a form ready to be read.
bool require_form(const call& c);
/// Reads a header field, or all of its name; or a cookie, or all of its name.
bool load_header(const call& c, const text_target& target, void* into);
bool load_cookie(const call& c, const text_target& target, void* into);
bool refuse_json(const call& c, const json::read_error& error);

template <class T>
bool load_path(const call& c, std::size_t slot, T& into) {
  const std::optional<std::string_view> text = path_text(c, slot);
  if (!text) return false;
  if (parse_parameter(*text, into)) return true;
  return refuse_path(c, slot, expected_parameter<T>());
}

/// Adds what a validation of a query found.
void add_query_errors(query_errors& to, json::read_error found);

/// Holds a query to the `json_limits` and the `validate` of its type, if it has them.
template <class T>
void validate_query(const T& value, query_errors& errors) {
  if constexpr (json::detail::has_checks<T>) {
    json::reader found("{}", {.problems_max = query_errors::listed_max});
    json::violations problems(found);
    json::detail::run_checks(problems, value);
    if (found.failed()) add_query_errors(errors, found.take_error());
  }
}

/// Which of the states a `T&` takes: the one of that type, else the only one derived from it;
/// -1: none, -2: several.
template <class T, class... State>
consteval int find_state() {
  constexpr std::array<bool, sizeof...(State) + 1> same{std::is_same_v<T, State>...};
  constexpr std::array<bool, sizeof...(State) + 1> derived{std::is_base_of_v<T, State>...};
  int found = -1;
  for (std::size_t i = 0; i != sizeof...(State); ++i) {
    if (same[i]) return static_cast<int>(i);
    if (derived[i]) found = found == -1 ? static_cast<int>(i) : -2;
  }
  return found;
}

/// Whether a value read from text holds a copy of it, or nothing of it. What a `parse_parameter` of
/// the user's does is not known.
template <class T>
inline constexpr bool owns_text =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string>;
template <json::detail::limited_value T>
inline constexpr bool owns_text<T> = true;
template <class T>
inline constexpr bool owns_text<std::optional<T>> = owns_text<T>;
template <class T>
inline constexpr bool owns_text<std::vector<T>> = owns_text<T>;

template <class T, class Indices = std::make_index_sequence<json::member_count<T>>>
inline constexpr bool members_own_text = false;
template <class T, std::size_t... I>
inline constexpr bool members_own_text<T, std::index_sequence<I...>> =
    (owns_text<json::member_type<T, I>> && ...);

/// One argument. Specialised for each source; `State` are the types of the dispatcher's states.
/// `is_own`: once loaded it refers to nothing of the request.
template <source From, class A, class... State>
struct argument;

template <class A, class... State>
struct argument<source::position, A, State...> {
  static constexpr bool is_own = owns_text<std::remove_cvref_t<A>>;
  std::remove_cvref_t<A> value{};
  bool load(const call& c, std::size_t i) { return load_path(c, c.slots[i], value); }
  auto&& get() noexcept { return std::move(value); }
};

template <class A, class... State>
struct argument<source::name, A, State...> {
  std::remove_cvref_t<A> value{};
  static constexpr bool is_own = owns_text<decltype(value.value)>;
  bool load(const call& c, std::size_t i) { return load_path(c, c.slots[i], value.value); }
  auto&& get() noexcept { return std::move(value); }
};

template <class A, class... State>
struct argument<source::query, A, State...> {
  std::remove_cvref_t<A> value{};
  static constexpr bool is_own = members_own_text<decltype(value.value)>;
  bool load(const call& c, std::size_t) {
    using members = decltype(value.value);
    auto errors = read_pairs(c.exchange(), c.exchange().request().query, query_members<members>,
                             &value.value);
    if (errors.empty()) validate_query(value.value, errors);
    return errors.empty() || refuse_query(c, std::move(errors));
  }
  auto&& get() noexcept { return std::move(value); }
};

template <class A, class... State>
struct argument<source::json_body, A, State...> {
  static constexpr bool is_own = true;  // nothing that JSON is read into is a view
  std::remove_cvref_t<A> value{};
  bool load(const call& c, std::size_t) {
    if (!require_json(c) || !decode_body(c.out)) return false;
    auto read = json::read<decltype(value.value)>(c.exchange().asked().body);
    if (!read) return refuse_json(c, read.error());
    value.value = *std::move(read);
    return true;
  }
  auto&& get() noexcept { return std::move(value); }
};

template <class A, class... State>
struct argument<source::form, A, State...> {
  std::remove_cvref_t<A> value{};
  static constexpr bool is_own = members_own_text<decltype(value.value)>;
  bool load(const call& c, std::size_t) {
    using members = decltype(value.value);
    if (!require_form(c)) return false;
    auto errors = read_pairs(c.exchange(), c.exchange().asked().body, form_members<members>,
                             &value.value);
    if (errors.empty()) validate_query(value.value, errors);
    return errors.empty() || refuse_form(c, std::move(errors));
  }
  auto&& get() noexcept { return std::move(value); }
};

/// What a header field or a cookie holds.
template <class Named>
auto& held_text(Named& named) noexcept {
  using text = typename Named::text_type;
  if constexpr (is_query_optional<text>) {
    return static_cast<text&>(named);
  } else {
    return named.value;
  }
}
template <class Named>
std::optional<std::string> assign_named(void* into, std::string_view text) {
  return assign_text(held_text(*static_cast<Named*>(into)), text);
}
template <class Named, class Text = typename Named::text_type>
inline constexpr text_target named_target{Named::name(), &assign_named<Named>,
                                          !is_query_optional<Text> && !is_query_list<Text>,
                                          is_query_list<Text>};

template <class A, class... State>
struct argument<source::header, A, State...> {
  using named = std::remove_cvref_t<A>;
  static constexpr bool is_own = owns_text<typename named::text_type>;
  named value{};
  bool load(const call& c, std::size_t) { return load_header(c, named_target<named>, &value); }
  auto&& get() noexcept { return std::move(value); }
};
template <class A, class... State>
struct argument<source::cookie, A, State...> {
  using named = std::remove_cvref_t<A>;
  static constexpr bool is_own = owns_text<typename named::text_type>;
  named value{};
  bool load(const call& c, std::size_t) { return load_cookie(c, named_target<named>, &value); }
  auto&& get() noexcept { return std::move(value); }
};

template <class A, class... State>
struct argument<source::body, A, State...> {
  static constexpr bool is_own = false;
  const call* from = nullptr;
  bool load(const call& c, std::size_t) {
    from = &c;
    return decode_body(c.out);
  }
  body get() const noexcept { return {from->exchange().asked().body}; }
};
template <class A, class... State>
struct argument<source::body_stream, A, State...> {
  static constexpr bool is_own = false;
  const call* from = nullptr;
  bool load(const call& c, std::size_t) {
    from = &c;
    return decode_stream(c.out);
  }
  body_stream get() const noexcept { return body_stream(from->exchange()); }
};

/// What needs no reading and cannot fail.
template <class A, bool IsOwn = false>
struct direct_argument {
  static constexpr bool is_own = IsOwn;
  const call* from = nullptr;
  bool load(const call& c, std::size_t) noexcept {
    from = &c;
    return true;
  }
};
template <class A, class... State>
struct argument<source::early_hints, A, State...> : direct_argument<A> {
  early_hints get() const noexcept { return early_hints(this->from->exchange()); }
};
template <class A, class... State>
struct argument<source::upgrade_offer, A, State...> : direct_argument<A> {
  upgrade_offer get() const noexcept { return upgrade_offer(this->from->exchange()); }
};
template <class A, class... State>
struct argument<source::deadline, A, State...> : direct_argument<A, true> {
  deadline get() const noexcept { return {this->from->exchange().env().deadline}; }
};
template <class A, class... State>
struct argument<source::request, A, State...> : direct_argument<A> {
  const request& get() const noexcept { return this->from->exchange().request(); }
};

template <class A, class... State>
struct argument<source::state, A, State...> : direct_argument<A, true> {
  using type = std::remove_cvref_t<A>;
  static constexpr int index = find_state<type, State...>();

  type& get() const noexcept {
    if constexpr (index >= 0) {
      using given = std::tuple_element_t<static_cast<std::size_t>(index), std::tuple<State...>>;
      return *static_cast<given*>(this->from->states[index]);
    } else {
      __builtin_unreachable();  // states_check has stopped the compiler
    }
  }
};

template <std::size_t I, class Argument>
struct argument_at : Argument {};

template <class Indices, class... Argument>
struct arguments;
template <std::size_t... I, class... Argument>
struct arguments<std::index_sequence<I...>, Argument...> : argument_at<I, Argument>... {
  static constexpr bool are_own = (Argument::is_own && ...);
  [[gnu::noinline]] bool load(const call& c) {
    return (static_cast<argument_at<I, Argument>&>(*this).load(c, I) && ...);
  }
  template <class F>
  FERRULE_CORO_WRAPPER decltype(auto) pass_to(F&& handler) {
    return std::forward<F>(handler)(static_cast<argument_at<I, Argument>&>(*this).get()...);
  }
};
template <>
struct arguments<std::index_sequence<>> {
  static constexpr bool are_own = true;
  static constexpr bool load(const call&) noexcept { return true; }
  template <class F>
  FERRULE_CORO_WRAPPER static decltype(auto) pass_to(F&& handler) {
    return std::forward<F>(handler)();
  }
};

template <class Signature, class... State>
struct arguments_finder;
template <class R, class... A, class... State>
struct arguments_finder<signature<R, A...>, State...> {
  using type = arguments<std::index_sequence_for<A...>, argument<source_of<A>(), A, State...>...>;
};
/// The arguments of a signature, to be loaded from a call.
template <class Signature, class... State>
using arguments_of = typename arguments_finder<Signature, State...>::type;

/// What an extractor makes of arguments of its own.
template <class A, class... State>
struct argument<source::own, A, State...> {
  using made = std::remove_cvref_t<A>;
  using inputs = arguments_of<extract_signature<made>, State...>;
  static constexpr bool is_own = inputs::are_own;

  bool load(const call& c, std::size_t) {
    inputs given;
    if (!given.load(c)) return false;
    auto value_or_error = given.pass_to(&extractor<made>::extract);
    if constexpr (is_result<decltype(value_or_error)>) {
      if (!value_or_error) {
        send_error(c.out, value_or_error.error());
        return false;
      }
      value.emplace(*std::move(value_or_error));
    } else {
      value.emplace(std::move(value_or_error));
    }
    return true;
  }
  auto&& get() noexcept { return *std::move(value); }

  std::optional<made> value;
};

}  // namespace ferrule::detail
