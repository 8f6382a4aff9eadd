#pragma once
/// @file
/// Changes of an aggregate: of each member whether it was sent, and if it was, its value or null.
///
/// ```cpp
/// struct address { std::string street, city; };
/// struct user { std::string name; std::optional<std::string> phone; address home; };
/// inline bool change(std::string_view body, user& kept) {
///   const auto sent = ferrule::json::read<ferrule::patch<user>>(body);  // {"phone":null}
///   if (!sent) return false;
///   if (const auto* const phone = sent->get<&user::phone>()) {          // null: it is absent
///     if (!*phone) return false;                                        // it is null
///   }
///   sent->merge_into(kept);                                             // what is absent stays
///   return true;
/// }
/// ```
///
/// A handler takes a `json_body<patch<user>>`. No member has to be there. `null` empties a member
/// that is optional and is refused for all others, so that nothing is reset to a default by
/// mistake. A member that is an aggregate is a patch again; all else, optionals of aggregates,
/// arrays, maps and variants among it, is replaced as a whole. What is sent is held to the
/// `json_limits` of its member; the `validate` of the type sees the merged value, by `merged`.
///
/// Source: RFC 7396, of which this is the part that a type can check.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ferrule/core/result.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/json/reflect.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::json {
namespace detail {

template <class M>
using patched = std::conditional_t<kind_of<M> == kind::object, patch<M>, M>;

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
/// The index of a member, or the number of members.
template <class T, auto Member, std::size_t... I>
consteval std::size_t find_member(std::index_sequence<I...>) {
  constexpr const auto& held = nowhere<T>.value;
  std::size_t found = sizeof...(I);
  const auto look = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
    using member = std::remove_reference_t<decltype(held.*Member)>;
    if constexpr (std::is_same_v<const member_type<T, At>, const member>) {
      constexpr const auto* at = std::addressof(
          std::get<At>(tie(held, members<sizeof...(I)>())));
      if (at == std::addressof(held.*Member)) found = At;
    }
  };
  (look(std::integral_constant<std::size_t, I>()), ...);
  return found;
}
#ifdef __clang__
#pragma clang diagnostic pop
#endif
template <class T, auto Member>
inline constexpr std::size_t index_of =
    find_member<T, Member>(std::make_index_sequence<member_count<T>>());

}  // namespace detail

/// Changes of a `T`. Thread rule: as a plain value.
template <class T>
class patch {
  static_assert(kind_of<T> == kind::object,
                "ferrule: a patch<T> is of an aggregate, whose members may be absent: in it, a "
                "member that is a std::optional tells null from absent");
  using indices = std::make_index_sequence<member_count<T>>;
  template <std::size_t I>
  using member = std::remove_const_t<member_type<T, I>>;

 public:
  using patched_type = T;

  /// What was sent for a member, as in `get<&user::name>()`; null if it is absent. An aggregate is
  /// a `patch` of it.
  template <auto Member>
  const auto* get() const noexcept {
    const auto& kept = std::get<checked_index<Member>>(fields_);
    return kept ? std::addressof(*kept) : nullptr;
  }
  /// What is to be sent for a member.
  template <auto Member, class Value>
  patch& set(Value&& value) {
    std::get<checked_index<Member>>(fields_).emplace(std::forward<Value>(value));
    return *this;
  }
  /// Whether every member is absent.
  bool empty() const noexcept {
    return std::apply([](const auto&... each) { return !(each.has_value() || ...); }, fields_);
  }

  /// Changes `value`: what is absent stays as it is.
  void merge_into(T& value) const { merge(value, *this, indices()); }
  /// `value` with these changes, held to all that a `T` is when it is read; else what is wrong with
  /// it, as json::read tells it. `to_problem` of that is a 422 (api/problem.hpp).
  result<T, read_error> merged(T value) const {
    merge_into(value);
    return read<T>(json::write(value), {.depth_max = nesting_max});
  }

  /// For reading, writing and schemas: member `I`.
  template <std::size_t I>
  auto& field() noexcept {
    return std::get<I>(fields_);
  }
  template <std::size_t I>
  const auto& field() const noexcept {
    return std::get<I>(fields_);
  }

 private:
  template <auto Member>
  static consteval std::size_t find_index() {
    constexpr std::size_t index = detail::index_of<T, Member>;
    static_assert(index != member_count<T>, "ferrule: this is no member of the patch's aggregate");
    return index;
  }
  template <auto Member>
  static constexpr std::size_t checked_index = find_index<Member>();

  template <std::size_t... I>
  static auto make_fields(std::index_sequence<I...>)
      -> std::tuple<std::optional<detail::patched<member<I>>>...>;
  template <std::size_t... I>
  static void merge(T& value, const patch& from, std::index_sequence<I...>) {
    const auto tied = tie_members(value);
    (merge_one(std::get<I>(tied), std::get<I>(from.fields_)), ...);
  }
  template <class M, class Sent>
  static void merge_one(M& into, const std::optional<Sent>& sent) {
    if (!sent) return;
    if constexpr (kind_of<M> == kind::object) {
      sent->merge_into(into);
    } else {
      into = *sent;
    }
  }

  decltype(make_fields(indices())) fields_;
};

namespace detail {

template <class T, std::size_t I>
void read_patched(reader& in, node value, void* into) {
  auto& field = static_cast<patch<T>*>(into)->template field<I>();
  using held = typename std::remove_reference_t<decltype(field)>::value_type;
  held fresh = make_blank<held>();
  bool is_read = false;
  if constexpr (std::is_same_v<held, std::optional<raw>>) {
    is_read = read_value(in, value, fresh.emplace());  // null is a value of it, too
  } else {
    is_read = read_value(in, value, fresh);
  }
  if (is_read) field.emplace(std::move(fresh));
}

template <class T>
inline constexpr auto patched_forms = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<member_form, sizeof...(I)>{
      member_form{member_name<T, I>, &read_patched<T, I>, false}...};
}(std::make_index_sequence<member_count<T>>());

template <class T, std::size_t I>
void check_patched(violations& problems, const patch<T>& sent) {
  if constexpr (limits_of<T, I>.exist()) {
    if (const auto& field = sent.template field<I>()) {
      check_member(problems, limits_of<T, I>, *field);
    }
  }
}

template <class T>
bool read_patch(reader& in, node value, patch<T>& into) {
  constexpr object_form form{patched_forms<T>, allows_unknown<T>};
  if (!in.read_object(value, form, &into)) return false;
  violations problems(in);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (check_patched<T, I>(problems, into), ...);
  }(std::make_index_sequence<member_count<T>>());
  return true;
}

template <class T>
void write_patch(buffer& out, std::string_view prefix, const patch<T>& value, std::size_t depth) {
  if (depth == nesting_max) [[unlikely]] throw_nested_too_deep();
  out.append(prefix);
  const std::size_t start = out.size();
  const auto write_field = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    const auto& field = value.template field<I>();
    if (!field) return;
    if constexpr (std::is_same_v<member_type<T, I>, std::optional<raw>>) {
      write_value(out, member_prefix<T, I>.view(), field->value_or(raw()), depth + 1);
    } else {
      write_value(out, member_prefix<T, I>.view(), *field, depth + 1);
    }
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (write_field(std::integral_constant<std::size_t, I>()), ...);
  }(std::make_index_sequence<member_count<T>>());
  close(out, start, '{', '}');
}

}  // namespace detail
}  // namespace ferrule::json

namespace ferrule {
using json::patch;
}  // namespace ferrule
