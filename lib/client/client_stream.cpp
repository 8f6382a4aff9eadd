#include "client/client_stream.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule {
namespace {

using step_result = result<void, http::client_error>;

/// Gives a step of the conversation its time.
template <class T>
task<result<T, transport_failure>> in_time(std::chrono::nanoseconds limit,
                                           task<result<T, http::client_error>> step) {
  const environment& env = co_await current_environment();
  const mono_time until = std::min(env.deadline, saturating_add(env.loop->now(), limit));
  auto done = co_await with_deadline(until, std::move(step));
  if (!done) co_return fail(transport_failure{transport_error::timeout, true});
  if (!*done) co_return fail(transport_failure{to_transport_error(done->error()), true});
  co_return std::move(*done).transform_error(
      [](http::client_error) { return transport_failure{}; });
}

task<step_result> read_head(client_stream::state* of) {
  const auto only_one = co_await of->reading_head.lock();
  if (of->head) co_return {};
  const auto read = co_await of->connection->read_head();
  if (!read) co_return fail(read.error());
  of->head = *read;
  of->connection->allow_body(client_stream::bytes_max);
  co_return {};
}

/// Ends when the server has said that it wants no more of the request, or is gone. It begins to
/// listen only when a write takes long.
task<> refusal(client_stream::state* of) {
  co_await sleep(http::early_answer_wait);
  const auto heard = co_await read_head(of);
  // After an answer of success it may read on.
  const bool goes_on = heard && of->head->status < 300 && of->head->keep_alive;
  if (goes_on) co_await sleep(of->part_timeout);
}

task<step_result> send_unless_refused(client_stream::state* of, task<step_result> sending) {
  if (of->head) co_return co_await std::move(sending);
  const auto first = co_await race(std::move(sending), refusal(of));
  if (first.index() != 0) co_return fail(http::client_error::closed_early);
  co_return std::get<0>(first);
}

task<result<void, transport_failure>> send_in_time(client_stream::state* of,
                                                   task<step_result> sending) {
  auto sent = co_await in_time(of->part_timeout, send_unless_refused(of, std::move(sending)));
  // Who reads no further but has answered is not late.
  const bool is_answered = of->head.has_value();
  if (!sent && sent.error().error == transport_error::timeout && is_answered) {
    co_return fail(transport_failure{transport_error::closed_early, true});
  }
  co_return sent;
}

}  // namespace

transport_error to_transport_error(http::client_error error) noexcept {
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
    case http::client_error::not_reusable:
    case http::client_error::no_response:
      break;
  }
  return transport_error::no_response;
}

client_stream::client_stream(std::unique_ptr<state> opened) noexcept : state_(std::move(opened)) {}
client_stream::client_stream(client_stream&&) noexcept = default;
client_stream& client_stream::operator=(client_stream&&) noexcept = default;
client_stream::~client_stream() = default;

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> client_stream::write(std::string_view part) {
  return send_in_time(state_.get(), state_->connection->send_part(part));
}

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> client_stream::finish() {
  return send_in_time(state_.get(), state_->connection->send_end());
}

int client_stream::status() const noexcept { return state_->head ? state_->head->status : 0; }

task<result<response_head, transport_failure>> client_stream::head() {
  if (!state_->head) {
    const auto read = co_await in_time(state_->part_timeout, read_head(state_.get()));
    if (!read) co_return fail(read.error());
  }
  co_return *state_->head;
}

task<result<std::string_view, transport_failure>> client_stream::read() {
  if (!state_->head) {
    const auto first = co_await head();
    if (!first) co_return fail(first.error());
  }
  co_return co_await in_time(state_->part_timeout, state_->connection->read_body());
}

}  // namespace ferrule
