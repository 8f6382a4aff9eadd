#include "client/pooled_stream.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {

transport_error to_transport_error(http::client_error error, bool is_reused) noexcept {
  switch (error) {
    case http::client_error::invalid_request:
      return transport_error::invalid_request;
    case http::client_error::closed_early:
      return transport_error::closed_early;
    case http::client_error::malformed:
      return transport_error::malformed;
    case http::client_error::too_large:
      return transport_error::too_large;
    case http::client_error::no_resources:
      return transport_error::no_resources;
    case http::client_error::no_response:
      if (is_reused) return transport_error::stale_connection;
      break;
    case http::client_error::not_reusable:
      break;
  }
  return transport_error::no_response;
}

template <class T>
result<T, transport_failure> pooled_stream::told(result<T, http::client_error> step) const {
  return std::move(step).transform_error([this](http::client_error error) {
    return transport_failure{to_transport_error(error, connection_.reused()), true};
  });
}

/// Gives a step of the conversation its time.
template <class T>
task<result<T, transport_failure>> pooled_stream::in_time(
    task<result<T, http::client_error>> step) {
  const environment& env = co_await current_environment();
  const mono_time until = std::min(env.deadline, saturating_add(env.loop->now(), part_timeout_));
  auto done = co_await with_deadline(until, std::move(step));
  if (!done) co_return fail(transport_failure{transport_error::timeout, true});
  co_return told(std::move(*done));
}

task<pooled_stream::step_result> pooled_stream::read_head() {
  const auto only_one = co_await reading_head_.lock();
  if (head_) co_return {};
  const auto read = co_await connection_->read_head();
  if (!read) co_return fail(read.error());
  head_ = *read;
  connection_->allow_body(bytes_max);
  co_return {};
}

/// Ends when the server has said that it wants no more of the request, or is gone. It begins to
/// listen only when a write takes long.
task<> pooled_stream::refusal() {
  co_await sleep(http::early_answer_wait);
  const auto heard = co_await read_head();
  // After an answer of success it may read on.
  const bool goes_on = heard && head_->status < 300 && head_->keep_alive;
  if (goes_on) co_await sleep(part_timeout_);
}

task<pooled_stream::step_result> pooled_stream::send_unless_refused(task<step_result> sending) {
  if (head_) co_return co_await std::move(sending);
  const auto first = co_await race(std::move(sending), refusal());
  if (first.index() != 0) co_return fail(http::client_error::closed_early);
  co_return std::get<0>(first);
}

task<result<void, transport_failure>> pooled_stream::send_in_time(task<step_result> sending) {
  auto sent = co_await in_time(send_unless_refused(std::move(sending)));
  // Who reads no further but has answered is not late.
  const bool is_answered = head_.has_value();
  if (!sent && sent.error().error == transport_error::timeout && is_answered) {
    co_return fail(transport_failure{transport_error::closed_early, true});
  }
  co_return sent;
}

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> pooled_stream::write(std::string_view part) {
  return send_in_time(connection_->send_part(part));
}

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> pooled_stream::finish(
    std::span<const header_field> trailers) {
  return send_in_time(connection_->send_end(trailers));
}

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> pooled_stream::wait_for_head() {
  return in_time(read_head());
}

task<result<std::string_view, transport_failure>> pooled_stream::read() {
  if (const auto here = connection_->part_at_hand()) {
    has_broken_off_ = !*here;
    co_return told(*here);
  }
  const auto part = co_await in_time(connection_->read_body());
  has_broken_off_ = !part;
  co_return part;
}

bool pooled_stream::pass_over() noexcept {
  if (!head_ || has_broken_off_) return false;
  for (;;) {
    const auto part = connection_->part_at_hand();
    if (!part || !*part) return false;
    if ((*part)->empty()) return connection_->is_sent();
  }
}

}  // namespace ferrule
