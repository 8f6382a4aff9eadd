// One try of a call: through the limits to an endpoint, and what its end says.
#include "client/inherited_fields.hpp"
#include "client/upstream_call.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {
namespace {

using std::chrono::nanoseconds;

constexpr int gateway_timeout = 504;

call_failure shed(shed_by limit) { return {.fault = call_fault::shed, .shed = limit}; }

call_failure failure_of(const transport_failure& failed) {
  if (failed.error == transport_error::timeout) {
    return {.fault = call_fault::timeout, .was_sent = failed.was_sent};
  }
  const bool had_no_turn =
      failed.error == transport_error::too_many || failed.error == transport_error::queue_timeout;
  if (had_no_turn) return shed(shed_by::pool);
  return {.fault = call_fault::transport, .transport = failed.error, .was_sent = failed.was_sent};
}

}  // namespace

void upstream::hold::take(const endpoint_set::taken& picked, const running_call& by) {
  picked_ = picked;
  try_timeout_ = by.try_timeout();
  was_hurried_ = by.left() < try_timeout_;
  watch_.connect_within = on_.connect_timeout_;
  watch_.answer_within = by.answer_within();
}

nanoseconds upstream::hold::took() const noexcept {
  if (answer_) return answer_->took;
  return watch_.stage == send_stage::waiting ? nanoseconds(0) : on_.loop_.now() - watch_.since;
}

outcome_class upstream::hold::silence() noexcept {
  if (!picked_ || watch_.stage == send_stage::waiting) return outcome_class::refused_here;
  const nanoseconds passed = took();
  const bool connects = watch_.stage == send_stage::connecting;
  const nanoseconds enough = connects ? watch_.connect_within : try_timeout_;
  if (passed < enough && !on_.endpoints_->is_overdue(picked_->number, passed)) {
    return outcome_class::cut_short;
  }
  return connects ? outcome_class::not_reached : outcome_class::timed_out;
}

outcome_class upstream::hold::judge(const http::client_response& answer) noexcept {
  // It was told how little time there was, and says that it was not enough.
  if (answer.status() == gateway_timeout && was_hurried_) return silence();
  return on_.classify_(answer);
}

void upstream::hold::answer(outcome_class how) noexcept {
  answer_ = begun_answer{took(), how};
  // What it has said is known; that it was not heard to its end is not its fault.
  left_as_ = how == outcome_class::success ? outcome_class::cut_short : how;
}

void upstream::hold::end(outcome_class how) noexcept {
  ended_ = true;
  if (picked_) on_.endpoints_->end(*picked_, how, took());
  call_.allowed.judge(how);
  if (has_slot_) on_.bulkhead_->leave();
  if (!has_limit_) return;
  switch (meaning_of(how).limit) {
    case limit_signal::none:
      return on_.limit_->release_ignored();
    case limit_signal::taken:
      return on_.limit_->release(on_.loop_.now(), took());
    case limit_signal::at_least:
      return on_.limit_->release_given_up(on_.loop_.now(), took());
    case limit_signal::overload:
      return on_.limit_->release_overloaded(on_.loop_.now());
  }
}

task<upstream::ended_try> upstream::attempt(running_call* of) {
  const auto refused = [](call_failure&& why) {
    return ended_try{fail(std::move(why)), outcome_class::refused_here};
  };
  hold held(*this, of->held());
  const mono_time deadline = of->state().deadline();
  if (bulkhead_) {
    const auto entered = co_await with_deadline(deadline, enter_bulkhead());
    if (!entered) co_return refused({.fault = call_fault::timeout});
    if (!*entered) co_return refused(shed(shed_by::bulkhead));
    held.take_slot();
  }
  if (limit_) {
    if (!limit_->try_acquire()) co_return refused(shed(shed_by::concurrency_limit));
    held.take_limit();
  }
  const auto picked = endpoints_->take(of->held().tried());
  if (!picked) co_return refused(shed(shed_by::no_endpoint));
  held.take(*picked, *of);
  of->held().note_tried(picked->number);  // keeps it
  of->held().note.try_at(*picked);

  const retry_allowance lent = of->allowance().lend();
  const inherited_fields fields(of->what().request.fields, of->env(), of->waits(), lent);
  http::client_request request = of->what().request;
  request.fields = fields.all();
  if (!picked->endpoint->authority.empty()) request.host = picked->endpoint->authority;
  const origin& at = picked->endpoint->address;
  auto work = of->stream() != nullptr ? open_stream(of, &held, &at, request)
                                      : network_.send_within(at, request, &held.watch());
  auto done = co_await with_deadline(deadline, std::move(work));
  const bool was_sent = held.watch().stage == send_stage::sent;
  answer answered =
      done ? std::move(*done) : answer(fail(transport_failure{transport_error::timeout, was_sent}));
  if (answered) {
    const std::string_view unused = answered->header(retry_allowance_field);
    of->allowance().give_back(settle_retry_allowance(lent, unused));
  } else if (!answered.error().was_sent) {
    of->allowance().give_back(lent);
  }
  if (of->has_stream()) {
    of->stream()->held.emplace(std::move(held));
    co_return ended_try{std::move(*answered), outcome_class::success};
  }
  co_return judge(held, std::move(answered));
}

upstream::ended_try upstream::judge(hold& held, answer answered) {
  if (answered) {
    const outcome_class how = held.judge(*answered);
    held.end(how);
    return {std::move(*answered), how};
  }
  const transport_failure why = answered.error();
  const outcome_class how =
      why.error == transport_error::timeout ? held.silence() : classify_failure(why.error);
  held.end(how);
  return {fail(failure_of(why)), how};
}

task<bool> upstream::enter_bulkhead() { co_return co_await bulkhead_->enter(); }

}  // namespace ferrule
