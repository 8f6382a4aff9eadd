#pragma once
/// @file
/// What layers give handlers and take themselves, as far as types say it: the part of layers
/// (route/layers.hpp) that is known before there is a request.
///
/// ```cpp
/// struct visitor { std::string name; };
/// struct greets {
///   visitor before() const { return {"Ada"}; }
/// };
/// static_assert(std::is_same_v<ferrule::detail::given_of<greets>,
///                              ferrule::detail::takeable<visitor>>);
/// ```

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>

#include "ferrule/api/answer.hpp"
#include "ferrule/api/results.hpp"
#include "ferrule/api/signature.hpp"
#include "ferrule/route/extract.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule::detail {

struct no_local {};
template <class L>
struct local_of {
  using type = no_local;
};
template <class L>
  requires requires { typename L::local; }
struct local_of<L> {
  using type = typename L::local;
};

template <class L>
concept has_before = requires { requires is_const_hook<decltype(&L::before)>; };
template <class L>
concept has_after = requires { requires is_const_hook<decltype(&L::after)>; };
template <class L>
struct before_result {
  using type = void;
};
template <has_before L>
struct before_result<L> {
  using type = typename signature_of<decltype(&L::before)>::result_type;
};

template <class L>
inline constexpr bool awaits_before = is_task<typename before_result<L>::type>;

/// Types of values that handlers and hooks can take by reference, in the order of their addresses.
template <class... T>
struct takeable {
  static constexpr std::size_t count = sizeof...(T);
  template <class... More>
  using with = takeable<T..., More...>;
  template <class Signature>
  using arguments = arguments_of<Signature, T...>;
};

template <class A, class B>
struct joined_takeable;
template <class... A, class... B>
struct joined_takeable<takeable<A...>, takeable<B...>> {
  using type = takeable<A..., B...>;
};

/// Whether a value can be given to handlers.
template <class R>
inline constexpr bool is_giveable = std::is_class_v<R> && is_plain_value<R> &&
                                    !std::same_as<R, no_content> && std::move_constructible<R>;

/// What a `before` with this result gives.
template <class R>
struct given_by {
  using type = std::conditional_t<is_giveable<R>, takeable<R>, takeable<>>;
  static constexpr bool is_sound = is_giveable<R>;
};
template <class R>
  requires std::is_void_v<R>
struct given_by<R> {
  using type = takeable<>;
  static constexpr bool is_sound = true;
};
template <>
struct given_by<std::optional<response>> : given_by<void> {};
template <>
struct given_by<std::optional<problem>> : given_by<void> {};
template <class... T>
struct given_by<std::tuple<T...>> {
  using type = takeable<T...>;
  static constexpr bool is_sound = (is_giveable<T> && ...);
};
template <class T, class E>
struct given_by<result<T, E>> : given_by<T> {};
template <class T>
struct given_by<task<T>> : given_by<T> {};
template <class L>
using given_of = typename given_by<typename before_result<L>::type>::type;

/// What a layer gives, as it is kept.
template <class Given>
struct given_value {
  using type = std::tuple<>;
};
template <class T, class... More>
struct given_value<takeable<T, More...>> {
  using type = std::optional<std::tuple<T, More...>>;
};

/// Stands in the compiler's message with the type.
template <class T, std::size_t Givers>
struct given_once {
  static constexpr bool is_alone = Givers < 2;
  static_assert(is_alone,
                "ferrule: two layers of a route give one type, or a layer gives the type of a "
                "state: make one of them a struct of its own");
  static constexpr bool passed = true;
};
template <class Given, class... State>
struct given_check;
template <class... T, class... State>
struct given_check<takeable<T...>, State...> {
  template <class Wanted>
  static constexpr std::size_t count =
      (std::size_t{0} + ... + std::size_t{std::same_as<Wanted, T>}) +
      (std::size_t{0} + ... + std::size_t{std::same_as<Wanted, State>});
  static constexpr bool passed = (given_once<T, count<T>>::passed && ...);
};

/// All that the layers of a list give, outermost first.
template <class... L>
struct given_in {
  using type = takeable<>;
};
template <class L, class... More>
struct given_in<L, More...> : joined_takeable<given_of<L>, typename given_in<More...>::type> {};

