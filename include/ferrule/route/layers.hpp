#pragma once
/// @file
/// Layers (middleware): hooks before a handler and before its answer is sent, composed while
/// compiling.
///
/// ```cpp
/// struct only_staff {                            // needs no local
///   std::optional<ferrule::problem> before(const ferrule::request& r) const {
///     if (r.header("X-Staff") == "yes") return std::nullopt;  // go on
///     return ferrule::problem{.status = 403};                 // answer at once
///   }
/// };
/// struct timed {
///   struct local { std::string mark; };          // one for each request
///   void before(const ferrule::request& r, local& l) const { l.mark = r.path; }
///   void after(local& l, ferrule::answer& a) const { a.add_field("X-Mark", l.mark); }
/// };
/// constexpr auto routes = ferrule::route_table(
///     ferrule::with(timed{}),                                         // all routes
///     ferrule::route<"GET /">([] { return "Hello"; }),
///     ferrule::route<"GET /staff">([] { return "Hi"; }, ferrule::with(only_staff{})));
/// ```
///
/// What a layer finds out, handlers take by its type:
///
/// ```cpp
/// struct principal { std::string name; };
/// enum class login_error { missing };
/// constexpr ferrule::problem to_problem(login_error) noexcept { return {.status = 401}; }
/// struct logged_in {
///   ferrule::result<principal, login_error> before(const ferrule::request& r) const {
///     if (r.header("X-User").empty()) return ferrule::fail(login_error::missing);
///     return principal{std::string(r.header("X-User"))};
///   }
/// };
/// constexpr auto mine = ferrule::route_table(
///     ferrule::with(logged_in{}),
///     ferrule::route<"GET /me">([](const principal& p) { return "Hello, " + p.name; }));
/// ```
///
/// A layer has no members: constants are template arguments of it, and what changes is state. A
/// hook is a const member function. Its parameters are recognised by their types, in any order:
/// `const request&`, `local&` (a nested struct of that name, one object for each request),
/// `const body_wait&` (how long the handler has waited for its client's bytes, which outlives the
/// local), in `after` also `answer&`, `T&` for state, and `const T&` for what a layer outside of it
/// gives.
///
/// - `before` returns nothing, or what is empty to go on and otherwise the answer:
///   `std::optional<response>`, `std::optional<problem>`, `result<void, E>`; or what it gives, a
///   `T`, or a `result<T, E>` whose error is the answer; several things as a `std::tuple`. Or it
///   returns a `task<>` of one of these, and then every route under the layer is a coroutine.
/// - What it gives lives as long as the request. Handlers, the hooks of layers inside and what
///   extractors take have it as `const T&`, or `T&` to change it, coroutines too; one that no layer
///   of its gives, and no state is, does not compile. No two layers of a route give one type, and
///   no state has it.
/// - `after` sees the head of the answer, whoever gave it, and may change it. It runs for every
///   layer whose `before` was begun, innermost first, once, and not when there is no answer: the
///   client is gone, or the answer was reset. It cannot wait: the answer is about to be sent.
///   `answer::handler_began` tells it whether the handler was called.
/// - `refused`, of a table's layers, hears of every answer that the server gives by itself
///   (`const refusal&`, http/refusal.hpp), and takes state besides. It only counts or notes.
///
/// So `after` sees the handler's answer, the 101 with which it goes on in another protocol, to
/// which it can add fields and no more, that of a layer inside, the problem that an exception, a
/// parameter or an answer that HTTP cannot carry becomes, the 503 or 504 of a handler that was
/// stopped, and what the server itself says to a request with a route: too large a body, one that
/// does not arrive, a deadline that has passed. For the last of these the server calls each
/// `before` that does not wait, nor takes what one that waits gives, in the handler's place, and
/// the first that answers is heeded. What cannot be read as a request has no route and no layers:
/// there is only `refused`.
///
/// The layers of a table also see requests that no route is for. A plain handler under layers that
/// do not wait runs without a coroutine frame.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/api/answer.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/route/extract.hpp"
#include "ferrule/route/failure.hpp"
#include "ferrule/route/layer_values.hpp"
#include "ferrule/route/respond.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule {
using http::refusal;
}  // namespace ferrule

