#include "ferrule/client/upstream.hpp"

#include <algorithm>
#include <utility>

#include "client/endpoint_set.hpp"
#include "client/upstream_call.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/resilience/retry_after.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

constexpr int conflict = 409;

}  // namespace

upstream::upstream(std::string name, transport& network, std::vector<upstream_endpoint> endpoints,
                   executor& loop, const upstream_settings& given)
    : upstream(filled_in(given), std::move(name), network, std::move(endpoints), loop) {}

upstream::upstream(const upstream_settings& settings, std::string name, transport& network,
                   std::vector<upstream_endpoint> endpoints, executor& loop)
    : name_(std::move(name)),
      network_(network),
      loop_(loop),
      retry_(settings.retry),
      connect_timeout_(settings.connect_timeout),
      classify_(settings.classify),
      budget_(settings.budget, loop.now()),
      endpoints_(std::make_unique<endpoint_set>(settings, loop)),
      retries_(settings.decisions_max) {
  FERRULE_ASSERT(fault_of(retry_) == retry_fault::none, "an upstream's retry policy has a fault");
  const auto taken = update(std::move(endpoints));
  FERRULE_ASSERT(taken.has_value(), "an upstream's endpoints have a fault: see endpoints_fault");
  if (settings.breaker) breaker_.emplace(*settings.breaker, loop.now());
  if (settings.bulkhead) bulkhead_.emplace(*settings.bulkhead, loop);
  if (settings.limit) limit_.emplace(*settings.limit, loop.now());
  if (settings.rate) rate_.emplace(*settings.rate, loop.random());
}

upstream::~upstream() = default;

result<endpoint_changes, endpoints_refusal> upstream::update(
    std::vector<upstream_endpoint> endpoints) {
  return endpoints_->update(std::move(endpoints));
}

FERRULE_CORO_WRAPPER
task<caller::outcome> upstream::call(outgoing_call what) { return run(what, nullptr); }

/// Tries until there is an answer to give, a stream in `into`, or no other try.
task<caller::outcome> upstream::run(outgoing_call what, opening* into) {
  const environment& env = co_await current_environment();
  std::optional<held_call> own;
  held_call& held = (into != nullptr ? into->call : own).emplace(*this);
  held.note.begin(what, env);
  const auto given = [&held](outcome&& last) {
    held.note.ended(last);
    return std::move(last);
  };
  if (auto refused = refuse()) co_return given(fail(*std::move(refused)));
  if (auto refused = held.allowed.refused()) co_return given(fail(*std::move(refused)));
  running_call mine(*this, what, env, held, into);
  retry_state& state = mine.state();
  outcome last = fail(call_failure{.fault = call_fault::timeout});  // if there is no time at all
  while (loop_.now() < state.deadline()) {
    state.begin_try(loop_.now());
    ended_try ended = co_await attempt(&mine);
    if (mine.has_stream()) co_return last;
    if (!ended.got) ended.got.error().tries = state.tries();
    if (ended.how == outcome_class::refused_here) {
      // What the service did says more than that it is not asked again.
      co_return given(state.tries() > 1 ? std::move(last) : std::move(ended.got));
    }
    const auto next = after(mine, ended);
    if (!next) co_return given(std::move(ended.got));
    retries_.add(*next);
    last = std::move(ended.got);
    if (next->verdict == retry_verdict::retry) {
      co_await sleep(nanoseconds(next->wait_ns));
    } else if (next->verdict != retry_verdict::fail_over) {
      break;
    }
  }
  co_return given(std::move(last));
}

/// Whether a response is one after which there may be another try.
bool upstream::may_go_on(running_call& of, const http::client_response& head,
                         outcome_class how) const noexcept {
  const outcome_meaning& meaning = meaning_of(how);
  if (!of.state().may_repeat() || meaning.retry == retry_rule::never) return false;
  const bool is_at_work = head.status() == conflict && of.what().has_idempotency_key &&
                          !head.header("Retry-After").empty();
  return meaning.retry == retry_rule::always || meaning.fails_over || is_at_work ||
         is_retryable(head.status());
}

/// Whether there is another try, and when. Empty: it could only end in the same way.
std::optional<retry_decision> upstream::after(running_call& of, const ended_try& ended) {
  const outcome_meaning& meaning = meaning_of(ended.how);
  if (meaning.retry == retry_rule::never) return std::nullopt;
  const bool has_better = endpoints_->has_good_untried(of.held().tried());
  try_failure failure{.may_pass = meaning.retry == retry_rule::always};
  if (ended.got) {
    failure.status = ended.got->status();
    const auto retry_after = parse_retry_after(ended.got->header("Retry-After"), loop_.date());
    // The first request with this key is still at work, and then has the answer.
    if (failure.status == conflict && of.what().has_idempotency_key && retry_after) {
      failure.retry_after = retry_after;
      failure.may_pass = true;
      return of.state().failed(loop_.now(), loop_.random(), failure);
    }
    // That is said of the endpoint, and not of one that has room.
    if (!has_better) failure.retry_after = retry_after;
  } else {
    failure.was_sent = ended.got.error().was_sent;
  }
  // Asking costs an endpoint nothing that cannot be reached; and the few calls by which the breaker
  // finds out whether the service is well are to find the one endpoint that is.
  const bool takes_any = ended.how == outcome_class::not_reached || of.is_trial();
  if (meaning.fails_over &&
      (has_better || (takes_any && endpoints_->has_untried(of.held().tried())))) {
    const retry_decision next = of.state().fail_over(loop_.now(), failure);
    if (next.verdict == retry_verdict::fail_over) return next;
  }
  if (meaning.retry == retry_rule::by_status && !is_retryable(failure.status)) return std::nullopt;
  return of.state().failed(loop_.now(), loop_.random(), failure);
}

/// Why a call is not even begun.
std::optional<call_failure> upstream::refuse() {
  if (!endpoints_->takes_calls()) {
    return call_failure{.fault = call_fault::shed, .shed = shed_by::no_endpoint};
  }
  if (!rate_) return std::nullopt;
  const rate_verdict verdict = rate_->ask(name_, loop_.now());
  if (verdict.admitted) return std::nullopt;
  return call_failure{
      .fault = call_fault::shed, .shed = shed_by::rate_limit, .retry_after = verdict.retry_after};
}

upstream_snapshot upstream::snapshot() {
  const mono_time now = loop_.now();
  upstream_snapshot shown{.name = name_, .retry_budget = budget_.snapshot(now)};
  endpoints_->show(shown);
  if (breaker_) {
    shown.breaker = breaker_->snapshot(now);
    shown.circuit = breaker_->decisions();
  }
  if (bulkhead_) shown.bulkhead = bulkhead_->snapshot();
  if (limit_) {
    shown.limit = limit_->snapshot();
    shown.limits = limit_->decisions();
  }
  if (rate_) shown.rate = rate_->snapshot();
  shown.retries = retries_;
  return shown;
}

json::raw upstream::report() { return json::raw::trusted(json::write(snapshot())); }

}  // namespace ferrule
