#include "ferrule/client/upstream.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/http/propagation.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/resilience/retry_after.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

bool is_refused_here(const caller::outcome& got) noexcept {
  if (got) return false;
  const call_fault fault = got.error().fault;
  return fault == call_fault::circuit_open || fault == call_fault::shed;
}

/// The same request would fail in the same way.
bool is_final(transport_error error) noexcept {
  return error == transport_error::invalid_request ||
         error == transport_error::unsupported_scheme || error == transport_error::too_large ||
         error == transport_error::bad_encoding;
}

/// What the transport says that is about this side, and not about the service.
bool is_local(transport_error error) noexcept {
  return error == transport_error::invalid_request ||
         error == transport_error::unsupported_scheme || error == transport_error::too_many ||
         error == transport_error::queue_timeout;
}

call_failure failure_of(const transport_failure& failed) {
  switch (failed.error) {
    case transport_error::timeout:
      return {.fault = call_fault::timeout, .was_sent = failed.was_sent};
    case transport_error::too_many:
    case transport_error::queue_timeout:
      return {.fault = call_fault::shed, .shed = shed_by::pool};
    default:
      return {
          .fault = call_fault::transport, .transport = failed.error, .was_sent = failed.was_sent};
  }
}

bool may_be_tried_again(const caller::outcome& got) noexcept {
  if (got) return is_retryable(got->status());
  return got.error().fault == call_fault::timeout || !is_final(got.error().transport);
}

constexpr bool is_service_failure(int status) noexcept { return status >= 500; }

call_failure shed(shed_by limit) { return {.fault = call_fault::shed, .shed = limit}; }

/// A request's own fields, and what it hands on from the request that is being served.
class inherited_fields {
 public:
  inherited_fields(std::span<const header_field> own, const environment& env, mono_time by,
                   retry_allowance lent)
      : timeout_(http::encode_timeout(by - env.loop->now())),
        retries_(encode_retry_allowance(lent)) {
    all_.reserve(own.size() + 3);
    all_.assign(own.begin(), own.end());
    all_.push_back({http::timeout_field, timeout_.view()});
    all_.push_back({retry_allowance_field, retries_.view()});
    if (env.trace == nullptr) return;
    trace_ = http::encode_trace(*env.trace);
    all_.push_back({http::trace_field, trace_.view()});
  }
  inherited_fields(const inherited_fields&) = delete;  // the views point into it
  inherited_fields& operator=(const inherited_fields&) = delete;

  std::span<const header_field> all() const noexcept { return all_; }

 private:
  http::timeout_text timeout_;
  retry_allowance_text retries_;
  http::trace_text trace_;
  std::vector<header_field> all_;
};

}  // namespace

/// One call and what its tries share.
class upstream::running_call {
 public:
  running_call(upstream& on, const outgoing_call& what, const environment& env)
      : what_(what),
        policy_(what.retry != nullptr ? *what.retry : on.retry_),
        env_(env),
        state_(with_timeout(policy_, what.timeout),
               {.verb = parse_method(what.request.verb),
                .deadline = env.deadline,
                .has_idempotency_key = what.has_idempotency_key},
               on.budget_, allowance(), env.loop->now()) {}
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;

  const outgoing_call& what() const noexcept { return what_; }
  const environment& env() const noexcept { return env_; }
  retry_state& state() noexcept { return state_; }
  retry_allowance& allowance() noexcept { return env_.retries != nullptr ? *env_.retries : own_; }
  /// Endpoints that failed this call.
  std::vector<std::uint32_t>& tried() noexcept { return tried_; }

  /// A request that cannot be sent twice has all the time for its one try.
  mono_time begin_try(mono_time now) noexcept {
    const mono_time by = state_.begin_try(now);
    return state_.may_repeat() ? by : state_.deadline();
  }

 private:
  static retry_policy& with_timeout(retry_policy& policy, std::optional<nanoseconds> timeout) {
    if (timeout) policy.deadline = *timeout;
    return policy;
  }

  const outgoing_call& what_;
  retry_policy policy_;
  const environment& env_;
  retry_allowance own_;
  retry_state state_;
  std::vector<std::uint32_t> tried_;
};

/// What a try holds of the layers below the retry. However it ends, each gets back what is its.
class upstream::hold {
 public:
  explicit hold(upstream& of) noexcept : of_(of), begun_(of.loop_.now()) {}
  hold(const hold&) = delete;
  hold& operator=(const hold&) = delete;
  /// Cancelled, or refused by one of the layers.
  ~hold() {
    if (!ended_) end(call_result::ignored, false);
  }