namespace ferrule::detail {

/// What hooks are called with. `Answer` is `answer*` in `after`, and nothing in `before`.
template <class Local, class Answer>
struct hook_call {
  const call& request_call;
  Local& local;
  Answer outgoing;
};

/// An argument of a hook.
template <class A, class... State, class Local, class Answer>
decltype(auto) hook_argument(const hook_call<Local, Answer>& c) {
  using value = std::remove_cvref_t<A>;
  if constexpr (std::same_as<A, const request&>) {
    return (c.request_call.exchange().request());
  } else if constexpr (std::same_as<A, const body_wait&>) {
    return (std::as_const(c.request_call.exchange().waited_for_body()));
  } else if constexpr (std::same_as<value, Local>) {
    return (c.local);
  } else if constexpr (std::same_as<value, answer> && std::is_pointer_v<Answer>) {
    return (*c.outgoing);
  } else {
    argument<source::state, A, State...> state;  // hooks_check has stopped the compiler without one
    state.load(c.request_call, 0);
    return state.get();
  }
}

/// The one object of a layer: it has no members, but hooks that wait keep pointing at it.
template <class L>
inline constexpr L layer_object{};

template <class... State, class L, class Local, class Answer, class R, class... A>
FERRULE_CORO_WRAPPER FERRULE_CORO_COPIES  // what a hook takes lies in the chain, not in `c`
R call_hook(takeable<State...> /*visible*/, R (L::*hook)(A...) const,
            const hook_call<Local, Answer>& c) {
  return (layer_object<L>.*hook)(hook_argument<A, State...>(c)...);
}

/// The layers around one request: their locals, and how far it came. Outermost first.
template <class Layers, class... State>
class layer_chain;

template <class... L, class... State>
class layer_chain<layer_list<L...>, State...> : answer_hooks {
  static_assert((layer_check<L>::passed && ...));

 public:
  /// What one layer does before the handler: at once or, if it waits, as a task. Both return
  /// whether to go on.
  struct step {
    bool (*plain)(layer_chain&);
    task<bool> (*awaiting)(layer_chain&);
  };
  static constexpr bool awaits = (awaits_before<L> || ...);

  /// What the handler can take by reference.
  using visible = typename joined_takeable<takeable<State...>, typename given_in<L...>::type>::type;
  static_assert(given_check<typename given_in<L...>::type, State...>::passed);
  static_assert(hooks_check<takeable<State...>, L...>::passed);

  layer_chain(http::exchange& ex, const pattern& shape, const std::uint8_t* slots,
              void* const* states)
      : answer_hooks{{respond_past_hooks, upgrade_past_hooks}, run_after},
        call_{outlet(ex, this), shape, slots, gives ? places_.data() : states} {
    for (std::size_t i = 0; gives && i != sizeof...(State); ++i) places_[i] = states[i];
    ex.set_answer_filter(this);
  }
  layer_chain(const layer_chain&) = delete;
  layer_chain& operator=(const layer_chain&) = delete;
  ~layer_chain() { call_.exchange().set_answer_filter(nullptr); }

  const call& request_call() const noexcept { return call_; }

  /// For chains in which no layer waits.
  bool before_all() { return before_each(std::index_sequence_for<L...>()); }
  /// For an answer that the server gives instead of a handler: of those that do not wait.
  bool before_refusal() { return before_each_plain(std::index_sequence_for<L...>()); }
  /// For the others, to be walked from the first to the last.
  static consteval std::array<step, sizeof...(L)> steps() {
    return make_steps(std::index_sequence_for<L...>());
  }

 private:
  template <std::size_t I>
  using layer_at = std::tuple_element_t<I, std::tuple<L...>>;

