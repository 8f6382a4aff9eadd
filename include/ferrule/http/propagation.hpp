#pragma once
/// @file
/// What a request hands on from the one that it is made for: by when, in which trace, and with how
/// many retries. A client writes these fields and a server reads them, into and out of the task's
/// environment, where the sender is one that it believes: see `server_limits::trusted_peers`.
///
/// - `Request-Timeout-Ms`: for how many milliseconds more its sender waits. Without it, or not
///   valid: the server's own limit.
/// - `traceparent`: trace, parent span, whether it is sampled. Else: not traced.
/// - `Retry-Allowance`: how many retries may be made for it; in an answer: how many are left.
///   Without it 3; not valid: 0.
///
/// ```cpp
/// inline bool is_urgent(std::span<const ferrule::header_field> fields) {
///   const auto left = ferrule::http::read_inherited(fields).timeout;
///   return left && *left < std::chrono::milliseconds(100);
/// }
/// ```
///
/// The time is what is left and no date, since clocks differ, as in gRPC's `grpc-timeout` and
/// Envoy's `x-envoy-expected-rq-timeout-ms`; the way there is not taken off.
///
/// Sources: W3C Trace Context, section 3.2; core/retry_allowance.hpp.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ferrule/core/environment.hpp"
#include "ferrule/core/retry_allowance.hpp"
#include "ferrule/http/fields.hpp"

namespace ferrule::http {

inline constexpr std::string_view timeout_field = "Request-Timeout-Ms";
inline constexpr std::string_view trace_field = "traceparent";

/// A time as a field's value.
struct timeout_text {
  std::array<char, 20> digits{};
  std::uint8_t size = 0;

  std::string_view view() const noexcept { return {digits.data(), size}; }
};
/// Whole milliseconds, rounded down, so that nobody works longer than anybody waits.
timeout_text encode_timeout(std::chrono::nanoseconds left) noexcept;
/// From 1 to 10 decimal digits; empty for anything else.
std::optional<std::chrono::milliseconds> decode_timeout(std::string_view text) noexcept;

/// A place in a trace as a field's value.
struct trace_text {
  std::array<char, 55> characters{};

  std::string_view view() const noexcept { return {characters.data(), characters.size()}; }
};
trace_text encode_trace(const trace_context& trace) noexcept;
/// Empty for what the specification calls invalid. Of later versions the known part is read.
std::optional<trace_context> decode_trace(std::string_view text) noexcept;

/// What the fields of a request say.
struct inherited {
  std::optional<std::chrono::milliseconds> timeout{};
  std::optional<trace_context> trace{};  ///< `span_id` is the sender's
  /// Empty without the field; 0 for one that is not valid.
  std::optional<retry_allowance> retries{};
};
inherited read_inherited(std::span<const header_field> fields) noexcept;

/// False if none of the fields is there, told by the lengths of their names alone: most requests
/// have none, and that should cost them nothing.
constexpr bool may_have_inherited(std::span<const header_field> fields) noexcept {
  constexpr auto bit = [](std::size_t length) { return std::uint64_t{1} << length; };
  constexpr std::uint64_t lengths =
      bit(timeout_field.size()) | bit(trace_field.size()) | bit(retry_allowance_field.size());
  std::uint64_t found = 0;
  for (const header_field& field : fields) found |= bit(field.name.size() & 63U);
  return (found & lengths) != 0;
}

}  // namespace ferrule::http