  void take(circuit_permit permit) noexcept { permit_ = permit; }
  void take_slot() noexcept { has_slot_ = true; }
  void take_limit() noexcept { has_limit_ = true; }
  void take(std::uint32_t picked) noexcept {
    endpoint = picked;
    is_ejected_ = of_.ejection_ && of_.ejection_->is_ejected(picked);
    begun_ = of_.loop_.now();
  }

  /// `tells_latency`: an answer came, or time ran out.
  void end(call_result how, bool tells_latency) noexcept {
    ended_ = true;
    const mono_time now = of_.loop_.now();
    const nanoseconds took = now - begun_;
    rng& random = of_.loop_.random();
    if (endpoint) end_endpoint(how, now, took);
    if (has_limit_ && tells_latency) of_.limit_->release(now, took);
    if (has_limit_ && !tells_latency) of_.limit_->release_ignored();
    if (has_slot_) of_.bulkhead_->leave();
    if (permit_) of_.breaker_->record(*permit_, now, random, {how, took});
  }

  std::optional<std::uint32_t> endpoint;

 private:
  void end_endpoint(call_result how, mono_time now, nanoseconds took) noexcept {
    if (how == call_result::ignored) return of_.balancer_.cancel(*endpoint);
    of_.balancer_.end(*endpoint, now, took);
    if (!of_.ejection_) return;
    const bool failed = how == call_result::failed;
    rng& random = of_.loop_.random();
    if (is_ejected_ && !failed) of_.ejection_->reinstate(*endpoint, now);
    of_.ejection_->record(*endpoint, failed, now, random);
    of_.balancer_.set_available(*endpoint, !of_.ejection_->is_ejected(*endpoint));
  }

  upstream& of_;
  mono_time begun_;
  std::optional<circuit_permit> permit_;
  bool is_ejected_ = false;  // the endpoint was, when it was asked
  bool has_slot_ = false;
  bool has_limit_ = false;
  bool ended_ = false;
};

upstream::upstream(std::string name, transport& network, std::vector<origin> endpoints,
                   executor& loop, const upstream_settings& settings)
    : name_(std::move(name)),
      network_(network),
      loop_(loop),
      endpoints_(std::move(endpoints)),
      retry_(settings.retry),
      budget_(settings.budget, loop.now()),
      balancer_(settings.balancer, loop.random()),
      retries_(settings.decisions_max) {
  FERRULE_ASSERT(fault_of(retry_) == retry_fault::none, "an upstream's retry policy has a fault");
  if (settings.ejection) ejection_.emplace(*settings.ejection, loop.now());
  for (std::size_t i = 0; i != endpoints_.size(); ++i) {
    const auto number = balancer_.add();
    FERRULE_ASSERT(number == i, "an upstream has more endpoints than its balancer takes");
    if (ejection_) ejection_->add(*number);
  }
  if (settings.breaker) breaker_.emplace(*settings.breaker, loop.now());
  if (settings.bulkhead) bulkhead_.emplace(*settings.bulkhead, loop);
  if (settings.limit) limit_.emplace(*settings.limit, loop.now());
  if (settings.rate) rate_.emplace(*settings.rate, loop.random());
}

task<caller::outcome> upstream::call(outgoing_call what) {
  const environment& env = co_await current_environment();
  if (auto refused = pass_rate_limit()) co_return fail(*std::move(refused));
  running_call mine(*this, what, env);
  retry_state& state = mine.state();
  outcome last = fail(call_failure{.fault = call_fault::timeout});  // if there is no time at all
  while (loop_.now() < state.deadline()) {
    outcome got = co_await attempt(&mine, mine.begin_try(loop_.now()));
    if (!got) got.error().tries = state.tries();
    // What the service did says more than that it is not asked again.
    if (is_refused_here(got)) co_return state.tries() > 1 ? std::move(last) : std::move(got);
    if (!may_be_tried_again(got)) co_return got;
    try_failure failure;
    if (got) {
      failure.status = got->status();
      failure.retry_after = parse_retry_after(got->header("Retry-After"), loop_.date());
    } else {
      failure.was_sent = got.error().was_sent;
    }
    const retry_decision next = state.failed(loop_.now(), loop_.random(), failure);
    retries_.add(next);
    last = std::move(got);
    if (next.verdict != retry_verdict::retry) break;
    co_await sleep(nanoseconds(next.wait_ns));
  }
  co_return last;
}

