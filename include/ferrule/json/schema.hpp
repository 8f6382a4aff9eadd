#pragma once
/// @file
/// Types as JSON Schema, in the dialect of OpenAPI 3.1: aggregates become named components, all
/// else stands in place.
///
/// ```cpp
/// struct item { std::string name; std::optional<int> count; };
/// inline void describe(ferrule::buffer& out) {
///   ferrule::json::components types;
///   ferrule::json::write_schema<item>(out, types);  // {"$ref":"#/components/schemas/item"}
///   types.write(out);  // {"item":{"type":"object","properties":{...},"required":["name"]}}
/// }
/// ```
///
/// A schema describes either what `write` makes or what `read` takes. What is written may gain
/// members, so its schema does not forbid further ones; what is read may not, unless its type
/// allows unknown members. What `json_limits` bounds is part of it, what a `validate` checks not.
/// Source: OpenAPI 3.1.0 section 4.8.24, JSON Schema 2020-12.

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/limits.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::json {

/// What a schema describes.
enum class schema_use : std::uint8_t {
  written,  ///< every text that `write` makes
  read,     ///< every text that `read` takes, but for its `validate`
};

namespace detail {
/// Its address tells types apart.
template <class T>
inline constexpr char identity_of = 0;
}  // namespace detail

/// The aggregates that schemas refer to, each once for either use: the `schemas` of an OpenAPI
/// document's components. A name is that of the type; where that is taken, the type's namespaces
/// are put before it, or `.read` or `.written` or a number after it. Thread rule: as a plain value.
class components {
 public:
  /// What is described from now on.
  schema_use use = schema_use::written;

  /// The name of the component for `T`, which is described now if it was not yet. As alternative of
  /// a variant it has the member `tag` first, which names it.
  template <class T>
  std::string_view add(std::string_view tag = {}, std::string_view tag_value = {});

  /// Appends the object of all components by name.
  void write(buffer& out) const;
  /// All of them: names and schemas.
  std::vector<std::pair<std::string_view, std::string_view>> list() const;

 private:
  struct key {
    const void* identity;   // of the type: local types of two functions may have one name
    std::string_view type;  // with namespaces
    schema_use use;
    std::string_view tag, tag_value;
    friend bool operator==(const key&, const key&) = default;
  };
  struct component {
    key of;
    std::string name;
    buffer schema;
  };

  /// The component for a type, and whether it is new.
  std::pair<component&, bool> find_or_make(const key& wanted, std::string_view name);

  std::deque<component> all_;  // does not move what it holds: describing one may add others
};

namespace detail {

struct schema_range {
  std::int64_t min;
  std::uint64_t max;
  unsigned bits;
  bool is_signed;
};
void put_integer_schema(buffer& out, std::string_view prefix, schema_range range);
void put_floating_schema(buffer& out, std::string_view prefix, bool is_single,
                         const member_limits& limits);
/// Adds the unit of a duration to the schema of its number.
void add_duration_unit(buffer& out, tick_length tick);
void put_time_schema(buffer& out, std::string_view prefix, tick_length tick);
/// Adds limits to the schema that `out` ends with, of text if `unit` is "Length", else of an array
/// ("Items") or a map ("Properties").
void add_size_limits(buffer& out, const member_limits& limits, std::string_view unit);

template <class T>
constexpr schema_range range_of() {
  using limits = std::numeric_limits<T>;
  return {static_cast<std::int64_t>(limits::min()), static_cast<std::uint64_t>(limits::max()),
          sizeof(T) * 8, std::is_signed_v<T>};
}
schema_range within(schema_range range, const member_limits& limits);

/// Appends the schema of a type, which refers to those it adds to `types`.
template <class T>
void schema_of(buffer& out, std::string_view prefix, components& types);

template <class T>
void put_enum_schema(buffer& out, std::string_view prefix) {
  put(out, prefix, R"({"type":"string","enum":)");
  const std::size_t start = out.size();
  for (const auto& known : enumerators<T>) append_json_string(out, ",", known.name);
  close(out, start, '[', ']');
  out.append('}');
}

template <class T>
void put_sequence_schema(buffer& out, std::string_view prefix, components& types) {
  put(out, prefix, R"({"type":"array")");
  if constexpr (is_std_array<T>) {
    put_integer(out, R"(,"minItems":)", std::tuple_size_v<T>);
    put_integer(out, R"(,"maxItems":)", std::tuple_size_v<T>);
  }
  schema_of<std::ranges::range_value_t<T>>(out, R"(,"items":)", types);
  out.append('}');
}

inline void put_reference(buffer& out, std::string_view prefix, std::string_view component) {
  put(out, prefix, R"({"$ref":"#/components/schemas/)");
  put(out, component, "\"}");
}

/// The component of the aggregate with the member that names it.
template <class Variant, class T>
void put_alternative_schema(buffer& out, components& types) {
  if constexpr (kind_of<T> == kind::null) {
    put(out, ",", R"({"type":"null"})");
  } else {
    put_reference(out, ",", types.template add<T>(variant_tag<Variant>, tag_of<T>()));
  }
}

template <class T>
struct variant_schema;
template <class... T>
struct variant_schema<std::variant<T...>> {
  static_assert(checked_variant<std::variant<T...>>::ok);

  static void put_in(buffer& out, std::string_view prefix, components& types) {
    put(out, prefix, R"({"oneOf":)");
    const std::size_t start = out.size();
    (put_alternative_schema<std::variant<T...>, T>(out, types), ...);
    close(out, start, '[', ']');
    out.append('}');
  }
};

template <class T>
void put_optional_schema(buffer& out, std::string_view prefix, components& types) {
  put(out, prefix, R"({"anyOf":[)");
  schema_of<std::remove_cvref_t<decltype(*std::declval<T&>())>>(out, "", types);
  out.append(R"(,{"type":"null"}]})");
}

/// The schema of a value within limits.
template <class T>
void limited_schema(buffer& out, std::string_view prefix, components& types,
                    const member_limits& limits) {
  constexpr kind form = kind_of<T>;
  if constexpr (form == kind::integer) {
    put_integer_schema(out, prefix, within(range_of<T>(), limits));
  } else if constexpr (form == kind::floating) {
    put_floating_schema(out, prefix, std::is_same_v<T, float>, limits);
  } else {
    schema_of<T>(out, prefix, types);
    if constexpr (form == kind::string) add_size_limits(out, limits, "Length");
    if constexpr (form == kind::sequence) add_size_limits(out, limits, "Items");
    if constexpr (form == kind::map) add_size_limits(out, limits, "Properties");
  }
}

/// Optional members are left out rather than null when written, but null is read.
template <class T, std::size_t I>
void put_member_schema(buffer& out, components& types) {
  using member = std::remove_const_t<member_type<T, I>>;
  using value = std::remove_const_t<typename limited_value_of<member>::type>;
  static_assert(is_checked_member<member>);
  constexpr std::string_view prefix = member_prefix<T, I>.view();
  if (is_optional<member> && types.use == schema_use::read) {
    put(out, prefix, R"({"anyOf":[)");
    limited_schema<value>(out, "", types, limits_of<T, I>);
    out.append(R"(,{"type":"null"}]})");
  } else {
    limited_schema<value>(out, prefix, types, limits_of<T, I>);
  }
}

/// The description of an aggregate, which becomes its component.
template <class T>
void put_object_schema(buffer& out, components& types, std::string_view tag,
                       std::string_view tag_value) {
  out.append(R"({"type":"object","properties":)");
  const std::size_t properties = out.size();
  if (!tag.empty()) {
    append_json_string(out, ",", tag);
    append_json_string(out, R"(:{"const":)", tag_value);
    out.append('}');
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (put_member_schema<T, I>(out, types), ...);
    close(out, properties, '{', '}');

    out.append(R"(,"required":)");
    const std::size_t required = out.size();
    if (!tag.empty()) append_json_string(out, ",", tag);
    ((is_required<T, I> ? append_json_string(out, ",", member_name<T, I>) : void()), ...);
    close(out, required, '[', ']');
  }(std::make_index_sequence<member_count<T>>());
  if (types.use == schema_use::read && !allows_unknown<T>) {
    out.append(R"(,"additionalProperties":false)");
  }
  out.append('}');
}

/// A member of a patch: null empties what is optional, whoever sends it.
template <class T, std::size_t I>
void put_patched_schema(buffer& out, components& types) {
  using member = std::remove_const_t<member_type<T, I>>;
  using value = std::remove_const_t<typename limited_value_of<member>::type>;
  constexpr std::string_view prefix = member_prefix<T, I>.view();
  if constexpr (kind_of<member> == kind::object) {
    schema_of<patch<member>>(out, prefix, types);
  } else if constexpr (is_optional<member>) {
    put(out, prefix, R"({"anyOf":[)");
    limited_schema<value>(out, "", types, limits_of<T, I>);
    out.append(R"(,{"type":"null"}]})");
  } else {
    limited_schema<value>(out, prefix, types, limits_of<T, I>);
  }
}
template <class T>
void put_patch_schema(buffer& out, components& types) {
  out.append(R"({"type":"object","properties":)");
  const std::size_t properties = out.size();
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (put_patched_schema<T, I>(out, types), ...);
  }(std::make_index_sequence<member_count<T>>());
  close(out, properties, '{', '}');
  if (types.use == schema_use::read && !allows_unknown<T>) {
    out.append(R"(,"additionalProperties":false)");
  }
  out.append('}');
}

template <class T>
void schema_of(buffer& out, std::string_view prefix, components& types) {
  constexpr kind form = kind_of<T>;
  static_assert(checked_form<T>::ok);
  if constexpr (form == kind::boolean) {
    put(out, prefix, R"({"type":"boolean"})");
  } else if constexpr (form == kind::integer) {
    put_integer_schema(out, prefix, range_of<T>());
  } else if constexpr (form == kind::floating) {
    put_floating_schema(out, prefix, std::is_same_v<T, float>, {});
  } else if constexpr (form == kind::string) {
    put(out, prefix, R"({"type":"string"})");
  } else if constexpr (form == kind::enumeration) {
    put_enum_schema<T>(out, prefix);
  } else if constexpr (form == kind::optional) {
    put_optional_schema<T>(out, prefix, types);
  } else if constexpr (form == kind::sequence) {
    put_sequence_schema<T>(out, prefix, types);
  } else if constexpr (form == kind::map) {
    put(out, prefix, R"({"type":"object","additionalProperties":)");
    schema_of<typename T::mapped_type>(out, "", types);
    if constexpr (limited_value<typename T::key_type>) {
      schema_of<typename T::key_type>(out, R"(,"propertyNames":)", types);
    }
    out.append('}');
  } else if constexpr (form == kind::variant) {
    variant_schema<T>::put_in(out, prefix, types);
  } else if constexpr (form == kind::null) {
    put(out, prefix, R"({"type":"null"})");
  } else if constexpr (form == kind::time_point) {
    put_time_schema(out, prefix, tick_of<typename T::duration>);
  } else if constexpr (form == kind::duration) {
    schema_of<typename T::rep>(out, prefix, types);
    add_duration_unit(out, tick_of<T>);
  } else if constexpr (form == kind::raw) {
    put(out, prefix, "{}");
  } else if constexpr (form == kind::limited) {
    limited_schema<typename T::limited_type>(out, prefix, types, T::value_limits);
  } else if constexpr (form == kind::object || form == kind::patch) {
    put_reference(out, prefix, types.template add<T>());
  }
}

}  // namespace detail

template <class T>
std::string_view components::add(std::string_view tag, std::string_view tag_value) {
  const auto [described, is_new] =
      find_or_make({&detail::identity_of<T>, qualified_type_name<T>, use, tag, tag_value},
                   type_name<T>);
  if constexpr (kind_of<T> == kind::patch) {
    if (is_new) detail::put_patch_schema<typename T::patched_type>(described.schema, *this);
  } else if (is_new) {
    detail::put_object_schema<T>(described.schema, *this, tag, tag_value);
  }
  return described.name;
}

/// Appends the schema of `T` for `types.use` to `out`, and to `types` the components it refers to.
template <class T>
void write_schema(buffer& out, components& types) {
  detail::schema_of<std::remove_cv_t<T>>(out, "", types);
}

}  // namespace ferrule::json