  static constexpr bool gives = visible::count != sizeof...(State);
  /// The place of the first value that layer I gives, and the end of the last layer's.
  static constexpr auto first_places = [] {
    constexpr std::array<std::size_t, sizeof...(L) + 1> counts{given_of<L>::count..., 0};
    std::array<std::size_t, sizeof...(L) + 1> places{sizeof...(State)};
    for (std::size_t i = 0; i != sizeof...(L); ++i) places[i + 1] = places[i] + counts[i];
    return places;
  }();
  template <std::size_t... I>
  static auto outside_finder(std::index_sequence<I...>) ->
      typename given_in<layer_at<I>...>::type;
  /// What the hooks of layer I can take by reference.
  template <std::size_t I>
  using visible_to =
      typename joined_takeable<takeable<State...>, decltype(outside_finder(
                                                       std::make_index_sequence<I>()))>::type;

  template <std::size_t I>
  static consteval std::uint64_t taken_by() {
    using layer = layer_at<I>;
    return taken_places<typename before_signature<layer>::type, visible_to<I>>::find(
               sizeof...(State)) |
           taken_places<typename after_signature<layer>::type, visible_to<I>>::find(
               sizeof...(State));
  }
  /// Which layers wait, or take what one that waits gives.
  template <std::size_t... I>
  static consteval auto find_patient(std::index_sequence<I...>) {
    constexpr std::array<bool, sizeof...(L)> awaiting{awaits_before<L>...};
    constexpr std::array<std::uint64_t, sizeof...(L)> taken{taken_by<I>()...};
    std::array<bool, sizeof...(L)> patient = awaiting;
    std::uint64_t late = 0;
    for (std::size_t i = 0; i != sizeof...(L); ++i) {
      patient[i] = patient[i] || (taken[i] & late) != 0;
      for (std::size_t p = first_places[i]; patient[i] && p != first_places[i + 1]; ++p) {
        late |= std::uint64_t{1} << (p - sizeof...(State));
      }
    }
    return patient;
  }

  template <std::size_t I, class Answer>
  auto hook_call_at(Answer outgoing) {
    using local = typename local_of<layer_at<I>>::type;
    return hook_call<local, Answer>{call_, std::get<I>(locals_), outgoing};
  }
  template <std::size_t I>
  FERRULE_CORO_WRAPPER auto run_before() {
    using layer = layer_at<I>;
    begun_[I] = true;
    return call_hook(visible_to<I>(), &layer::before, hook_call_at<I>(nullptr));
  }
  template <std::size_t I, class T>
  bool keep(T&& value) {
    auto& kept = std::get<I>(given_);
    if constexpr (given_of<layer_at<I>>::count != 0) {
      std::size_t place = first_places[I];
      std::apply([&](auto&... each) { ((places_[place++] = &each), ...); },
                 kept.emplace(std::forward<T>(value)));
    }
    return true;
  }
  /// Answers if a `before` gave an answer, or keeps what it gave; returns whether to go on.
  template <std::size_t I, class R>
  bool take(R given) {
    if constexpr (is_std_optional<R>) {
      if (!given) return true;
      send(call_.out, *given);
      return false;
    } else if constexpr (is_result<R>) {
      if (!given) {
        send_error(call_.out, given.error());
        return false;
      }
      if constexpr (std::is_void_v<typename R::value_type>) {
        return true;
      } else {
        return keep<I>(*std::move(given));
      }
    } else {
      return keep<I>(std::move(given));
    }
  }
  template <std::size_t I>
  static bool before_plain(layer_chain& self) {
    using layer = layer_at<I>;
    if constexpr (!has_before<layer>) {
      self.begun_[I] = true;
      return true;
    } else if constexpr (std::is_void_v<typename before_result<layer>::type>) {
      self.run_before<I>();
      return true;
    } else {
      return self.take<I>(self.run_before<I>());
    }
  }
  template <std::size_t I>
  static task<bool> before_awaiting(layer_chain& self) {
    if constexpr (std::same_as<typename before_result<layer_at<I>>::type, task<>>) {
      co_await self.run_before<I>();
      co_return true;
    } else {
      auto given = co_await self.run_before<I>();
      co_return self.take<I>(std::move(given));
    }
  }
  template <std::size_t I>
  static consteval step make_step() {
    if constexpr (awaits_before<layer_at<I>>) {
      return {nullptr, &before_awaiting<I>};
    } else {
      return {&before_plain<I>, nullptr};
    }
  }
  template <std::size_t... I>
  static consteval std::array<step, sizeof...(L)> make_steps(std::index_sequence<I...>) {
    return {make_step<I>()...};
  }
  template <std::size_t... I>
  bool before_each(std::index_sequence<I...>) {
    return (before_plain<I>(*this) && ...);
  }
  template <std::size_t... I>
  bool before_each_plain(std::index_sequence<I...>) {
    return (before_unless_it_waits<I>(*this) && ...);
  }
  template <std::size_t I>
  static bool before_unless_it_waits(layer_chain& self) {
    constexpr auto patient = find_patient(std::index_sequence_for<L...>());
    if constexpr (patient[I]) {
      return true;
    } else {
      return before_plain<I>(self);
    }
  }

