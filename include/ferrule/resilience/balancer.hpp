#pragma once
/// @file
/// Which endpoint gets the next call: the better of two by latency and load, or by load alone, or
/// each in turn.
///
/// ```cpp
/// ferrule::mono_time now{};
/// ferrule::rng random(1);
/// ferrule::balancer balancer({.algorithm = ferrule::balancing::peak_ewma}, random);
/// const auto first = balancer.add();
/// const auto second = balancer.add(2);  // twice the weight
/// if (const auto endpoint = balancer.pick(now, random)) {
///   const auto took = std::chrono::milliseconds(3);
///   balancer.end(*endpoint, now + took, took);
/// }  // else: there is none, or all are ejected
/// ```
///
/// `peak_ewma` draws two endpoints, each as likely as its weight is large, and takes the one whose
/// latency times load is lower. Latency is an exponential average that jumps to a peak at once and
/// comes down slowly, so that one slow answer is enough to be asked less, and an idle endpoint is
/// asked again in time. `least_request` draws two as well, and takes the one with fewer running
/// calls by its weight: two choices keep the most loaded close to what a look at all would. A
/// failure that comes fast is not fast: say so to `end`, or the endpoint that refuses everything
/// gets everything.
///
/// One with more than half of the weight is not always compared, for the other would win too often
/// while both are idle: what it has beyond the weight of all others it gets without. So a small
/// share, as that of a canary with weight 1 beside 99, is never more than three times what its
/// weight says, however little there is to do. `round_robin` keeps to it exactly.
///
/// One that joins later, or returns, begins with one call at a time. How long an idle endpoint
/// takes says little about a busy one, and it would win each draw until its first answers tell,
/// with any number of calls running. Each success allows one more at a time, so that they double
/// with each round of calls, until it may run twice as many as the endpoints do on average. The
/// pace is its own: one that has to warm up gets there later, and no window of time has to be
/// chosen. Beyond that it gets only what is drawn for two newcomers. `round_robin` gives it its
/// share from the start, which is all that it can get.
///
/// Sources: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001;
/// Finagle's PeakEwma; for those that come later, the slow start of TCP, RFC 5681; for weighted
/// turns, earliest deadline first as in Envoy's round robin.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/resilience/decision_log.hpp"
#include "ferrule/resilience/outcome.hpp"
#include "ferrule/resilience/weighted_choice.hpp"

namespace ferrule {

enum class balancing : std::uint8_t {
  peak_ewma,      ///< latency counts. A pick costs O(log endpoints)
  least_request,  ///< running calls by weight count. A pick costs O(log endpoints)
  round_robin,    ///< each in turn, as often as its weight says, evenly spread. O(log endpoints)
};

struct balancer_settings {
  balancing algorithm = balancing::peak_ewma;
  /// In which an average forgets all but 1/e of what it was; at least 1 ms. Finagle's default.
  std::chrono::nanoseconds decay = std::chrono::seconds(10);
  /// The latency that a failure counts as, if it did not take longer.
  std::chrono::nanoseconds failure_cost = std::chrono::seconds(1);
  std::uint32_t endpoints_max = 1024;
  std::size_t decisions_max = 64;  ///< that are kept in the log
};

/// Whom a pick may take.
enum class pick_from : std::uint8_t {
  good,       ///< available, and not in doubt
  available,  ///< not ejected
  any         ///< ejected ones too
};

/// Whom a pick for a retry may take.
struct pick_scope {
  std::span<const std::uint32_t> avoided{};  ///< in ascending order, each once
  pick_from from = pick_from::available;
};

/// A pick with its inputs. Costs are those of the algorithm: latency in ns times load, running
/// calls by weight, or the round in which its turn was due.
struct pick_decision {
  std::int64_t at_ns = 0;
  std::uint32_t picked = 0;
  double picked_cost = 0;
  std::optional<std::uint32_t> other{};  ///< the other of the two, if there was a comparison
  double other_cost = 0;
  std::uint32_t ready = 0;  ///< endpoints that could be picked
};

/// One endpoint, for people and JSON.
struct balancer_endpoint_snapshot {
  std::uint32_t endpoint = 0;
  std::uint32_t weight = 0;
  bool is_available = true;
  std::uint32_t running = 0;
  double latency_ns = 0;  ///< the average as of the last look; 0: none is known
  std::uint64_t picks = 0;
};

struct balancer_snapshot {
  balancing algorithm = balancing::peak_ewma;
  std::vector<balancer_endpoint_snapshot> endpoints{};
  std::uint64_t none_ready = 0;  ///< picks that found nobody
};

/// Endpoints are small numbers, given by `add` and used again after `remove`. Memory: 104 bytes an
/// endpoint. `add` costs O(endpoints); other changes of the set, a weight, an availability or a
/// doubt O(log endpoints), and with `round_robin` O(endpoints); ends cost O(1), and so does saying
/// what is the case already.
/// Thread rule: belongs to one thread; a reactor balances what it sends itself.
class balancer {
 public:
  static constexpr std::uint32_t weight_max = 65'535;

