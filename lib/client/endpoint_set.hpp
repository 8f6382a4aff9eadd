#pragma once
// The endpoints of a service, with what is known of each: who gets the next try, and what the end
// of a try says about who had it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/client/origin.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/core/executor.hpp"
#include "ferrule/resilience/balancer.hpp"
#include "ferrule/resilience/outcome.hpp"
#include "ferrule/resilience/outlier_ejection.hpp"

namespace ferrule {

// How long the slowest answer of the last minute took, more or less: that of this half and the one
// before.
class slowest_answer {
 public:
  void note(mono_time now, std::chrono::nanoseconds took) noexcept {
    turn(now);
    newest_ = std::max(newest_, took);
  }
  // 0: there was none.
  std::chrono::nanoseconds at(mono_time now) noexcept {
    turn(now);
    return std::max(newest_, before_);
  }

 private:
  static constexpr std::chrono::seconds half{30};

  void turn(mono_time now) noexcept {
    if (now - begun_ < half) return;
    const bool follows = now - begun_ < 2 * half;
    before_ = follows ? newest_ : std::chrono::nanoseconds(0);
    newest_ = std::chrono::nanoseconds(0);
    begun_ = now;
  }

  mono_time begun_{};
  std::chrono::nanoseconds newest_{0};
  std::chrono::nanoseconds before_{0};
};

// Thread rule: the reactor's thread.
class endpoint_set {
 public:
  // A try that has begun; it ends by `end`.
  struct taken {
    std::uint32_t number = 0;
    bool was_ejected = false;
  };

  endpoint_set(std::vector<origin> where, const upstream_settings& settings, executor& loop);

  // Who gets a call's next try. One that the call has tried, or that has just failed another, comes
  // only after all others, and an ejected one before one that was tried. `tried` is in ascending
  // order. Empty: there is no endpoint.
  std::optional<taken> take(std::span<const std::uint32_t> tried);
  void end(const taken& ended, outcome_class how, std::chrono::nanoseconds took);

  const origin& at(std::uint32_t number) const noexcept { return endpoints_[number].at; }
  // Whether there is an endpoint that is not among `tried`.
  bool has_untried(std::span<const std::uint32_t> tried) const noexcept {
    return tried.size() < endpoints_.size();
  }
  // And one that is neither ejected nor in doubt.
  bool has_good_untried(std::span<const std::uint32_t> tried) const noexcept;
  // Whether a try that had no answer in that time says something about the endpoint, though it did
  // not have all the time of a try.
  bool is_overdue(std::uint32_t number, std::chrono::nanoseconds took) noexcept;

  void show(upstream_snapshot& shown) const;

 private:
  struct endpoint {
    origin at;
    bool is_doubted = false;  // the last try that says something failed
    slowest_answer slowest{};
  };

  bool is_ejected(std::uint32_t number) const noexcept {
    return ejection_ && ejection_->is_ejected(number);
  }
  std::optional<std::uint32_t> pick(std::span<const std::uint32_t> tried);
  std::optional<std::uint32_t> pick_another(std::span<const std::uint32_t> tried);
  std::optional<std::uint32_t> pick_any();
  void follow(std::span<const ejection_change> changes);

  executor& loop_;
  std::chrono::nanoseconds overdue_unknown_;  // as long as nobody has answered
  std::vector<endpoint> endpoints_;           // by the balancer's numbers
  balancer balancer_;
  std::optional<outlier_ejection> ejection_;
};

}  // namespace ferrule
