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
/// A schema describes what is written and what may be sent. It does not forbid further members,
/// so that an answer may gain some; nor does it say what a `validate` checks.
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

#include "ferrule/core/buffer.hpp"
#include "ferrule/json/enum_names.hpp"
#include "ferrule/json/kinds.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::json {

/// The aggregates that schemas refer to, each once: the `schemas` of an OpenAPI document's
/// components. A name is that of the type; where two types share one, the later one's namespaces
/// are put before it. Thread rule: as a plain value.
class components {
 public:
  /// The name of the component for `T`, which is described now if it was not yet.
  template <class T>
  std::string_view add();

  /// Appends the object of all components by name.
  void write(buffer& out) const;

 private:
  struct component {
    std::string_view type;  // with namespaces
    std::string name;
    buffer schema;
  };

  /// The component for a type, and whether it is new.
  std::pair<component&, bool> find_or_make(std::string_view qualified, std::string_view name);

  std::deque<component> all_;  // does not move what it holds: describing one may add others
};

namespace detail {

struct schema_range {
  std::int64_t min;
  std::uint64_t max;
  unsigned bits;
};
void put_integer_schema(buffer& out, std::string_view prefix, schema_range range);
void put_duration_schema(buffer& out, std::string_view prefix, bool whole, tick_length tick);

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

/// The component of the aggregate, and beside it the member that names it.
template <class Variant, class T>
void put_alternative_schema(buffer& out, components& types) {
  if constexpr (kind_of<T> == kind::null) {
    put(out, ",", R"({"type":"null"})");
  } else {
    schema_of<T>(out, R"(,{"allOf":[)", types);
    append_json_string(out, R"(,{"type":"object","properties":{)", variant_tag<Variant>);
    append_json_string(out, R"(:{"const":)", tag_of<T>());
    append_json_string(out, R"(}},"required":[)", variant_tag<Variant>);
    out.append("]}]}");
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

/// The description of an aggregate, which becomes its component.
template <class T>
void put_object_schema(buffer& out, components& types) {
  out.append(R"({"type":"object","properties":)");
  const std::size_t properties = out.size();
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] const auto put_one = [&]<class M>(std::type_identity<M>,
                                                       std::string_view prefix) {
      if constexpr (kind_of<M> == kind::optional) {
        // Left out rather than null when written; not required below.
        schema_of<std::remove_cvref_t<decltype(*std::declval<M&>())>>(out, prefix, types);
      } else {
        schema_of<M>(out, prefix, types);
      }
    };
    (put_one(std::type_identity<member_type<T, I>>(), member_prefix<T, I>.view()), ...);
    close(out, properties, '{', '}');

    out.append(R"(,"required":)");
    const std::size_t required = out.size();
    ((is_required<T, I> ? append_json_string(out, ",", member_name<T, I>) : void()), ...);
    close(out, required, '[', ']');
  }(std::make_index_sequence<member_count<T>>());
  out.append('}');
}

template <class T>
void schema_of(buffer& out, std::string_view prefix, components& types) {
  constexpr kind form = kind_of<T>;
  static_assert(form != kind::unsupported,
                "this type has no form in JSON: use an aggregate, or see json/kinds.hpp");
  if constexpr (form == kind::boolean) {
    put(out, prefix, R"({"type":"boolean"})");
  } else if constexpr (form == kind::integer) {
    using limits = std::numeric_limits<T>;
    put_integer_schema(out, prefix,
                       {static_cast<std::int64_t>(limits::min()),
                        static_cast<std::uint64_t>(limits::max()), sizeof(T) * 8});
  } else if constexpr (form == kind::floating) {
    put(out, prefix,
        std::is_same_v<T, float> ? R"({"type":"number","format":"float"})"
                                 : R"({"type":"number","format":"double"})");
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
    out.append('}');
  } else if constexpr (form == kind::variant) {
    variant_schema<T>::put_in(out, prefix, types);
  } else if constexpr (form == kind::null) {
    put(out, prefix, R"({"type":"null"})");
  } else if constexpr (form == kind::time_point) {
    put(out, prefix, R"({"type":"string","format":"date-time"})");
  } else if constexpr (form == kind::duration) {
    put_duration_schema(out, prefix, std::is_integral_v<typename T::rep>, tick_of<T>);
  } else if constexpr (form == kind::raw) {
    put(out, prefix, "{}");
  } else {
    const std::string_view name = types.template add<T>();
    put(out, prefix, R"({"$ref":"#/components/schemas/)");
    put(out, name, "\"}");
  }
}

}  // namespace detail

template <class T>
std::string_view components::add() {
  const auto [described, is_new] = find_or_make(qualified_type_name<T>, type_name<T>);
  if (is_new) detail::put_object_schema<T>(described.schema, *this);
  return described.name;
}

/// Appends the schema of `T` to `out`, and to `types` the components it refers to.
template <class T>
void write_schema(buffer& out, components& types) {
  detail::schema_of<std::remove_cv_t<T>>(out, "", types);
}

}  // namespace ferrule::json
