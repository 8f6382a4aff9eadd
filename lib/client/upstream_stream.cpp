// A call with a stream: what is done once it is open, and what its end says.
#include "client/upstream_call.hpp"
#include "ferrule/core/race.hpp"

namespace ferrule {

outcome_class upstream::opening::class_of(transport_error why, bool is_late) noexcept {
  if (why != transport_error::timeout) return classify_failure(why);
  if (!is_late) return outcome_class::timed_out;
  return held->is_answered() ? outcome_class::cut_short : held->silence();
}

void upstream::opening::send_failed(transport_error why, bool is_late) noexcept {
  if (!held->is_answered()) held->leave_as(class_of(why, is_late));
}

void upstream::opening::answered(const response_head& head) {
  held->answer(held->judge(http::client_response::make(head.status, head.fields, {})));
  call->allowed.note_answer();
  call->note.response_began(head.status);
}

void upstream::opening::ended() noexcept {
  held->end_answered();
  call->note.stream_ended();
  call.reset();
}

void upstream::opening::failed(transport_error why, bool is_late) noexcept {
  held->end(class_of(why, is_late));
  call->note.stream_failed(why);
  call.reset();
}

std::optional<std::chrono::nanoseconds> upstream::running_call::waits() const noexcept {
  if (stream_ == nullptr) return std::min(left(), answer_within());
  const mono_time now = env_.loop->now();
  mono_time until = env_.deadline;
  if (what_.stream_timeout) until = std::min(until, saturating_add(now, *what_.stream_timeout));
  if (until == no_deadline) return std::nullopt;
  return until - now;
}

task<result<call_stream, call_failure>> upstream::open(outgoing_call what) {
  const mono_time until =
      what.stream_timeout ? saturating_add(loop_.now(), *what.stream_timeout) : no_deadline;
  auto holding = std::make_unique<opening>();
  auto done = co_await with_deadline(until, run(what, holding.get()));
  if (!done) co_return fail(call_failure{.fault = call_fault::timeout, .was_sent = true});
  outcome got = std::move(*done);
  if (holding->stream) {
    client_stream opened = std::move(*holding->stream);
    co_return call_stream(std::move(opened), std::move(holding), until);
  }
  if (!got) co_return fail(std::move(got).error());
  co_return call_stream(client_stream::whole(std::move(*got)), nullptr, until);
}

/// Opens a stream and leaves it to the call, unless its head is one after which the call may be
/// made again: that response is collected, so that nothing of it is held while another is waited
/// for.
task<upstream::answer> upstream::open_stream(running_call* of, hold* held, const origin* at,
                                             http::client_request request) {
  auto opened = co_await network_.open_within(*at, request, &held->watch());
  if (!opened) co_return fail(opened.error());
  const response_head* const head = opened->known_head();
  http::client_response answered;
  if (head != nullptr) {
    answered = http::client_response::make(head->status, head->fields, {});
    const outcome_class how = held->judge(answered);
    if (may_go_on(*of, answered, how)) {
      auto whole = co_await with_deadline(held->watch().answer_by(), opened->collect());
      if (!whole) co_return fail(transport_failure{transport_error::timeout, true});
      co_return std::move(*whole);
    }
    held->answer(how);
    of->held().allowed.note_answer();
    of->held().note.response_began(head->status);
  }
  of->stream()->stream.emplace(std::move(*opened));
  co_return answered;
}

}  // namespace ferrule
