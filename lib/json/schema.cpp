#include "ferrule/json/schema.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace ferrule::json {

namespace {

/// A type's name in the characters that a component's name may have (OpenAPI 3.1.0 section
/// 4.8.7.1): `app::page<app::item>` becomes `app.page_app.item`.
std::string component_name(std::string_view type) {
  std::string name;
  for (char c : type) {
    if (detail::in_identifier(c) && c != '$' && static_cast<unsigned char>(c) < 0x80) {
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

std::pair<components::component&, bool> components::find_or_make(const key& wanted,
                                                                 std::string_view name) {
  for (component& known : all_) {
    if (known.of == wanted) return {known, false};
  }
  const auto is_taken = [&](std::string_view chosen) {
    return std::ranges::any_of(all_, [&](const component& c) { return c.name == chosen; });
  };
  const auto is_same_type = [&](const component& c) { return c.of.identity == wanted.identity; };
  std::string chosen = component_name(name);
  if (is_taken(chosen)) {
    chosen = std::ranges::any_of(all_, is_same_type)
                 ? chosen + (wanted.use == schema_use::read ? ".read" : ".written")
                 : component_name(wanted.type);
  }
  const std::string base = chosen;
  for (int number = 2; is_taken(chosen); ++number) chosen = base + '_' + std::to_string(number);
  all_.push_back({wanted, std::move(chosen), buffer()});
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

std::vector<std::pair<std::string_view, std::string_view>> components::list() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  for (const component& known : all_) all.emplace_back(known.name, known.schema.view());
  return all;
}

namespace detail {

void put_integer_schema(buffer& out, std::string_view prefix, schema_range range) {
  put(out, prefix, R"({"type":"integer")");
  if (range.is_signed && range.bits == 32) out.append(R"(,"format":"int32")");
  if (range.is_signed && range.bits == 64) out.append(R"(,"format":"int64")");
  put_integer(out, R"(,"minimum":)", range.min);
  if (range.is_signed) {
    put_integer(out, R"(,"maximum":)", static_cast<std::int64_t>(range.max));
  } else {
    put_integer(out, R"(,"maximum":)", range.max);
  }
  out.append('}');
}

void put_floating_schema(buffer& out, std::string_view prefix, bool is_single,
                         const member_limits& limits) {
  put(out, prefix, R"({"type":"number","format":)");
  out.append(is_single ? R"("float")" : R"("double")");
  // The greatest as it is written, which is rounded up for `float`, and read.
  const auto put_end = [&](std::string_view name, double sign) {
    if (is_single) {
      put_float(out, name, static_cast<float>(sign) * std::numeric_limits<float>::max());
    } else {
      put_double(out, name, sign * std::numeric_limits<double>::max());
    }
  };
  constexpr std::string_view minimum = R"(,"minimum":)";
  constexpr std::string_view maximum = R"(,"maximum":)";
  if (limits.min) {
    put_integer(out, minimum, *limits.min);
  } else {
    put_end(minimum, -1);
  }
  if (limits.max) {
    put_integer(out, maximum, *limits.max);
  } else {
    put_end(maximum, 1);
  }
  out.append('}');
}

schema_range within(schema_range range, const member_limits& limits) {
  if (limits.min && *limits.min > range.min) range.min = *limits.min;
  if (limits.max && std::cmp_less(*limits.max, range.max)) {
    range.max = static_cast<std::uint64_t>(*limits.max);
  }
  return range;
}

void add_duration_unit(buffer& out, tick_length tick) {
  out.truncate(out.size() - 1);
  out.append(R"(,"description":")");
  if (const std::string_view unit = unit_of(tick); !unit.empty()) {
    out.append(unit);
  } else {
    put_integer(out, "", tick.numerator);
    put_integer(out, "/", tick.denominator);
    out.append(" seconds");
  }
  out.append("\"}");
}

void put_time_schema(buffer& out, std::string_view prefix, tick_length tick) {
  put(out, prefix, R"({"type":"string","format":"date-time")");
  if (tick.numerator > 1) {
    put(out, R"(,"description":"whole )", unit_of(tick));
    out.append('"');
  } else if (tick.denominator == 1) {
    out.append(R"(,"pattern":"^[^.]*([.]0+([Zz+-].*)?)?$")");
  } else if (tick.denominator == 1'000 || tick.denominator == 1'000'000) {
    // Digits of a second that the type does not keep are zeros.
    put(out, R"(,"pattern":"^[^.]*([.][0-9]{1,)", tick.denominator == 1'000 ? "3" : "6");
    out.append(R"(}0*([Zz+-].*)?)?$")");
  }
  out.append('}');
}

void add_size_limits(buffer& out, const member_limits& limits, std::string_view unit) {
  if (!limits.exist()) return;
  const auto put_bound = [&](std::string_view word, std::size_t bound) {
    put(out, word, unit);
    put_integer(out, "\":", bound);
  };
  out.truncate(out.size() - 1);
  if (limits.size_min != 0) put_bound(R"(,"min)", limits.size_min);
  if (limits.size_max != member_limits::no_size) put_bound(R"(,"max)", limits.size_max);
  if (limits.form != nullptr) {
    if (!limits.form->format.empty()) {
      append_json_string(out, R"(,"format":)", limits.form->format);
    }
    append_json_string(out, R"(,"pattern":)", limits.form->pattern);
  }
  out.append('}');
}

}  // namespace detail

}  // namespace ferrule::json
