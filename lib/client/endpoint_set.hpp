#pragma once
// The endpoints of a service, with what is known of each: who gets the next try, what the end of a
// try says about who had it, and how one set of them becomes another while calls run.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/client/upstream.hpp"
#include "ferrule/client/upstream_endpoint.hpp"
#include "ferrule/core/executor.hpp"
#include "ferrule/core/result.hpp"
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

// An endpoint is a number while it is in the set, and then until the last call has ended that tried
// it: a call knows by these numbers whom it has tried, so that none may come to mean another.
// Thread rule: the reactor's thread.
class endpoint_set {
 public:
  // A try that has begun; it ends by `end`. What it was told of the endpoint stays as it is.
  struct taken {
    std::uint32_t number = 0;
    bool was_ejected = false;
    std::shared_ptr<const upstream_endpoint> endpoint{};
  };

  // Empty, until an update.
  endpoint_set(const upstream_settings& settings, executor& loop);

  // See `upstream::update`.
  result<endpoint_changes, endpoints_refusal> update(std::vector<upstream_endpoint> wanted);
  // Whether there is one that takes calls.
  bool takes_calls() const noexcept { return has_untried({}); }

  // Who gets a call's next try. One that the call has tried, or that has just failed another, comes
  // only after all others, and an ejected one before one that was tried. `tried` is in ascending
  // order. Empty: there is no endpoint. Allocates nothing.
  std::optional<taken> take(std::span<const std::uint32_t> tried);
  void end(const taken& ended, outcome_class how, std::chrono::nanoseconds took);
  // A call that has taken an endpoint keeps its number, once, until it has ended.
  void keep(std::uint32_t number) noexcept { ++slots_[number].calls; }
  void release(std::uint32_t number) noexcept;

  // Whether there is an endpoint that is not among `tried`.
  bool has_untried(std::span<const std::uint32_t> tried) const noexcept {
    return balancer_.has_any({.avoided = tried, .from = pick_from::any});
  }
  // And one that is neither ejected nor in doubt.
  bool has_good_untried(std::span<const std::uint32_t> tried) const noexcept {
    return balancer_.has_any({.avoided = tried, .from = pick_from::good});
  }
  // Whether a try that had no answer in that time says something about the endpoint, though it did
  // not have all the time of a try.
  bool is_overdue(std::uint32_t number, std::chrono::nanoseconds took) noexcept;

  void show(upstream_snapshot& shown) const;

 private:
  // What belongs to a number. The balancer and ejection have the rest.
  struct slot {
    std::shared_ptr<const upstream_endpoint> endpoint{};  // null: the number is free
    bool is_leaving = false;
    bool is_watched = false;  // by ejection
    std::uint32_t calls = 0;  // that keep it
    slowest_answer slowest{};
  };

  std::optional<endpoints_refusal> check(std::vector<upstream_endpoint>& wanted) const;
  void add(upstream_endpoint&& wanted);
  void renew(std::uint32_t number, upstream_endpoint&& wanted);
  void leave(std::uint32_t number);
  void forget(std::uint32_t number) noexcept;
  void watch(std::uint32_t number, bool is_to_be);
  std::optional<std::uint32_t> pick(std::span<const std::uint32_t> tried);
  void follow(std::span<const ejection_change> changes);

  executor& loop_;
  std::size_t endpoints_max_;
  std::chrono::nanoseconds overdue_unknown_;  // as long as nobody has answered
  std::vector<slot> slots_;                   // by the balancer's numbers
  balancer balancer_;
  std::optional<outlier_ejection> ejection_;
};

}  // namespace ferrule