/// Checks what can be said of a layer without its route.
template <class L>
struct layer_check {
  static_assert(has_mutable_hook<L> || has_before<L> || has_after<L> || has_refused<L>,
                "ferrule: a layer needs a before or an after (or a refused): one const member "
                "function each, without overloads");
  static constexpr bool after_is_void = [] {
    if constexpr (has_after<L>) {
      return std::is_void_v<typename signature_of<decltype(&L::after)>::result_type>;
    } else {
      return true;
    }
  }();
  static_assert(
      after_is_void,
      "ferrule: the after of a layer returns nothing: it changes the answer& it is given, "
      "and cannot wait, for the answer is about to be sent");
  static_assert(given_by<typename before_result<L>::type>::is_sound,
                "ferrule: the before of a layer returns void; std::optional<response>, "
                "std::optional<problem> or result<void, E>, to answer instead of the handler; a "
                "movable struct of its own, or result<T, E> of one, to give it to handlers; or a "
                "task<> of one of these");
  static constexpr bool passed = true;
};

/// Stands in the compiler's message with the layer and the type.
template <class Layer, class A, bool IsKnown>
struct hook_parameter {
  static_assert(IsKnown,
                "ferrule: a layer's hook takes const request&, const body_wait&, local&, answer& "
                "(after only), T& for state, which has to be given to serve() as per_reactor(...) "
                "or shared(...), and const T& for what a layer outside of it gives");
  static constexpr bool passed = true;
};
template <class A, class Layer, bool HasAnswer, class... T>
inline constexpr bool is_hook_argument =
    std::same_as<A, const request&> || std::same_as<A, const body_wait&> ||
    std::same_as<std::remove_cvref_t<A>, typename local_of<Layer>::type> ||
    (HasAnswer && std::same_as<std::remove_cvref_t<A>, answer>) ||
    find_state<std::remove_cvref_t<A>, T...>() >= 0;
/// Checks what a hook takes, if the layer has it.
template <class Hook, class Layer, bool HasAnswer, class Visible>
struct hook_check {
  static constexpr bool passed = true;
};
template <class R, class... A, class Layer, bool HasAnswer, class... T>
struct hook_check<signature<R, A...>, Layer, HasAnswer, takeable<T...>> {
  static constexpr bool passed =
      (hook_parameter<Layer, A, is_hook_argument<A, Layer, HasAnswer, T...>>::passed && ...);
};
template <class L>
struct before_signature {
  using type = void;
};
template <has_before L>
struct before_signature<L> {
  using type = signature_of<decltype(&L::before)>;
};
template <class L>
struct after_signature {
  using type = void;
};
template <has_after L>
struct after_signature<L> {
  using type = signature_of<decltype(&L::after)>;
};
/// Checks the hooks of layers, each with what those outside of it give, which is in `Visible`.
template <class Visible, class... L>
struct hooks_check {
  static constexpr bool passed = true;
};
template <class Visible, class L, class... Inside>
struct hooks_check<Visible, L, Inside...> {
  static constexpr bool passed =
      hook_check<typename before_signature<L>::type, L, false, Visible>::passed &&
      hook_check<typename after_signature<L>::type, L, true, Visible>::passed &&
      hooks_check<typename joined_takeable<Visible, given_of<L>>::type, Inside...>::passed;
};

/// Which values with places from `begin` on a hook takes: a bit for each.
template <class Signature, class Visible>
struct taken_places {
  static consteval std::uint64_t find(std::size_t) { return 0; }
};
template <class R, class... A, class... T>
struct taken_places<signature<R, A...>, takeable<T...>> {
  static consteval std::uint64_t find(std::size_t begin) {
    std::uint64_t taken = 0;
    const auto add = [&](int place) {
      if (place >= static_cast<int>(begin)) {
        taken |= std::uint64_t{1} << (static_cast<std::size_t>(place) - begin);
      }
    };
    (add(find_state<std::remove_cvref_t<A>, T...>()), ...);
    return taken;
  }
};

}  // namespace ferrule::detail
