#include "ferrule/io/network.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ferrule {
namespace {

constexpr std::uint8_t v4_prefix_bits = 96;
constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

constexpr std::string_view unix_clients = "unix";

bool is_v4(const std::array<std::uint8_t, 16>& bytes) noexcept {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin());
}

}  // namespace

std::optional<network::bytes> network::bytes_of(const address& one) noexcept {
  bytes all{};
  if (one.family() == AF_INET) {
    std::copy(v4_prefix.begin(), v4_prefix.end(), all.begin());
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(one.data());
    std::memcpy(all.data() + v4_prefix.size(), &v4.sin_addr, sizeof v4.sin_addr);
    return all;
  }
  if (one.family() != AF_INET6) return std::nullopt;
  const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(one.data());
  std::memcpy(all.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return all;
}

bool network::has_prefix_of(const bytes& other) const noexcept {
  const std::size_t whole = prefix_bits_ / 8U;
  if (!std::equal(begin_.begin(), begin_.begin() + whole, other.begin())) return false;
  const unsigned rest = prefix_bits_ % 8U;
  if (rest == 0) return true;
  const unsigned mask = 0xffU << (8U - rest);
  return ((begin_[whole] ^ other[whole]) & mask) == 0;
}

/// Returns whether there was anything.
bool network::clear_beyond_prefix() noexcept {
  const bytes before = begin_;
  for (unsigned bit = prefix_bits_; bit != 128; ++bit) {
    begin_[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  }
  return begin_ != before;
}

result<network, std::string> network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = address::parse(text.substr(0, slash), 0);
  if (!first) return fail(std::string("must be of addresses such as 10.0.0.0/8 or fd00::1"));
  network made;
  made.begin_ = *bytes_of(*first);
  made.is_any_ = true;
  made.prefix_bits_ = 128;
  if (slash == text.npos) return made;
  const unsigned before = first->family() == AF_INET ? v4_prefix_bits : 0;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size() ||
      bits > 128U - before) {
    return fail("must have a prefix length from 0 to " + std::to_string(128U - before));
  }
  made.prefix_bits_ = static_cast<std::uint8_t>(before + bits);
  if (!made.clear_beyond_prefix()) return made;
  return fail("must have no bits beyond the prefix: " + made.text() + " is the network of " +
              std::string(text));
}

bool network::contains(const address& one) const noexcept {
  const auto other = bytes_of(one);
  return is_any_ && other && has_prefix_of(*other);
}

std::string network::text() const {
  if (!is_any_) return {};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, begin_.data(), begin_.size());
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, begin_.data() + v4_prefix.size(), sizeof v4.sin_addr);
  const bool short_form = is_v4(begin_) && prefix_bits_ >= v4_prefix_bits;
  const auto shown =
      short_form ? address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                 : address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return shown->ip() + '/' + std::to_string(prefix_bits_ - (short_form ? v4_prefix_bits : 0));
}

result<network_list, std::string> network_list::parse(std::string_view text) {
  network_list made;
  if (trimmed(text).empty()) return made;
  for (bool is_last = false; !is_last;) {
    const auto comma = text.find(',');
    is_last = comma == text.npos;
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!is_last) text.remove_prefix(comma + 1);
    if (item == unix_clients) {
      made.has_unix_ = true;
      continue;
    }
    const auto one = network::parse(item);
    if (!one) return fail(one.error());
    if (made.size_ == networks_max) {
      return fail("must be at most " + std::to_string(networks_max) + " networks");
    }
    made.all_[made.size_++] = *one;
  }
  return made;
}

bool network_list::contains(const address& one) const noexcept {
  if (one.is_unix()) return has_unix_;
  return std::any_of(all_.begin(), all_.begin() + size_,
                     [&](const network& each) { return each.contains(one); });
}

std::string network_list::text() const {
  std::string shown;
  for (std::size_t i = 0; i != size_; ++i) {
    if (i != 0) shown += ',';
    shown += all_[i].text();
  }
  if (has_unix_) shown.append(shown.empty() ? "" : ",").append(unix_clients);
  return shown;
}

}  // namespace ferrule