  /// `random` says where round robin begins, so that a fleet that starts together does not send all
  /// its first requests to one endpoint.
  balancer(const balancer_settings& settings, rng& random);

  /// A new endpoint; empty when there are `endpoints_max`. Allocates. Weight 0 is never picked.
  std::optional<std::uint32_t> add(std::uint32_t weight = 1);
  /// It is picked no more. Its number is given to another once its running calls have ended.
  void remove(std::uint32_t endpoint) noexcept;
  void set_weight(std::uint32_t endpoint, std::uint32_t weight) noexcept;
  /// Whether it may be picked: false while it is ejected.
  void set_available(std::uint32_t endpoint, bool is_available) noexcept;
  /// Whether its last call failed, so that a retry rather goes elsewhere: see `pick_from::good`.
  void set_doubted(std::uint32_t endpoint, bool is_doubted) noexcept;
  bool is_doubted(std::uint32_t endpoint) const noexcept {
    return endpoint < endpoints_.size() && endpoints_[endpoint].is_doubted;
  }
  /// Whether the scope has anybody.
  bool has_any(const pick_scope& among) const noexcept {
    return choice(among.from).total_without(among.avoided) != 0;
  }

  /// Who gets the next call, which has begun and has to end by `end` or `cancel`. Empty: nobody.
  std::optional<std::uint32_t> pick(mono_time now, rng& random) noexcept;
  /// The same of those in the scope, for a retry: the better of two, also with `round_robin`. Costs
  /// O(log endpoints) for itself and each that is avoided.
  std::optional<std::uint32_t> pick(mono_time now, rng& random, const pick_scope& among) noexcept;
  /// A call ended after `took`, and says so much about latency.
  void end(std::uint32_t endpoint, mono_time now, std::chrono::nanoseconds took,
           latency_signal said = latency_signal::taken) noexcept;
  /// A call ended in a way that says nothing about latency.
  void cancel(std::uint32_t endpoint) noexcept;
  /// Takes the endpoint as one that has just come: its latency is not known, and it begins with one
  /// call at a time.
  void forget(std::uint32_t endpoint) noexcept;

  /// Allocates.
  balancer_snapshot snapshot() const;
  const decision_log<pick_decision>& decisions() const noexcept { return log_; }

 private:
  struct endpoint_state {
    std::uint32_t weight = 0;
    bool is_known = false;  // false: removed, or never added
    bool is_available = true;
    bool is_doubted = false;
    std::uint32_t running = 0;
    std::uint32_t running_max = 0;  // while it is new; 0: it is not
    double latency_ns = 0;
    mono_time seen{};    // when the latency was last looked at
    double penalty = 0;  // running calls that it counts as having, as of `penalised`
    mono_time penalised{};
    double turn = 0;  // round_robin: the round in which its next turn is due
    std::uint64_t picks = 0;
  };
  endpoint_state& state_of(std::uint32_t endpoint) noexcept;
  const weighted_choice& choice(pick_from from) const noexcept;
  void sort_in(std::uint32_t endpoint);
  void observe(endpoint_state& state, mono_time now, double latency_ns) noexcept;
  double decayed(double value, mono_time since, mono_time now) const noexcept;
  double mean_weight() const noexcept;
  double latency_cost(endpoint_state& state, mono_time now) noexcept;
  double load_cost(const endpoint_state& state, mono_time now) const noexcept;
  double cost(endpoint_state& state, mono_time now) noexcept;
  std::uint32_t take(const pick_decision& pick) noexcept;
  static bool is_full(const endpoint_state& state) noexcept {
    return state.running_max != 0 && state.running >= state.running_max;
  }
  void grow(endpoint_state& state) noexcept;
  bool is_due(std::uint32_t endpoint, rng& random, const pick_scope& among) const noexcept;
  bool better_of_two(pick_decision& pick, mono_time now, rng& random,
                     const pick_scope& among) noexcept;
  void next_in_turn(pick_decision& pick) noexcept;
  void line_up() noexcept;
  bool is_later(std::uint32_t one, std::uint32_t other) const noexcept;

  balancer_settings settings_;
  std::uint64_t first_turn_;
  double round_ = 0;  // of the turn that was taken last
  std::vector<endpoint_state> endpoints_;
  weighted_choice good_;  // of whom a pick may take by `pick_from`
  weighted_choice available_;
  weighted_choice any_;
  std::uint32_t ready_ = 0;  // how many are available
  std::uint64_t running_ = 0;
  bool has_picked_ = false;
  std::vector<std::uint32_t> turns_;  // round_robin: a heap of those that are ready
  std::uint64_t none_ready_ = 0;
  decision_log<pick_decision> log_;
};

}  // namespace ferrule
