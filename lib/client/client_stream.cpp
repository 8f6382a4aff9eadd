#include "client/client_stream.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/race.hpp"

namespace ferrule {
namespace {

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
  return in_time(state_->part_timeout, state_->connection->send_part(part));
}

FERRULE_CORO_WRAPPER
task<result<void, transport_failure>> client_stream::finish() {
  return in_time(state_->part_timeout, state_->connection->send_end());
}

int client_stream::status() const noexcept { return state_->head ? state_->head->status : 0; }

task<result<response_head, transport_failure>> client_stream::head() {
  if (!state_->head) {
    auto read = co_await in_time(state_->part_timeout, state_->connection->read_head());
    if (!read) co_return fail(read.error());
    state_->head = *read;
    state_->connection->allow_body(bytes_max);
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
