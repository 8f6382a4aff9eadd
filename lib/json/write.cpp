#include "ferrule/json/write.hpp"

#include <fmt/compile.h>

#include <cmath>

namespace ferrule::json::detail {

namespace {

template <class Floating>
void put_floating(buffer& out, std::string_view prefix, Floating value) {
  // RFC 8259 section 6.
  if (!std::isfinite(value)) throw_unwritable("json: NaN and infinity are no numbers in JSON");
  // "-0" would be read back as the integer zero, which has no sign.
  if (value == 0 && std::signbit(value)) return put(out, prefix, "-0.0");
  constexpr std::size_t chars_max = 32;  // the longest takes 24
  char* to = out.prepare(prefix.size() + chars_max);
  to = prefix.copy(to, prefix.size()) + to;
  const char* end = fmt::format_to(to, FMT_COMPILE("{}"), value);
  out.commit(prefix.size() + static_cast<std::size_t>(end - to));
}

}  // namespace

void throw_unwritable(const char* why) { throw unwritable(why); }
void throw_nested_too_deep() { throw_unwritable("json: a value nested too deep"); }

void put_double(buffer& out, std::string_view prefix, double value) {
  put_floating(out, prefix, value);
}

void put_float(buffer& out, std::string_view prefix, float value) {
  put_floating(out, prefix, value);
}

void put_time(buffer& out, std::string_view prefix, std::int64_t ticks, tick_length tick) {
  const std::optional<timestamp> time = to_timestamp(ticks, tick);
  if (!time) throw_unwritable("json: a time outside the years 0000 to 9999");
  put(out, prefix, "\"");
  append_rfc3339(out, *time);
  out.append('"');
}

}  // namespace ferrule::json::detail
