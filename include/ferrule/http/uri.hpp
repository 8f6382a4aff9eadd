#pragma once
/// @file
/// Paths and queries: percent-decoding, the pairs of a query, and which paths are refused.
///
/// ```cpp
/// inline bool has_flag(std::string_view query, std::string_view name) {
///   for (auto [key, value] : ferrule::http::query_view(query)) {
///     if (key == name) return true;
///   }
///   return false;
/// }
/// ```
///
/// Routes are matched on the raw path and parameters are decoded afterwards, so `%2F` stays inside
/// its parameter and never makes a segment.
///
/// Source: RFC 3986 sections 2.1, 3.3, 3.4; for '+' the URL standard's
/// application/x-www-form-urlencoded.

#include <cstddef>
#include <iterator>
#include <string_view>

#include "ferrule/core/result.hpp"

namespace ferrule::http {

/// Why a path or query is refused; each is answered 400.
enum class uri_error {
  invalid_escape,  ///< '%' without two hexadecimal digits
  zero_byte,       ///< %00
  dot_segment,     ///< a segment "." or "..", plain or escaped
};

/// A short static text for an answer or a log line.
const char* to_string(uri_error error) noexcept;

/// Whether decoding would change `segment`; mostly it would not, and the raw view will do.
inline bool needs_decoding(std::string_view segment) noexcept {
  return segment.find('%') != std::string_view::npos;
}

/// Decodes the escapes of a path segment into `out`, which has room for `raw.size()` bytes and
/// may be where `raw` itself is. Returns the decoded bytes.
/// Errors: `invalid_escape`, `zero_byte`.
result<std::string_view, uri_error> decode_segment(std::string_view raw, char* out) noexcept;

/// Decodes a name or value of a query: like `decode_segment`, and '+' is a space.
result<std::string_view, uri_error> decode_query(std::string_view raw, char* out) noexcept;

/// Whether every escape of `raw` is one that `decode_segment` takes.
result<void, uri_error> check_escapes(std::string_view raw) noexcept;

/// Whether a raw path is one that Ferrule serves: valid escapes, and no dot segments, which only
/// help to get past a proxy's rules and which honest clients resolve before they send.
/// Errors: all of `uri_error`.
result<void, uri_error> check_path(std::string_view raw) noexcept;

/// A raw name and value of a query.
struct query_pair {
  std::string_view key;
  std::string_view value;  ///< empty also without '='

  friend bool operator==(const query_pair&, const query_pair&) = default;
};

/// The pairs of a raw query, in order and not decoded: `a=1&b&=2` has ("a", "1"), ("b", ""),
/// ("", "2"). Empty pieces, as in `a&&b`, are passed over.
class query_view {
 public:
  class iterator {
   public:
    using value_type = query_pair;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    iterator() = default;
    explicit iterator(std::string_view rest) noexcept : rest_(rest) { step(); }

    query_pair operator*() const noexcept {
      const std::size_t equals = piece_.find('=');
      if (equals == std::string_view::npos) return {piece_, {}};
      return {piece_.substr(0, equals), piece_.substr(equals + 1)};
    }
    iterator& operator++() noexcept {
      step();
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      step();
      return before;
    }
    /// The remaining bytes tell two places in one query apart.
    bool operator==(const iterator& other) const noexcept {
      return piece_.size() == other.piece_.size() && rest_.size() == other.rest_.size();
    }
    bool operator==(std::default_sentinel_t) const noexcept { return piece_.empty(); }

   private:
    void step() noexcept {
      piece_ = {};
      while (piece_.empty() && !rest_.empty()) {
        const std::size_t ampersand = rest_.find('&');
        piece_ = rest_.substr(0, ampersand);
        rest_.remove_prefix(ampersand == std::string_view::npos ? rest_.size() : ampersand + 1);
      }
    }

    std::string_view piece_;
    std::string_view rest_;
  };

  explicit query_view(std::string_view raw) noexcept : raw_(raw) {}
  iterator begin() const noexcept { return iterator(raw_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::string_view raw_;
};

}  // namespace ferrule::http
