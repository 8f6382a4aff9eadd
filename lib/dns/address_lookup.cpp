#include "dns/address_lookup.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace ferrule::dns {
namespace {

/// The shortest TTL of an answer, aliases included.
std::chrono::seconds ttl_of(const ares_addrinfo& found) noexcept {
  int least = std::numeric_limits<int>::max();
  for (const auto* each = found.nodes; each != nullptr; each = each->ai_next) {
    least = std::min(least, each->ai_ttl);
  }
  for (const auto* each = found.cnames; each != nullptr; each = each->next) {
    least = std::min(least, each->ttl);
  }
  return std::chrono::seconds(least);
}

void append(std::vector<address>& all, const address& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

bool has_route(address to) noexcept {
  constexpr std::uint16_t any_port = 53;  // nothing is sent
  to.set_port(any_port);
  const int fd = ::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool has = ::connect(fd, to.data(), to.size()) == 0;
  ::close(fd);
  return has;
}

}  // namespace

lookup_error error_of(int status) noexcept {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
    case ARES_ENONAME:
    case ARES_EBADQUERY:
      return lookup_error::not_found;
    case ARES_ENOMEM:
      return lookup_error::no_resources;
    default:
      return lookup_error::failed;
  }
}

bool is_before_v4(const address& v6) noexcept {
  const auto& bytes = reinterpret_cast<const sockaddr_in6*>(v6.data())->sin6_addr.s6_addr;
  const auto begins = [&](std::initializer_list<unsigned> first) {
    return std::equal(first.begin(), first.end(), bytes);
  };
  const bool is_local = (bytes[0] & 0xfeU) == 0xfc;  // fc00::/7
  const bool is_tunnel = begins({0x20, 0x02}) || begins({0x20, 0x01, 0, 0});
  return !is_local && !is_tunnel && has_route(v6);
}

void address_lookup::start(const std::string& name) {
  channel_.ask_hosts_file(name, on_hosts_file, this);
  if (is_told_) return told_.found(v4_, {}, true);
  candidates_ = channel_.candidates(name);
  ask_next();
}

/// In c-ares' own order.
void address_lookup::on_hosts_file(void* self, int, int, ares_addrinfo* found) noexcept {
  if (found == nullptr) return;
  auto& mine = *static_cast<address_lookup*>(self);
  for (const auto* each = found->nodes; each != nullptr; each = each->ai_next) {
    const auto at = address::from_sockaddr(each->ai_addr, each->ai_addrlen);
    if (at) append(mine.v4_, *at);
  }
  ares_freeaddrinfo(found);
  mine.is_told_ = !mine.v4_.empty();
}

void address_lookup::ask_next() {
  const std::string& name = candidates_[next_++];
  pending_ = 2;
  asking_ = true;  // an answer may be there before both were asked for
  channel_.ask_addresses(name, AF_INET6, on_answer, this);
  channel_.ask_addresses(name, AF_INET, on_answer, this);
  asking_ = false;
  go_on();
}

void address_lookup::on_answer(void* self, int status, int, ares_addrinfo* found) noexcept {
  if (status == ARES_EDESTRUCTION) return;
  auto& mine = *static_cast<address_lookup*>(self);
  --mine.pending_;
  if (!mine.take(found) && error_of(status) != lookup_error::not_found && status != ARES_SUCCESS) {
    mine.failed_ = error_of(status);
  }
  if (!mine.asking_) mine.go_on();
}

bool address_lookup::take(ares_addrinfo* found) {
  if (found == nullptr) return false;
  for (const auto* each = found->nodes; each != nullptr; each = each->ai_next) {
    const auto one = address::from_sockaddr(each->ai_addr, each->ai_addrlen);
    if (one) append(one->family() == AF_INET6 ? v6_ : v4_, *one);
  }
  const std::chrono::seconds ttl = ttl_of(*found);
  const bool has_any = found->nodes != nullptr;
  if (has_any) ttl_ = ttl_ ? std::min(*ttl_, ttl) : ttl;
  ares_freeaddrinfo(found);
  return has_any;
}

void address_lookup::go_on() {
  const bool has_any = !v6_.empty() || !v4_.empty();
  if (pending_ != 0) {
    if (has_any) loop_.arm(*this, saturating_add(loop_.now(), delay_));
  } else if (has_any) {
    loop_.disarm(*this);
    tell(true);
  } else if (!failed_ && next_ != candidates_.size()) {
    ask_next();
  } else {
    told_.failed(failed_.value_or(lookup_error::not_found));
  }
}

void address_lookup::tell(bool is_all) {
  std::vector<address> all = v6_;
  const bool v6_first = !v6_.empty() && (v4_.empty() || is_before_v4(v6_.front()));
  all.insert(v6_first ? all.end() : all.begin(), v4_.begin(), v4_.end());
  told_.found(all, ttl_, is_all);
}

}  // namespace ferrule::dns
