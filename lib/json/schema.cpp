#include "ferrule/json/schema.hpp"

#include <algorithm>

namespace ferrule::json {

namespace {

/// A type's name in the characters that a component's name may have (OpenAPI 3.1.0 section
/// 4.8.7.1): `app::page<app::item>` becomes `app.page_app.item`.
std::string component_name(std::string_view type) {
  std::string name;
  for (char c : type) {
    if (detail::in_identifier(c) && static_cast<unsigned char>(c) < 0x80) {
      name += c;
    } else if (const char mark = c == ':' ? '.' : '_'; !name.empty() && name.back() != mark) {
      name += mark;
    }
  }
  while (!name.empty() && (name.back() == '_' || name.back() == '.')) name.pop_back();
  return name;
}

std::string_view unit_of(tick_length tick) {
  struct unit {
    std::int64_t numerator, denominator;
    std::string_view name;
  };
  constexpr unit units[] = {{1, 1'000'000'000, "nanoseconds"},
                            {1, 1'000'000, "microseconds"},
                            {1, 1'000, "milliseconds"},
                            {1, 1, "seconds"},
                            {60, 1, "minutes"},
                            {3'600, 1, "hours"},
                            {86'400, 1, "days"}};
  for (const unit& known : units) {
    if (known.numerator == tick.numerator && known.denominator == tick.denominator) {
      return known.name;
    }
  }
  return {};
}

}  // namespace

std::pair<components::component&, bool> components::find_or_make(std::string_view qualified,
                                                                 std::string_view name) {
  for (component& known : all_) {
    if (known.type == qualified) return {known, false};
  }
  const auto is_taken = [&](std::string_view wanted) {
    return std::ranges::any_of(all_, [&](const component& c) { return c.name == wanted; });
  };
  std::string chosen = component_name(name);
  if (is_taken(chosen)) chosen = component_name(qualified);
  while (is_taken(chosen)) chosen += '_';
  all_.push_back({qualified, std::move(chosen), buffer()});
  return {all_.back(), true};
}

void components::write(buffer& out) const {
  const std::size_t start = out.size();
  for (const component& known : all_) {
    append_json_string(out, ",", known.name);
    detail::put(out, ":", known.schema.view());
  }
  detail::close(out, start, '{', '}');
}

namespace detail {

void put_integer_schema(buffer& out, std::string_view prefix, schema_range range) {
  put(out, prefix, R"({"type":"integer")");
  if (range.min < 0 && range.bits == 32) out.append(R"(,"format":"int32")");
  if (range.min < 0 && range.bits == 64) out.append(R"(,"format":"int64")");
  put_integer(out, R"(,"minimum":)", range.min);
  put_integer(out, R"(,"maximum":)", range.max);
  out.append('}');
}

void put_duration_schema(buffer& out, std::string_view prefix, bool whole, tick_length tick) {
  put(out, prefix,
      whole ? R"({"type":"integer","description":")" : R"({"type":"number","description":")");
  if (const std::string_view unit = unit_of(tick); !unit.empty()) {
    out.append(unit);
  } else {
    put_integer(out, "", tick.numerator);
    put_integer(out, "/", tick.denominator);
    out.append(" seconds");
  }
  out.append("\"}");
}

}  // namespace detail

}  // namespace ferrule::json
