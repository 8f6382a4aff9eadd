#pragma once
/// @file
/// JSON text to values, strictly: what comes in is exactly what the type says, or every
/// difference is listed.
///
/// ```cpp
/// struct new_user { std::string name; std::optional<std::string> email; };
/// inline std::string greet(std::string_view body) {
///   auto read = ferrule::json::read<new_user>(body);
///   if (!read) return read.error().problems[0].pointer + ' ' + read.error().problems[0].message;
///   return "Hello, " + read->name;
/// }
/// ```
///
/// The whole text must be JSON (RFC 8259) in UTF-8 without a member named twice, also where no type
/// asks for it. Then:
///
/// - A member that the type does not have is refused, unless the type says
///   `static constexpr bool json_allow_unknown = true;`, or `read_limits::allow_unknown` is set.
/// - A member that is missing is refused, unless it is an optional (which `null` empties, too) or
///   the type says `static constexpr bool json_allow_missing = true;`: members then keep the
///   values they are initialised with.
/// - Numbers never change: for an integer, a number that is not whole or out of the member's range
///   is refused, however it is spelled (`1e2` is 100, as JSON Schema has it); for a `double`, one
///   beyond its range, while digits beyond its precision are rounded; so is a time finer than the
///   member keeps.
/// - A type's `json_limits` (json/limits.hpp) and its `validate` (see `json::violations`) are
///   checked on what was read without a problem.

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/core/result.hpp"
#include "ferrule/json/check.hpp"
#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/limits.hpp"
#include "ferrule/json/reader.hpp"

