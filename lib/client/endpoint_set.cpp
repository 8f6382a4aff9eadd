#include "client/endpoint_set.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace ferrule {

using std::chrono::nanoseconds;

namespace {

// The first answer may have to wait for caches and connections of the endpoint's own.
constexpr std::chrono::milliseconds overdue_least{50};

// Numbers are bounded by the endpoints of a set and the calls under way that keep older ones.
constexpr auto numbers_max = std::numeric_limits<std::uint32_t>::max();

balancer_settings without_maximum(balancer_settings settings) {
  settings.endpoints_max = numbers_max;
  return settings;
}

outlier_settings without_maximum(outlier_settings settings) {
  settings.endpoints_max = numbers_max;
  return settings;
}

// Who and where: what makes two values one endpoint.
std::string key_of(const upstream_endpoint& endpoint) {
  return endpoint.address.text() + ' ' + endpoint.id;
}

std::optional<endpoints_fault> fault_of(const upstream_endpoint& endpoint) {
  if (endpoint.address.host().empty()) return endpoints_fault::no_address;
  if (endpoint.weight > balancer::weight_max) return endpoints_fault::weight_too_large;
  if (!endpoint.authority.empty() && !origin::parse("http://" + endpoint.authority)) {
    return endpoints_fault::invalid_authority;
  }
  return std::nullopt;
}

}  // namespace

endpoint_set::endpoint_set(const upstream_settings& settings, executor& loop)
    : loop_(loop),
      endpoints_max_(settings.balancer.endpoints_max),
      overdue_unknown_(settings.retry.try_timeout / 2),
      balancer_(without_maximum(settings.balancer), loop.random()) {
  if (settings.ejection) ejection_.emplace(without_maximum(*settings.ejection), loop.now());
}

// Fills in the ids.
std::optional<endpoints_refusal> endpoint_set::check(std::vector<upstream_endpoint>& wanted) const {
  if (wanted.size() > endpoints_max_) return endpoints_refusal{endpoints_fault::too_many, {}};
  std::unordered_set<std::string_view> ids;
  for (upstream_endpoint& each : wanted) {
    if (each.id.empty() && !each.address.host().empty()) each.id = each.address.text();
    if (const auto fault = fault_of(each)) return endpoints_refusal{*fault, each.id};
  }
  for (const upstream_endpoint& each : wanted) {
    if (!ids.insert(each.id).second) {
      return endpoints_refusal{endpoints_fault::repeated_id, each.id};
    }
  }
  return std::nullopt;
}

result<endpoint_changes, endpoints_refusal> endpoint_set::update(
    std::vector<upstream_endpoint> wanted) {
  if (auto refused = check(wanted)) return fail(*std::move(refused));
  std::unordered_map<std::string, std::uint32_t> here;  // also who is leaving
  for (std::uint32_t i = 0; i != slots_.size(); ++i) {
    if (slots_[i].endpoint) here.emplace(key_of(*slots_[i].endpoint), i);
  }
  endpoint_changes changes;
  std::vector<bool> stays(slots_.size());
  std::vector<upstream_endpoint*> joining;
  for (upstream_endpoint& each : wanted) {
    const auto found = here.find(key_of(each));
    if (found == here.end()) {
      joining.push_back(&each);
      continue;
    }
    stays[found->second] = true;
    ++(slots_[found->second].is_leaving ? changes.added : changes.kept);
    renew(found->second, std::move(each));
  }
  for (std::uint32_t i = 0; i != stays.size(); ++i) {
    if (stays[i] || !slots_[i].endpoint || slots_[i].is_leaving) continue;
    leave(i);
    ++changes.removed;
  }
  for (upstream_endpoint* each : joining) add(std::move(*each));
  changes.added += static_cast<std::uint32_t>(joining.size());
  return changes;
}

void endpoint_set::add(upstream_endpoint&& wanted) {
  const std::uint32_t number = balancer_.add(wanted.weight).value();
  if (number >= slots_.size()) slots_.resize(number + 1);
  const bool takes_calls = wanted.weight != 0;
  slots_[number] = {.endpoint = std::make_shared<const upstream_endpoint>(std::move(wanted))};
  watch(number, takes_calls);
}

void endpoint_set::renew(std::uint32_t number, upstream_endpoint&& wanted) {
  slot& one = slots_[number];
  const bool is_reweighted = one.is_leaving || one.endpoint->weight != wanted.weight;
  one.is_leaving = false;
  if (is_reweighted) balancer_.set_weight(number, wanted.weight);
  watch(number, wanted.weight != 0);
  if (*one.endpoint == wanted) return;
  one.endpoint = std::make_shared<const upstream_endpoint>(std::move(wanted));
}