task<caller::outcome> upstream::attempt(running_call* of, mono_time by) {
  hold held(*this);
  if (auto refused = pass_breaker(held)) co_return fail(*std::move(refused));
  if (bulkhead_) {
    const auto entered = co_await with_deadline(by, enter_bulkhead());
    if (!entered) co_return fail(call_failure{.fault = call_fault::timeout});
    if (!*entered) co_return fail(shed(shed_by::bulkhead));
    held.take_slot();
  }
  if (limit_) {
    if (!limit_->try_acquire()) co_return fail(shed(shed_by::concurrency_limit));
    held.take_limit();
  }
  const auto picked = pick(of->tried());
  if (!picked) co_return fail(shed(shed_by::no_endpoint));
  held.take(*picked);

  const retry_allowance lent = of->allowance().lend();
  const inherited_fields fields(of->what().request.fields, of->env(), by, lent);
  http::client_request request = of->what().request;
  request.fields = fields.all();
  auto answered = co_await with_deadline(by, network_.send(endpoints_[*picked], request));
  if (answered && *answered) {
    http::client_response& response = **answered;
    of->allowance().give_back(settle_retry_allowance(lent, response.header(retry_allowance_field)));
    const bool failed = is_service_failure(response.status());
    if (failed) of->tried().push_back(*picked);
    held.end(failed ? call_result::failed : call_result::succeeded, true);
    co_return std::move(response);
  }
  const transport_failure why =
      answered ? answered->error() : transport_failure{transport_error::timeout, true};
  if (!why.was_sent) of->allowance().give_back(lent);
  of->tried().push_back(*picked);
  held.end(is_local(why.error) ? call_result::ignored : call_result::failed,
           why.error == transport_error::timeout);
  co_return fail(failure_of(why));
}

std::optional<call_failure> upstream::pass_rate_limit() {
  if (!rate_) return std::nullopt;
  const rate_verdict verdict = rate_->ask(name_, loop_.now());
  if (verdict.admitted) return std::nullopt;
  return call_failure{
      .fault = call_fault::shed, .shed = shed_by::rate_limit, .retry_after = verdict.retry_after};
}

std::optional<call_failure> upstream::pass_breaker(hold& held) {
  if (!breaker_) return std::nullopt;
  const auto permit = breaker_->try_acquire(loop_.now(), loop_.random());
  if (permit) {
    held.take(*permit);
    return std::nullopt;
  }
  const nanoseconds wait(breaker_->snapshot(loop_.now()).opens_again_ns);
  return call_failure{.fault = call_fault::circuit_open, .retry_after = wait};
}

task<bool> upstream::enter_bulkhead() { co_return co_await bulkhead_->enter(); }

/// An endpoint that the call has not tried, if there is one, though it be ejected; and else any.
std::optional<std::uint32_t> upstream::pick(const std::vector<std::uint32_t>& tried) {
  const mono_time now = loop_.now();
  rng& random = loop_.random();
  if (ejection_) {
    for (const ejection_change& change : ejection_->sweep(now, random)) {
      balancer_.set_available(change.endpoint, !change.is_ejected);
    }
  }
  if (tried.empty()) return balancer_.pick(now, random);
  for (const std::uint32_t each : tried) balancer_.set_available(each, false);
  auto untried = balancer_.pick(now, random);
  if (!untried && ejection_) untried = pick_ejected(tried);
  for (const std::uint32_t each : tried) {
    balancer_.set_available(each, !ejection_ || !ejection_->is_ejected(each));
  }
  return untried ? untried : balancer_.pick(now, random);
}

/// An ejected endpoint that the call has not tried, while no other is available.
std::optional<std::uint32_t> upstream::pick_ejected(const std::vector<std::uint32_t>& tried) {
  std::vector<std::uint32_t> ejected;
  for (std::uint32_t each = 0; each != endpoints_.size(); ++each) {
    const bool is_untried = std::ranges::find(tried, each) == tried.end();
    if (is_untried && ejection_->is_ejected(each)) ejected.push_back(each);
  }
  for (const std::uint32_t each : ejected) balancer_.set_available(each, true);
  const auto picked = balancer_.pick(loop_.now(), loop_.random());
  for (const std::uint32_t each : ejected) balancer_.set_available(each, false);
  return picked;
}

upstream_snapshot upstream::snapshot() {
  const mono_time now = loop_.now();
  upstream_snapshot shown{.name = name_, .retry_budget = budget_.snapshot(now)};
  for (const balancer_endpoint_snapshot& each : balancer_.snapshot().endpoints) {
    shown.endpoints.push_back({.origin = endpoints_[each.endpoint].text(), .balance = each});
  }
  if (ejection_) {
    for (const outlier_endpoint_snapshot& each : ejection_->snapshot(now).endpoints) {
      shown.endpoints[each.endpoint].ejection = each;
    }
    shown.ejections = ejection_->decisions();
  }
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
  shown.picks = balancer_.decisions();
  shown.retries = retries_;
  return shown;
}

json::raw upstream::report() { return json::raw::trusted(json::write(snapshot())); }

}  // namespace ferrule
