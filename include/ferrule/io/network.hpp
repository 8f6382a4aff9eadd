#pragma once
/// @file
/// Networks of addresses, and lists of them: who is believed, say.
///
/// ```cpp
/// inline bool is_ours(const ferrule::address& peer) {
///   static const auto ours = ferrule::network_list::parse("10.1.0.0/16, fd00:1::/32");
///   return ours->contains(peer);
/// }
/// ```
///
/// Source: RFC 4632 section 3.1 and RFC 4291 section 2.3, the notation with a prefix length.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ferrule/core/result.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule {

/// The addresses that begin alike. An IPv4 address that comes as an IPv6 one (::ffff:10.0.0.1) is
/// the IPv4 one. Thread rule: as a plain value.
class network {
 public:
  /// 0 addresses: contains none.
  constexpr network() noexcept = default;
  /// Reads "10.0.0.0/8", "fd00::/8", and an address alone, which is a network of one. For anything
  /// else, and when bits are set beyond the prefix, since "10.1.2.3/8" is likely a mistake: what it
  /// has to be, "must be …". Throws std::bad_alloc.
  static result<network, std::string> parse(std::string_view text);

  bool contains(const address& one) const noexcept;
  std::string text() const;

 private:
  using bytes = std::array<std::uint8_t, 16>;

  static std::optional<bytes> bytes_of(const address& one) noexcept;
  bool has_prefix_of(const bytes& other) const noexcept;
  bool clear_beyond_prefix() noexcept;

  bytes begin_{};  // of an IPv4 network as ::ffff:a.b.c.d
  std::uint8_t prefix_bits_ = 0;
  bool is_any_ = false;
};

/// Up to 16 networks. Thread rule: as a plain value.
class network_list {
 public:
  static constexpr std::size_t networks_max = 16;

  /// None: contains no address.
  constexpr network_list() noexcept = default;
  /// Reads networks with commas between them, and "unix" for the clients of Unix sockets; blanks
  /// around them and an empty text are fine. Errors as of `network::parse`.
  static result<network_list, std::string> parse(std::string_view text);

  bool contains(const address& one) const noexcept;
  constexpr bool empty() const noexcept { return size_ == 0 && !has_unix_; }
  /// "10.0.0.0/8,fd00::/8"
  std::string text() const;

 private:
  std::array<network, networks_max> all_{};
  std::size_t size_ = 0;
  bool has_unix_ = false;
};

}  // namespace ferrule
