#include "load/slo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "load/settings.hpp"

namespace ferrule::load {
namespace {

std::optional<slo_clause> parse_clause(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (!text.starts_with('p') || equals == text.npos) return std::nullopt;
  double percent = 0;
  const char* const end = text.data() + equals;
  const auto parsed = std::from_chars(text.data() + 1, end, percent);
  const auto limit = parse_duration(text.substr(equals + 1));
  const bool is_percent = parsed.ec == std::errc() && parsed.ptr == end;
  if (!is_percent || !(percent > 0 && percent <= 100) || !limit) return std::nullopt;
  return slo_clause{percent / 100, *limit};
}

}  // namespace

std::optional<slo> parse_slo(std::string_view text) {
  slo promise;
  for (;;) {
    const std::size_t comma = text.find(',');
    const auto clause = parse_clause(text.substr(0, comma));
    if (!clause) return std::nullopt;
    promise.push_back(*clause);
    if (comma == text.npos) return promise;
    text.remove_prefix(comma + 1);
  }
}

std::string broken_clause(const slo& promise, const histogram& response) {
  for (const slo_clause& clause : promise) {
    const nanoseconds is = response.quantile(clause.quantile);
    if (is > clause.limit) {
      return fmt::format("{} is {}, not {}", quantile_name(clause.quantile), duration_text(is),
                         duration_text(clause.limit));
    }
  }
  return {};
}

std::string broken_clause(const slo& promise, const histogram& response, std::uint64_t failed,
                          std::uint64_t requests) {
  const double share = static_cast<double>(failed) / static_cast<double>(std::max(requests, 1UL));
  for (const slo_clause& clause : promise) {
    if (share > 1 - clause.quantile) {
      return fmt::format("{:.3g} % of the requests failed, which {} does not allow", 100 * share,
                         quantile_name(clause.quantile));
    }
  }
  return broken_clause(promise, response);
}

std::string quantile_name(double quantile) { return fmt::format("p{:.6g}", quantile * 100); }

std::string duration_text(nanoseconds value) {
  const auto ns = static_cast<double>(value.count());
  if (ns < 1e6) return fmt::format("{:.3g} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.3g} ms", ns / 1e6);
  return fmt::format("{:.3g} s", ns / 1e9);
}

}  // namespace ferrule::load
