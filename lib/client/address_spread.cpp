#include "client/address_spread.hpp"

#include <algorithm>
#include <iterator>

namespace ferrule {

void interleave_families(std::vector<address>& addresses) {
  for (auto at = addresses.begin(); at != addresses.end(); ++at) {
    if (at == addresses.begin()) continue;
    const int before = std::prev(at)->family();
    const auto other = std::find_if(at, addresses.end(),
                                    [&](const address& each) { return each.family() != before; });
    if (other == addresses.end()) return;
    std::rotate(at, other, other + 1);
  }
}

void address_spread::order(std::vector<address>& addresses, mono_time now, rng& chance) {
  std::erase_if(entries_, [&](const entry& e) { return e.open == 0 && e.failed_until <= now; });
  if (addresses.size() < 2) return;
  const int preferred = addresses.front().family();
  for (std::size_t left = addresses.size(); left > 1; --left) {
    std::swap(addresses[left - 1], addresses[chance.below(left)]);
  }
  const auto rank = [&](const address& each) {
    const entry* const known = find(each);
    return std::pair(each.family() != preferred, known != nullptr ? known->open : 0);
  };
  std::ranges::sort(addresses, {}, rank);
  interleave_families(addresses);
  std::vector<address> last;
  std::erase_if(addresses, [&](const address& each) {
    const entry* const known = find(each);
    const bool has_failed = known != nullptr && known->failed_until > now;
    if (has_failed) last.push_back(each);
    return has_failed;
  });
  addresses.insert(addresses.end(), last.begin(), last.end());
}

void address_spread::failed(const address& at, mono_time now) {
  entry_of(at).failed_until = saturating_add(now, failure_memory);
}

void address_spread::connected(const address& at) noexcept {
  const auto known = std::ranges::find(entries_, at, &entry::at);
  if (known != entries_.end()) known->failed_until = {};
}

address_spread::entry& address_spread::entry_of(const address& at) {
  const auto known = std::ranges::find(entries_, at, &entry::at);
  return known != entries_.end() ? *known : entries_.emplace_back(entry{.at = at});
}

const address_spread::entry* address_spread::find(const address& at) const noexcept {
  const auto known = std::ranges::find(entries_, at, &entry::at);
  return known != entries_.end() ? &*known : nullptr;
}

void address_spread::ended(const address& at) noexcept {
  const auto known = std::ranges::find(entries_, at, &entry::at);
  if (known != entries_.end()) --known->open;
}

}  // namespace ferrule
