#pragma once
/// @file
/// Paths and queries: percent-encoding both ways, the pairs of a query, and what is refused.
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
/// its parameter and never makes a segment. Decoding is done once: `%252F` stands for `%2F`.
///
/// What browsers and curl send without encoding it, by the URL standard and against RFC 3986, is
/// read as it is meant: `[ ] { } | \ ^` and the backquote as themselves, and so is a '%' without
/// two hexadecimal digits behind it. `encode_target` writes it as RFC 3986 has it.
///
/// Source: RFC 3986 sections 2.1, 3.3, 3.4; the URL standard (url.spec.whatwg.org), percent-encode
/// sets and percent-decoding, and for '+' application/x-www-form-urlencoded.

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "ferrule/core/result.hpp"

namespace ferrule::http {

/// Why a path or query is refused; each is answered 400.
enum class uri_error {
  invalid_escape,  ///< '%' without two hexadecimal digits, in the name of a host
  zero_byte,       ///< %00
  dot_segment,     ///< a segment "." or "..", plain or escaped, between slashes of any kind
};

/// A short static text for an answer or a log line.
const char* to_string(uri_error error) noexcept;

/// Whether decoding would change `segment`; mostly it would not, and the raw view will do.
inline bool needs_decoding(std::string_view segment) noexcept {
  return segment.find('%') != std::string_view::npos;
}

/// Decodes the escapes of a path segment into `out`, which has room for `raw.size()` bytes and
/// may be where `raw` itself is. Returns the decoded bytes.
/// Error: `zero_byte`.
result<std::string_view, uri_error> decode_segment(std::string_view raw, char* out) noexcept;

/// Decodes a name or value of a query: like `decode_segment`, and '+' is a space.
result<std::string_view, uri_error> decode_query(std::string_view raw, char* out) noexcept;

/// Whether every '%' begins an escape, and none is %00. For the names of hosts.
/// Errors: `invalid_escape`, `zero_byte`.
result<void, uri_error> check_escapes(std::string_view raw) noexcept;

/// Whether a raw query is one that Ferrule serves. Error: `zero_byte`.
result<void, uri_error> check_query(std::string_view raw) noexcept;

/// Whether a raw path is one that Ferrule serves: no %00, and no dot segments, which only help to
/// get past a proxy's rules and which honest clients resolve before they send. They are looked for
/// as if the path were decoded and the backslash a slash: `/a/%2e%2e/b`, `/a%2f..%2fb` and
/// `/a\..\b` are refused like `/a/../b`, so that no text made of a path climbs out of a folder.
/// Errors: `zero_byte`, `dot_segment`.
result<void, uri_error> check_path(std::string_view raw) noexcept;

/// Writes a path, a query or a whole target as RFC 3986 has it: what is allowed in it and the
/// escapes in it stay, a '%' that begins none becomes %25, and every other byte an escape. `out`
/// has room for three times as many bytes as `raw`. Returns how many were written.
std::size_t encode_target(std::string_view raw, char* out) noexcept;
/// The same as a text of its own. Encoded again it stays as it is.
std::string encode_target(std::string_view raw);

/// Writes a URI or a reference to one, with authority and fragment, as RFC 3986 has it, for a
/// Location: like `encode_target`, but what stands there for other parts stays: '#', and brackets
/// around an address. A backslash is encoded, too, which browsers would take for a slash. Returns
/// `raw` where there is nothing to encode, and else what it wrote to `room`.
std::string_view encode_reference(std::string_view raw, std::string& room);

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
