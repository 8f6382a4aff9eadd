#pragma once
// A promise about latency that a server keeps or does not: "p99=1ms,p99.9=5ms".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/histogram.hpp"

namespace ferrule::load {

/// At least `quantile` of the requests are answered within `limit`.
struct slo_clause {
  double quantile;
  nanoseconds limit;
};

/// Clauses that must all hold.
using slo = std::vector<slo_clause>;

/// Reads "p99=1ms" or several with commas between them. Nothing when it is none.
std::optional<slo> parse_slo(std::string_view text);

/// The first clause that the response times break, as "p99 is 3.2 ms, not 1.0 ms"; empty when
/// they keep them all.
std::string broken_clause(const slo& promise, const histogram& response);

/// The same where some requests failed, of which no quantile knows how long they would have taken:
/// "2.5 % of the requests failed, which p99 does not allow" comes first.
std::string broken_clause(const slo& promise, const histogram& response, std::uint64_t failed,
                          std::uint64_t requests);

/// "p99.9", "p50".
std::string quantile_name(double quantile);
/// As people write it: "850 µs", "1.25 ms", "3.1 s".
std::string duration_text(nanoseconds value);

}  // namespace ferrule::load
