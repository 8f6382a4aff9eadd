#pragma once
/// @file
/// From requests to handlers: a route table as the service that a connection engine calls.
///
/// ```cpp
/// struct counter { int hits = 0; };
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /hits">([](counter& c) { return std::to_string(++c.hits); }));
/// inline void answer(ferrule::http::exchange& ex, counter& of_this_reactor) {
///   ferrule::dispatcher<routes, counter> service(of_this_reactor);
///   service.match(ex);
///   service.invoke(ex);
/// }
/// ```
///
/// What has no route is answered, too: an unknown path by the table's fallback, or 404; a known one
/// with another method 405 with Allow; OPTIONS, also of `*`, 204 with Allow, unless a route says
/// otherwise; and 501 for methods that no pattern can name: CONNECT, TRACE and all that HTTP does
/// not define. HEAD is answered by GET routes. An exception that leaves a handler is answered 500,
/// or as `on_exception` says; how problems are told, `on_problem` may say (route/problem_form.hpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "ferrule/http/exchange.hpp"
#include "ferrule/route/fallback.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/route/match.hpp"
#include "ferrule/route/problem_form.hpp"
#include "ferrule/route/table.hpp"
#include "ferrule/route/thunk.hpp"

namespace ferrule {
namespace detail {

/// Stands in for the route of requests that have none; `Name` is for metrics and logs.
template <fixed_string Name, int Status>
struct unrouted_entry {
  struct handler_type {
    unrouted operator()() const noexcept { return {Status}; }
  };
  using layers = layer_list<>;
  static constexpr auto text = Name;
  static constexpr pattern shape{.text = text.view()};
  template <class>
  static constexpr const std::uint8_t* slots = nullptr;
};

template <const auto& Table, std::size_t I, class Entry, bool IsEmpty>
struct handler_finder {
  static constexpr const table_slot<I, Entry>& slot = Table;
  using type = function_handler<slot.handler>;
};
template <const auto& Table, std::size_t I, class Entry>
struct handler_finder<Table, I, Entry, true> {
  using type = closure_handler<typename Entry::handler_type>;
};
template <const auto& Table, std::size_t I, auto Function>
struct handler_finder<Table, I, fallback_entry<Function>, false> {
  using type = function_handler<Function>;
};

/// What stands in for the route of an unknown path in a table with these layers.
template <class Layers>
struct no_path_finder;
template <class... L>
struct no_path_finder<layer_list<L...>>
    : fallback_finder<unrouted_entry<"(no such path)", 404>, L...> {};

template <class Entry>
struct shape_finder {
  using type = Entry;
};
template <fixed_string Text, class Handler, class... L>
struct shape_finder<route_entry<Text, Handler, L...>> {
  using type = route_shape<Text>;
};

template <class Signature>
inline constexpr http::body_mode body_mode_of =
    Signature::takes(source::body_stream) ? http::body_mode::stream
    : Signature::takes_whole_body()       ? http::body_mode::whole
                                          : http::body_mode::none;

/// All that `with` was given for the route `Entry` of `Table`, outermost first.
template <const auto& Table, class Entry>
using layers_at = typename joined_layers<typename std::remove_cvref_t<decltype(Table)>::layers,
                                         typename Entry::layers>::type;

/// Those of them that have hooks.
template <const auto& Table, class Entry>
using hooks_at = typename without_settings<layer_list<>, layers_at<Table, Entry>>::type;

template <class Layers>
inline constexpr bool wording_needs_request =
    wording_of<Layers> != nullptr && wording_data<Layers>.needs_request;

/// The thunk of the route `Entry`, number `I` of `Table`.
template <const auto& Table, std::size_t I, class Entry, class... State>
using thunk_at = thunk<
    typename shape_finder<Entry>::type,
    typename handler_finder<Table, I, Entry, std::is_empty_v<typename Entry::handler_type>>::type,
    hooks_at<Table, Entry>, State...>;

/// What a server's own answer on a route goes through; null: nothing.
using refusal_function = void (*)(http::service&, http::exchange&, void* const*,
                                  const http::refusal&);
template <class Hooks, class... State>
inline constexpr refusal_function refusal_at = &refuse_inside<Hooks, State...>;
template <class... State>
inline constexpr refusal_function refusal_at<layer_list<>, State...> = nullptr;

/// The functions and traits of all routes, followed by those for requests without one in the order
/// of `no_route`.
template <const auto& Table, class... State>
struct program {
  using function = void (*)(http::exchange&, void* const*);
  using table_type = std::remove_cvref_t<decltype(Table)>;
  static constexpr std::size_t size = table_type::size + 4;