namespace ferrule::json {

namespace detail {

template <class T>
bool read_value(reader& in, node value, T& into);

template <class T, std::size_t I>
void read_member(reader& in, node value, void* into) {
  auto& member = std::get<I>(tie_members(*static_cast<T*>(into)));
  if constexpr (std::is_same_v<member_type<T, I>, std::optional<raw>>) {
    read_value(in, value, member.emplace());  // null is a value of it, too
  } else {
    read_value(in, value, member);
  }
}

template <class T>
inline constexpr auto member_forms = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<member_form, sizeof...(I)>{
      member_form{member_name<T, I>, &read_member<T, I>, is_required<T, I>}...};
}(std::make_index_sequence<member_count<T>>());

template <class T>
bool read_aggregate(reader& in, node value, T& into, std::string_view tag = {}) {
  constexpr object_form form{member_forms<T>, allows_unknown<T>};
  if (!in.read_object(value, form, &into, tag)) return false;
  violations problems(in);
  run_checks(problems, std::as_const(into));
  return true;
}

template <class T>
bool read_optional(reader& in, node value, T& into) {
  using held = std::remove_reference_t<decltype(*into)>;
  if (reader::is_null(value)) {
    into.reset();
    return true;
  }
  held fresh = make_blank<held>();
  if (!read_value(in, value, fresh)) return false;
  if constexpr (requires { into.emplace(std::move(fresh)); }) {
    into.emplace(std::move(fresh));
  } else {
    into = std::make_unique<held>(std::move(fresh));
  }
  return true;
}

template <class T>
bool read_enum(reader& in, node value, T& into) {
  static constexpr auto names = [] {
    std::array<std::string_view, enumerators<T>.size()> list{};
    for (std::size_t i = 0; i != list.size(); ++i) list[i] = enumerators<T>[i].name;
    return list;
  }();
  const std::optional<std::size_t> chosen = in.choose(value, names);
  if (!chosen) return false;
  into = enumerators<T>[*chosen].value;
  return true;
}

template <class T>
bool read_integer(reader& in, node value, T& into) {
  using limits = std::numeric_limits<T>;
  if constexpr (std::is_signed_v<T>) {
    std::int64_t wide = 0;
    if (!in.read_signed(value, limits::min(), limits::max(), wide)) return false;
    into = static_cast<T>(wide);
  } else {
    std::uint64_t wide = 0;
    if (!in.read_unsigned(value, limits::max(), wide)) return false;
    into = static_cast<T>(wide);
  }
  return true;
}

template <class T>
bool read_time_point(reader& in, node value, T& into) {
  using duration = typename T::duration;
  using limits = std::numeric_limits<typename T::rep>;
  std::int64_t ticks = 0;
  if (!in.read_time(value, tick_of<duration>, limits::min(), limits::max(), ticks)) return false;
  into = T(duration(static_cast<typename T::rep>(ticks)));
  return true;
}

template <class T>
bool read_sequence(reader& in, node value, T& into) {
  using element = std::ranges::range_value_t<T>;
  if constexpr (is_std_array<T>) {
    if (!in.has_size(value, into.size())) return false;
    auto at = into.begin();
    return in.read_array(
        value,
        [](reader& r, node n, void* next) {
          read_value(r, n, *(*static_cast<typename T::iterator*>(next))++);
        },
        &at);
  } else {
    static_assert(
        requires(element e) { into.push_back(std::move(e)); },
        "ferrule: only std::array and containers with push_back can be read: views do not own "
        "their elements, and sets would drop some");
    into.clear();
    return in.read_array(
        value,
        [](reader& r, node n, void* container) {
          element fresh = make_blank<element>();
          if (read_value(r, n, fresh)) static_cast<T*>(container)->push_back(std::move(fresh));
        },
        &into);
  }
}

/// Makes the key of a map; what it has to be otherwise is a problem.
template <class Key>
std::optional<Key> read_key(reader& in, std::string_view text) {
  if constexpr (limited_value<Key>) {
    auto key = Key::from(std::string(text));
    if (!key) {
      in.add(error_kind::invalid, "",
             "has a name that must be " + expected_text(Key::value_limits));
    }
    return key;
  } else {
    return Key(text);
  }
}

template <class T>
bool read_map(reader& in, node value, T& into) {
  static_assert(std::is_same_v<typename T::key_type, std::string> ||
                    limited_value<typename T::key_type>,
                "ferrule: only maps with keys of std::string or bounded_text can be read: a view "
                "would outlive the document");
  into.clear();
  return in.read_map(
      value,
      [](reader& r, std::string_view key, node n, void* container) {
        auto name = read_key<typename T::key_type>(r, key);
        auto fresh = make_blank<typename T::mapped_type>();
        if (!read_value(r, n, fresh) || !name) return;
        T& map = *static_cast<T*>(container);
        // The map may compare in a way of its own.
        if (!map.try_emplace(*std::move(name), std::move(fresh)).second) {
          r.add(error_kind::schema, "", "is the same as a member before it");
        }
      },
      &into);
}

template <class T>
struct variant_forms;
/// The aggregates of a variant: their tags, and how each is read. A monostate is null and has
/// no tag.
template <class... T>
struct variant_forms<std::variant<T...>> {
  using variant = std::variant<T...>;
  static constexpr std::size_t count = (std::size_t{kind_of<T> == kind::object} + ...);
  using read_alternative = bool (*)(reader&, node, variant&);

  template <class Alternative>
  static bool read_one(reader& in, node value, variant& into) {
    Alternative fresh = make_blank<Alternative>();
    if (!read_aggregate(in, value, fresh, variant_tag<variant>)) return false;
    into = std::move(fresh);
    return true;
  }