  template <std::size_t I>
  void after_one(answer& outgoing) {
    using layer = layer_at<I>;
    if (!std::exchange(begun_[I], false)) return;
    if constexpr (has_after<layer>) {
      call_hook(visible_to<I>(), &layer::after, hook_call_at<I>(&outgoing));
    }
  }
  template <std::size_t... I>
  void after_all(answer& outgoing, std::index_sequence<I...>) {
    constexpr std::size_t last = sizeof...(I) - 1;
    (after_one<last - I>(outgoing), ...);
  }
  static void run_after(answer_hooks& hooks, answer& outgoing) {
    auto& self = static_cast<layer_chain&>(hooks);
    self.after_all(outgoing, std::index_sequence_for<L...>());
  }

  std::tuple<typename local_of<L>::type...> locals_;
  std::tuple<typename given_value<given_of<L>>::type...> given_;
  /// States, then what layers give; not used if they give nothing.
  std::array<void*, gives ? visible::count : 0> places_{};
  std::array<bool, sizeof...(L)> begun_{};
  call call_;
};

/// Answers for a server in the place of a handler with these layers around it.
template <class Layers, class... State>
void refuse_inside(http::service& of, http::exchange& ex, void* const* states,
                   const http::refusal& why) {
  static constexpr pattern none{};
  layer_chain<Layers, State...> around(ex, none, nullptr, states);
  try {
    if (around.before_refusal()) http::respond_problem(of, ex, why);
  } catch (...) {
    answer_exception(around.request_call().out);
  }
}

/// An argument of `refused`.
template <class A, class... State>
decltype(auto) refused_argument(const http::refusal& why, void* const* states) {
  using value = std::remove_cvref_t<A>;
  if constexpr (std::same_as<value, http::refusal>) {
    return (why);
  } else {
    constexpr int index = find_state<value, State...>();
    static_assert(index >= 0,
                  "ferrule: the refused of a layer takes const refusal& and T& for state that was "
                  "given to serve()");
    using given = std::tuple_element_t<static_cast<std::size_t>(index), std::tuple<State...>>;
    return (static_cast<value&>(*static_cast<given*>(states[index])));
  }
}
template <class... State, class L, class... A>
void call_refused(void (L::*hook)(A...) const, const http::refusal& why, void* const* states) {
  (layer_object<L>.*hook)(refused_argument<A, State...>(why, states)...);
}

/// Tells all layers of a table that want to hear of it, outermost first.
template <class Layers, class... State>
struct refusal_news;
template <class... L, class... State>
struct refusal_news<layer_list<L...>, State...> {
  static void tell([[maybe_unused]] const http::refusal& why,
                   [[maybe_unused]] void* const* states) {
    (tell_one<L>(why, states), ...);
  }
  template <class Layer>
  static void tell_one(const http::refusal& why, void* const* states) {
    if constexpr (has_refused<Layer>) call_refused<State...>(&Layer::refused, why, states);
  }
};

}  // namespace ferrule::detail