void endpoint_set::leave(std::uint32_t number) {
  slots_[number].is_leaving = true;
  balancer_.set_weight(number, 0);
  watch(number, false);
  if (slots_[number].calls == 0) forget(number);
}

void endpoint_set::forget(std::uint32_t number) noexcept {
  balancer_.remove(number);
  slots_[number] = {};
}

void endpoint_set::release(std::uint32_t number) noexcept {
  slot& one = slots_[number];
  if (--one.calls == 0 && one.is_leaving) forget(number);
}

// What gets no calls is nobody's outlier, and no reason to think that somebody is left.
void endpoint_set::watch(std::uint32_t number, bool is_to_be) {
  slot& one = slots_[number];
  if (!ejection_ || one.is_watched == is_to_be) return;
  one.is_watched = is_to_be;
  if (is_to_be) {
    ejection_->add(number);
  } else {
    ejection_->remove(number);
  }
  balancer_.set_available(number, true);
}

std::optional<endpoint_set::taken> endpoint_set::take(std::span<const std::uint32_t> tried) {
  if (ejection_) follow(ejection_->sweep(loop_.now(), loop_.random()));
  const auto picked = pick(tried);
  if (!picked) return std::nullopt;
  const bool is_ejected = ejection_ && ejection_->is_ejected(*picked);
  return taken{*picked, is_ejected, slots_[*picked].endpoint};
}

std::optional<std::uint32_t> endpoint_set::pick(std::span<const std::uint32_t> tried) {
  const mono_time now = loop_.now();
  rng& random = loop_.random();
  if (!tried.empty()) {
    for (const pick_from from : {pick_from::good, pick_from::available, pick_from::any}) {
      const pick_scope untried{.avoided = tried, .from = from};
      if (balancer_.has_any(untried)) return balancer_.pick(now, random, untried);
    }
  }
  const bool is_panic = ejection_ && ejection_->is_panicking();
  if (!is_panic && balancer_.has_any({})) return balancer_.pick(now, random);
  return balancer_.pick(now, random, {.from = pick_from::any});
}

bool endpoint_set::is_overdue(std::uint32_t number, nanoseconds took) noexcept {
  const mono_time now = loop_.now();
  const nanoseconds own = slots_[number].slowest.at(now);
  if (own != nanoseconds(0)) return took >= 2 * own;
  nanoseconds others{0};
  for (slot& each : slots_) others = std::max(others, each.slowest.at(now));
  if (others == nanoseconds(0)) return took >= overdue_unknown_;
  return took >= std::min(overdue_unknown_, std::max<nanoseconds>(4 * others, overdue_least));
}

void endpoint_set::end(const taken& ended, outcome_class how, nanoseconds took) {
  const mono_time now = loop_.now();
  const outcome_meaning& meaning = meaning_of(how);
  const bool succeeded = meaning.ejection == ejection_signal::succeeded;
  if (succeeded) {
    balancer_.set_doubted(ended.number, false);
    slots_[ended.number].slowest.note(now, took);
    if (ended.was_ejected) follow(ejection_->reinstate(ended.number, now));
  } else if (meaning.balancer == latency_signal::penalised ||
             meaning.ejection == ejection_signal::failed) {
    balancer_.set_doubted(ended.number, true);
  }
  balancer_.end(ended.number, now, took, meaning.balancer);
  if (ejection_ && ejection_->record(ended.number, meaning.ejection, now, loop_.random())) {
    balancer_.set_available(ended.number, false);
  }
}

/// An endpoint that returns has to show itself: what its failures cost it is forgotten.
void endpoint_set::follow(std::span<const ejection_change> changes) {
  for (const ejection_change& change : changes) {
    balancer_.set_available(change.endpoint, !change.is_ejected);
    if (!change.is_ejected) balancer_.forget(change.endpoint);
  }
}

void endpoint_set::show(upstream_snapshot& shown) const {
  std::vector<std::size_t> places(slots_.size());
  for (const balancer_endpoint_snapshot& each : balancer_.snapshot().endpoints) {
    const slot& one = slots_[each.endpoint];
    places[each.endpoint] = shown.endpoints.size();
    shown.endpoints.push_back({.origin = one.endpoint->address.text(),
                               .id = one.endpoint->id,
                               .zone = one.endpoint->zone,
                               .labels = one.endpoint->labels,
                               .is_leaving = one.is_leaving,
                               .is_doubted = balancer_.is_doubted(each.endpoint),
                               .balance = each});
  }
  shown.picks = balancer_.decisions();
  if (!ejection_) return;
  for (const outlier_endpoint_snapshot& each : ejection_->snapshot(loop_.now()).endpoints) {
    shown.endpoints[places[each.endpoint]].ejection = each;
  }
  shown.ejections = ejection_->decisions();
}

}  // namespace ferrule
