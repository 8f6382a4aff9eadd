#include "ferrule/http/propagation.hpp"

#include <algorithm>
#include <charconv>

namespace ferrule::http {
namespace {

constexpr std::size_t timeout_digits_max = 10;
constexpr std::string_view trace_version = "00";
constexpr std::size_t trace_id_at = 3;
constexpr std::size_t span_id_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::size_t trace_bytes = 55;

template <std::size_t N>
void put_hex(char* to, const std::array<std::uint8_t, N>& bytes) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    *to++ = digits[byte >> 4U];
    *to++ = digits[byte & 15U];
  }
}

/// Lower case only, as the specification has it.
std::optional<std::uint8_t> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

template <std::size_t N>
bool get_hex(std::string_view from, std::array<std::uint8_t, N>& bytes) noexcept {
  for (std::size_t i = 0; i != N; ++i) {
    const auto high = hex_digit(from[2 * i]);
    const auto low = hex_digit(from[2 * i + 1]);
    if (!high || !low) return false;
    bytes[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return true;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

timeout_text encode_timeout(std::chrono::nanoseconds left) noexcept {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(left).count();
  timeout_text text;
  char* const begin = text.digits.data();
  const auto end =
      std::to_chars(begin, begin + text.digits.size(), std::max<std::int64_t>(whole, 0)).ptr;
  text.size = static_cast<std::uint8_t>(end - begin);
  return text;
}

std::optional<std::chrono::milliseconds> decode_timeout(std::string_view text) noexcept {
  if (text.empty() || text.size() > timeout_digits_max) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return std::chrono::milliseconds(value);
}

trace_text encode_trace(const trace_context& trace) noexcept {
  trace_text text;
  text.characters.fill('-');
  char* const to = text.characters.data();
  std::ranges::copy(trace_version, to);
  put_hex(to + trace_id_at, trace.trace_id);
  put_hex(to + span_id_at, trace.span_id);
  put_hex(to + flags_at, std::array{static_cast<std::uint8_t>(trace.sampled ? 1 : 0)});
  return text;
}

std::optional<trace_context> decode_trace(std::string_view text) noexcept {
  if (text.size() < trace_bytes) return std::nullopt;
  const bool has_dashes =
      text[trace_id_at - 1] == '-' && text[span_id_at - 1] == '-' && text[flags_at - 1] == '-';
  if (!has_dashes) return std::nullopt;
  // A later version may say more behind another dash; 255 is no version.
  std::array<std::uint8_t, 1> said_version{};
  if (!get_hex(text, said_version) || said_version[0] == 0xFF) return std::nullopt;
  if (text.size() > trace_bytes && (said_version[0] == 0 || text[trace_bytes] != '-')) {
    return std::nullopt;
  }
  trace_context trace;
  std::array<std::uint8_t, 1> flags{};
  const bool is_read = get_hex(text.substr(trace_id_at), trace.trace_id) &&
                       get_hex(text.substr(span_id_at), trace.span_id) &&
                       get_hex(text.substr(flags_at), flags);
  if (!is_read || is_zero(trace.trace_id) || is_zero(trace.span_id)) return std::nullopt;
  trace.sampled = (flags[0] & 1U) != 0;
  return trace;
}

inherited read_inherited(std::span<const header_field> fields) noexcept {
  inherited found;
  for (const header_field& field : fields) {
    if (equal_ignoring_case(field.name, trace_field)) {
      if (!found.trace) found.trace = decode_trace(field.value);
    } else if (equal_ignoring_case(field.name, timeout_field)) {
      if (!found.timeout) found.timeout = decode_timeout(field.value);
    } else if (equal_ignoring_case(field.name, retry_allowance_field)) {
      found.retries = decode_retry_allowance(field.value).value_or(retry_allowance(0));
    }
  }
  return found;
}

}  // namespace ferrule::http
