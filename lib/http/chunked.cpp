#include "ferrule/http/chunked.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "ferrule/core/assert.hpp"
#include "http/characters.hpp"

namespace ferrule::http {
namespace {

constexpr const char* extension_too_long = "chunk extension is too long";
constexpr const char* invalid_extension = "invalid chunk extension";
constexpr const char* trailers_too_large = "trailer fields are too large";

}  // namespace

chunk_piece chunked_decoder::feed(std::string_view in) noexcept {
  std::size_t at = 0;
  std::size_t trailers_begin = in.size();
  std::size_t trailers_end = in.size();
  while (at != in.size()) {
    if (step_ == step::data) {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
      left_ -= bytes;
      if (left_ == 0) step_ = step::data_cr;
      return {.state = chunk_state::data, .consumed = at + bytes, .data = in.substr(at, bytes)};
    }
    if (step_ == step::done) break;
    const step before = step_;
    if (const char* fault = take(in[at])) {
      const int status = fault == trailers_too_large ? 431 : 400;
      return {.state = chunk_state::error, .consumed = at, .status = status, .reason = fault};
    }
    if (step_ == step::trailer_name || (before > step::trailer && before < step::last_lf)) {
      trailers_begin = std::min(trailers_begin, at);
      trailers_end = at + 1;
    }
    ++at;
  }
  return {.state = step_ == step::done ? chunk_state::done : chunk_state::need_more,
          .consumed = at,
          .trailers = in.substr(trailers_begin, trailers_end - trailers_begin)};
}

// Each of these takes one byte and returns what is wrong with it, or null.

const char* chunked_decoder::take(char c) noexcept {
  switch (step_) {
    case step::size:
    case step::size_digits:
      return take_size(c);
    case step::before_semicolon:
    case step::before_name:
    case step::name:
    case step::before_equals:
    case step::before_value:
    case step::value:
    case step::quoted:
    case step::quoted_pair:
    case step::after_quoted:
      return take_extension(c);
    case step::size_lf:
      line_bytes_ = 0;
      return expect('\n', c, left_ != 0 ? step::data : step::trailer);
    case step::data_cr:
      return expect('\r', c, step::data_lf);
    case step::data_lf:
      digits_ = 0;
      return expect('\n', c, step::size);
    case step::trailer_lf:
      return expect('\n', c, step::trailer);
    case step::last_lf:
      return expect('\n', c, step::done);
    default:
      return take_trailer(c);
  }
}

const char* chunked_decoder::expect(char wanted, char c, step next) noexcept {
  if (c != wanted) return wanted == '\r' ? "no CRLF after chunk data" : "CR without LF";
  step_ = next;
  return nullptr;
}

const char* chunked_decoder::take_size(char c) noexcept {
  constexpr std::uint8_t digits_max = 16;
  if (is(hex_char, c)) {
    const bool is_first = std::exchange(step_, step::size_digits) == step::size;
    if (digits_ == 0 && c == '0') {
      line_bytes_ += is_first ? 0 : 1;
      return line_bytes_ > limits_.extension_bytes_max ? "chunk size is too long" : nullptr;
    }
    if (++digits_ > digits_max) return "chunk size is too large";
    left_ = left_ << 4U | hex_value(c);
    return nullptr;
  }
  if (step_ == step::size) return "invalid chunk size";
  if (std::countl_zero(left_) == 0) return "chunk size is too large";
  if (c == '\r') return end_size_line();
  step_ = step::before_semicolon;
  return take_extension(c);
}

const char* chunked_decoder::end_size_line() noexcept {
  constexpr std::uint64_t usual_bytes = 16;
  const std::uint64_t framing = line_bytes_ + digits_ + 2 * chunk_end.size();
  const std::uint64_t allowed = usual_bytes + 2 * std::min<std::uint64_t>(left_, 1U << 20U);
  const std::uint64_t excess = excess_bytes_ + framing;
  excess_bytes_ = static_cast<std::uint32_t>(excess - std::min(excess, allowed));
  if (excess_bytes_ > limits_.excess_bytes_max) return "too much framing for a body of this size";
  step_ = step::size_lf;
  return nullptr;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 section 7.1.1. White
// space at the end of the line belongs to no extension.
const char* chunked_decoder::take_extension(char c) noexcept {
  const bool is_complete =
      step_ == step::name || step_ == step::value || step_ == step::after_quoted;
  if (is_complete && c == '\r') return end_size_line();
  if (++line_bytes_ > limits_.extension_bytes_max) return extension_too_long;
  switch (step_) {
    case step::before_semicolon:
      if (is_space(c)) return nullptr;
      if (c != ';') return "invalid chunk size";
      step_ = step::before_name;
      return nullptr;
    case step::before_name:
      if (is_space(c)) return nullptr;
      step_ = step::name;
      return is(token_char, c) ? nullptr : invalid_extension;
    case step::before_value:
      if (is_space(c)) return nullptr;
      step_ = c == '"' ? step::quoted : step::value;
      return c == '"' || is(token_char, c) ? nullptr : invalid_extension;
    case step::quoted:
      if (c == '"') step_ = step::after_quoted;
      if (c == '\\') step_ = step::quoted_pair;
      return is(text_char, c) ? nullptr : invalid_extension;
    case step::quoted_pair:
      step_ = step::quoted;
      return is(text_char, c) ? nullptr : invalid_extension;
    case step::name:
    case step::value:
      if (is(token_char, c)) return nullptr;
      [[fallthrough]];
    default:
      return end_extension_part(c);
  }
}

// What may follow a name or a value.
const char* chunked_decoder::end_extension_part(char c) noexcept {
  const bool is_name = step_ == step::name || step_ == step::before_equals;
  if (c == ';') {
    step_ = step::before_name;
  } else if (is_name && c == '=') {
    step_ = step::before_value;
  } else if (is_space(c)) {
    step_ = is_name ? step::before_equals : step::before_semicolon;
  } else {
    return invalid_extension;
  }
  return nullptr;
}

const char* chunked_decoder::take_trailer(char c) noexcept {
  if (step_ == step::trailer && c == '\r') {
    step_ = step::last_lf;
    return nullptr;
  }
  constexpr std::uint32_t lf_bytes = 1;  // the line end counts although it is checked elsewhere
  line_bytes_ += c == '\r' ? 1 + lf_bytes : 1;
  if (line_bytes_ > limits_.trailer_bytes_max) return trailers_too_large;
  if (step_ == step::trailer_value) {
    if (c == '\r') {
      step_ = step::trailer_lf;
      return nullptr;
    }
    return is(text_char, c) ? nullptr : "invalid byte in a trailer field";
  }
  if (step_ == step::trailer_name && c == ':') {
    step_ = step::trailer_value;
    return nullptr;
  }
  step_ = step::trailer_name;
  return is(token_char, c) ? nullptr : "invalid name of a trailer field";
}

std::size_t write_chunk_head(char* out, std::uint64_t data_bytes) noexcept {
  FERRULE_DEBUG_ASSERT(data_bytes != 0, "a chunk without data ends the body");
  constexpr int hexadecimal = 16;
  char* const end = std::to_chars(out, out + chunk_head_bytes_max, data_bytes, hexadecimal).ptr;
  chunk_end.copy(end, chunk_end.size());
  return static_cast<std::size_t>(end - out) + chunk_end.size();
}

}  // namespace ferrule::http