  static constexpr auto table = [] {
    std::pair<std::array<std::string_view, count>, std::array<read_alternative, count>> made{};
    std::size_t at = 0;
    const auto add = [&]<class Alternative>(std::type_identity<Alternative>) {
      if constexpr (kind_of<Alternative> == kind::object) {
        made.first[at] = tag_of<Alternative>();
        made.second[at++] = &read_one<Alternative>;
      }
    };
    (add(std::type_identity<T>()), ...);
    return made;
  }();
};

template <class T>
bool read_variant(reader& in, node value, T& into) {
  static_assert(checked_variant<T>::ok);
  if constexpr (std::is_constructible_v<T, std::monostate>) {
    if (reader::is_null(value)) {
      into = std::monostate();
      return true;
    }
  }
  constexpr const auto& table = variant_forms<T>::table;
  const std::optional<std::size_t> chosen = in.choose_tagged(value, variant_tag<T>, table.first);
  return chosen && table.second[*chosen](in, value, into);
}

/// Whether both ends of a whole number within limits are among those of 64 bits with a sign.
template <class T>
inline constexpr bool has_signed_ends = false;
template <class T>
  requires(kind_of<typename T::limited_type> == kind::integer)
inline constexpr bool has_signed_ends<T> =
    T::value_limits.bound_number() &&
    (T::value_limits.max ||
     std::in_range<std::int64_t>(std::numeric_limits<typename T::limited_type>::max()));

/// One of them, which is refused with its limits even where its type could not hold it.
template <class T>
bool read_within_ends(reader& in, node value, T& into) {
  using number = typename T::limited_type;
  using type = std::numeric_limits<number>;
  constexpr json::member_limits limits = T::value_limits;
  constexpr std::int64_t min =
      limits.min ? *limits.min : static_cast<std::int64_t>(type::min());
  constexpr std::int64_t max =
      limits.max ? *limits.max : static_cast<std::int64_t>(type::max());
  std::int64_t wide = 0;
  if (!in.read_signed(value, min, max, wide)) return false;
  into = *T::from(static_cast<number>(wide));
  return true;
}

template <class T>
bool read_limited(reader& in, node value, T& into) {
  if constexpr (has_signed_ends<T>) return read_within_ends(in, value, into);
  typename T::limited_type plain{};
  if (!read_value(in, value, plain)) return false;
  violations problems(in);
  check_member(problems, T::value_limits, plain);
  auto made = T::from(std::move(plain));
  if (made) into = *std::move(made);
  return made.has_value();
}

template <class T>
bool read_patch(reader& in, node value, patch<T>& into);  // json/patch.hpp

template <class T>
bool read_value(reader& in, node value, T& into) {
  static_assert(!std::is_const_v<T>,
                "ferrule: what is const cannot be read: remove the const, or only write it");
  static_assert(checked_form<std::remove_const_t<T>>::ok);
  constexpr kind form = std::is_const_v<T> ? kind::unsupported : kind_of<T>;
  if constexpr (form == kind::boolean || form == kind::floating) {
    return in.read(value, into);
  } else if constexpr (form == kind::integer) {
    return read_integer(in, value, into);
  } else if constexpr (form == kind::string) {
    static_assert(std::is_same_v<T, std::string>,
                  "ferrule: only std::string can be read: a view would outlive the document");
    return in.read(value, into);
  } else if constexpr (form == kind::enumeration) {
    return read_enum(in, value, into);
  } else if constexpr (form == kind::optional) {
    return read_optional(in, value, into);
  } else if constexpr (form == kind::sequence) {
    return read_sequence(in, value, into);
  } else if constexpr (form == kind::map) {
    return read_map(in, value, into);
  } else if constexpr (form == kind::variant) {
    return read_variant(in, value, into);
  } else if constexpr (form == kind::null) {
    return in.read_null(value);
  } else if constexpr (form == kind::time_point) {
    return read_time_point(in, value, into);
  } else if constexpr (form == kind::duration) {
    typename T::rep count{};
    if (!read_value(in, value, count)) return false;
    into = T(count);
    return true;
  } else if constexpr (form == kind::raw) {
    std::string text;
    if (!in.read_raw(value, text)) return false;
    into = raw::trusted(std::move(text));
    return true;
  } else if constexpr (form == kind::limited) {
    return read_limited(in, value, into);
  } else if constexpr (form == kind::patch) {
    return read_patch(in, value, into);
  } else if constexpr (form == kind::object) {
    return read_aggregate(in, value, into);
  } else {
    return false;  // not reached: the compiler was stopped above
  }
}

}  // namespace detail

/// Reads one JSON value of type `T` from `text`, which is looked at only during the call and
/// needs no padding.
///
/// Fails with every problem found: a syntax error alone, or all that the type and its `validate`
/// refuse, up to `limits.problems_max`. Thread rule: any thread; memory is pooled by thread.
template <class T>
result<T, read_error> read(std::string_view text, read_limits limits = {}) {
  reader in(text, limits);
  T value = detail::make_blank<T>();
  if (in.parsed()) detail::read_value(in, in.root(), value);
  if (in.failed()) return fail(in.take_error());
  return value;
}

}  // namespace ferrule::json