  struct lists {
    std::array<function, size> functions;
    std::array<http::route_traits, size> traits;
    std::array<refusal_function, size> refusals;
  };
  template <class... Entry, std::size_t... I>
  static consteval lists make(std::index_sequence<I...>) {
    return {{&thunk_at<Table, I, Entry, State...>::run...},
            {http::route_traits{body_mode_of<signature_of<typename Entry::handler_type>>,
                                thunk_at<Table, I, Entry, State...>::suspends,
                                thunk_at<Table, I, Entry, State...>::needs_request ||
                                    wording_needs_request<layers_at<Table, Entry>>,
                                limits_of<layers_at<Table, Entry>>.body_bytes_max,
                                limits_of<layers_at<Table, Entry>>.handler_timeout_ms,
                                Entry::shape.text, wording_of<layers_at<Table, Entry>>}...},
            {refusal_at<hooks_at<Table, Entry>, State...>...}};
  }
  template <std::size_t... I, class... Entry>
  static consteval lists make(const table_slots<std::index_sequence<I...>, Entry...>*) {
    using no_path = typename no_path_finder<typename table_type::layers>::type;
    return make<Entry..., no_path,
                unrouted_entry<"(method not allowed)", 405>, unrouted_entry<"(options)", 204>,
                unrouted_entry<"(unknown method)", 501>>(std::make_index_sequence<size>());
  }
  static constexpr lists routes = make(&Table);
};

}  // namespace detail

/// The service of one reactor. `Table` is a `constexpr` route table of static storage; `State` are
/// the types that its handlers take by reference.
/// Thread rule: used on one thread; the states may be shared by several if they can bear it.
template <const auto& Table, class... State>
class dispatcher final : public http::service {
 public:
  /// The states must outlive the dispatcher.
  explicit dispatcher(State&... states) noexcept : states_{&states..., nullptr} {}

  void match(http::exchange& ex) noexcept override {
    constexpr detail::trie_view tree = table_type::tree.view();
    const std::size_t route = detail::choose_route(tree, table_type::size, ex);
    ex.match().route = static_cast<std::int32_t>(route);
    ex.match().traits = &program::routes.traits[route];
  }

  void invoke(http::exchange& ex) noexcept override {
    try {
      program::routes.functions[static_cast<std::size_t>(ex.match().route)](ex, states_.data());
    } catch (...) {
      detail::answer_exception(detail::outlet(ex));
    }
  }

  void refuse(http::exchange& ex, const http::refusal& why) override {
    const auto inside = program::routes.refusals[static_cast<std::size_t>(ex.match().route)];
    if (inside == nullptr) return service::refuse(ex, why);
    inside(*this, ex, states_.data(), why);
  }

  void word(const http::refusal& why, const http::route_traits* traits,
            http::refusal_writer& to) override {
    constexpr auto of_table = detail::wording_of<typename table_type::layers>;
    detail::word_refusal(traits == nullptr ? of_table : traits->wording, why, to);
  }

  void refused(const http::refusal& why) noexcept override {
    try {
      detail::refusal_news<typename table_type::layers, State...>::tell(why, states_.data());
    } catch (...) {
      detail::log_current_exception(why.route, why.trace_id);
    }
  }

 private:
  using table_type = std::remove_cvref_t<decltype(Table)>;
  using program = detail::program<Table, State...>;

  std::array<void*, sizeof...(State) + 1> states_;  // one more, so that none is no special case
};

}  // namespace ferrule
