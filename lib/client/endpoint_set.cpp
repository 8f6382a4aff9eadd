#include "client/endpoint_set.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/assert.hpp"

namespace ferrule {

using std::chrono::nanoseconds;

namespace {

// The first answer may have to wait for caches and connections of the endpoint's own.
constexpr std::chrono::milliseconds overdue_least{50};

}  // namespace

endpoint_set::endpoint_set(std::vector<origin> where, const upstream_settings& settings,
                           executor& loop)
    : loop_(loop),
      overdue_unknown_(settings.retry.try_timeout / 2),
      balancer_(settings.balancer, loop.random()) {
  if (settings.ejection) ejection_.emplace(*settings.ejection, loop.now());
  for (origin& each : where) {
    const auto number = balancer_.add();
    FERRULE_ASSERT(number == endpoints_.size(),
                   "an upstream has more endpoints than its balancer takes");
    if (ejection_) ejection_->add(*number);
    endpoints_.push_back({.at = std::move(each)});
  }
}

std::optional<endpoint_set::taken> endpoint_set::take(std::span<const std::uint32_t> tried) {
  if (ejection_) follow(ejection_->sweep(loop_.now(), loop_.random()));
  const auto picked = pick(tried);
  if (!picked) return std::nullopt;
  return taken{*picked, is_ejected(*picked)};
}

std::optional<std::uint32_t> endpoint_set::pick(std::span<const std::uint32_t> tried) {
  if (!tried.empty()) {
    if (const auto another = pick_another(tried)) return another;
  }
  if (ejection_ && ejection_->is_panicking()) return pick_any();
  const auto picked = balancer_.pick(loop_.now(), loop_.random());
  return picked ? picked : pick_any();
}

std::optional<std::uint32_t> endpoint_set::pick_another(std::span<const std::uint32_t> tried) {
  if (!has_untried(tried)) return std::nullopt;
  const mono_time now = loop_.now();
  rng& random = loop_.random();
  std::vector<std::uint32_t> avoided;
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    if (endpoints_[i].is_doubted || std::ranges::binary_search(tried, i)) avoided.push_back(i);
  }
  if (const auto good = balancer_.pick(now, random, {.avoided = avoided})) return good;
  if (const auto doubted = balancer_.pick(now, random, {.avoided = tried})) return doubted;
  return balancer_.pick(now, random, {.avoided = tried, .takes_unavailable = true});
}

std::optional<std::uint32_t> endpoint_set::pick_any() {
  return balancer_.pick(loop_.now(), loop_.random(), {.takes_unavailable = true});
}

bool endpoint_set::has_good_untried(std::span<const std::uint32_t> tried) const noexcept {
  for (std::uint32_t i = 0; i != endpoints_.size(); ++i) {
    if (endpoints_[i].is_doubted || is_ejected(i)) continue;
    if (!std::ranges::binary_search(tried, i)) return true;
  }
  return false;
}

bool endpoint_set::is_overdue(std::uint32_t number, nanoseconds took) noexcept {
  const mono_time now = loop_.now();
  const nanoseconds own = endpoints_[number].slowest.at(now);
  if (own != nanoseconds(0)) return took >= 2 * own;
  nanoseconds others{0};
  for (endpoint& each : endpoints_) others = std::max(others, each.slowest.at(now));
  if (others == nanoseconds(0)) return took >= overdue_unknown_;
  return took >= std::min(overdue_unknown_, std::max<nanoseconds>(4 * others, overdue_least));
}

void endpoint_set::end(const taken& ended, outcome_class how, nanoseconds took) {
  const mono_time now = loop_.now();
  const outcome_meaning& meaning = meaning_of(how);
  const bool succeeded = meaning.ejection == ejection_signal::succeeded;
  endpoint& one = endpoints_[ended.number];
  if (succeeded) {
    one.is_doubted = false;
    one.slowest.note(now, took);
    if (ended.was_ejected) follow(ejection_->reinstate(ended.number, now));
  } else if (meaning.balancer == latency_signal::penalised ||
             meaning.ejection == ejection_signal::failed) {
    one.is_doubted = true;
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
  for (const balancer_endpoint_snapshot& each : balancer_.snapshot().endpoints) {
    const endpoint& one = endpoints_[each.endpoint];
    shown.endpoints.push_back(
        {.origin = one.at.text(), .is_doubted = one.is_doubted, .balance = each});
  }
  shown.picks = balancer_.decisions();
  if (!ejection_) return;
  for (const outlier_endpoint_snapshot& each : ejection_->snapshot(loop_.now()).endpoints) {
    shown.endpoints[each.endpoint].ejection = each;
  }
  shown.ejections = ejection_->decisions();
}

}  // namespace ferrule
