#include "ferrule/dns/resolver.hpp"

#include <algorithm>
#include <utility>

namespace ferrule::dns {

const char* to_string(lookup_error error) noexcept {
  switch (error) {
    case lookup_error::not_found:
      return "the name is not known";
    case lookup_error::failed:
      return "no name server gave an answer";
    case lookup_error::no_resources:
      return "this side has nothing left to look names up with";
  }
  return "";
}

void order_targets(std::vector<service_target>& targets, rng& chance) {
  // Those of weight 0 come first among equals, so that chance hardly ever takes them (RFC 2782).
  std::sort(targets.begin(), targets.end(), [](const auto& a, const auto& b) {
    return std::pair(a.priority, a.weight) < std::pair(b.priority, b.weight);
  });
  for (auto next = targets.begin(); next != targets.end(); ++next) {
    std::uint64_t total = 0;
    for (auto each = next; each != targets.end() && each->priority == next->priority; ++each) {
      total += each->weight;
    }
    std::uint64_t drawn = chance.below(total + 1);
    auto taken = next;
    while (drawn > taken->weight) drawn -= (taken++)->weight;
    std::rotate(next, taken, taken + 1);
  }
}

void table_resolver::add(std::string_view name, const address& at) {
  addresses_[std::string(name)].push_back(at);
}

void table_resolver::add(std::string_view name, const service_target& target) {
  services_[std::string(name)].push_back(target);
}

void table_resolver::remove(std::string_view name) {
  addresses_.erase(std::string(name));
  services_.erase(std::string(name));
}

task<resolver::addresses_result> table_resolver::addresses(std::string_view name) {
  const auto found = addresses_.find(name);
  if (found == addresses_.end()) co_return fail(lookup_error::not_found);
  co_return found->second;
}

task<resolver::services_result> table_resolver::services(std::string_view name) {
  const auto found = services_.find(name);
  if (found == services_.end()) co_return fail(lookup_error::not_found);
  std::vector<service_target> targets = found->second;
  order_targets(targets, (co_await current_environment()).loop->random());
  co_return targets;
}

}  // namespace ferrule::dns
