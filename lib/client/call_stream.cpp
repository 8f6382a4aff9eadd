#include "ferrule/client/call_stream.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "ferrule/core/race.hpp"

namespace ferrule {
namespace {

/// Whether it was the caller who had no more time, and not the other side that took too much.
bool ran_out(const environment& env, mono_time until, transport_error why) noexcept {
  return why == transport_error::timeout && std::min(env.deadline, until) <= env.loop->now();
}

/// Why a request whose body was written in parts is not made again.
constexpr const char* sent_in_parts =
    "the request's body was written in parts, and cannot be sent again";

}  // namespace

call_stream::call_stream(client_stream opened, std::unique_ptr<stream_account> account,
                         mono_time until) noexcept
    : account_(std::move(account)),
      stream_(std::move(opened)),
      until_(until),
      is_answered_(stream_.known_head() != nullptr),
      is_streamed_(!is_answered_) {}

call_stream::call_stream(call_stream&&) noexcept = default;

call_stream& call_stream::operator=(call_stream&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

/// What is left before its end, and was at its end but for a look, was not left before it.
call_stream::~call_stream() {
  if (account_ == nullptr) return;
  try {
    note_answer();
  } catch (...) {  // no memory to judge it
    return;
  }
  if (stream_.pass_over()) end();
}

void call_stream::note_answer() {
  const response_head* const head = stream_.known_head();
  if (head == nullptr || std::exchange(is_answered_, true)) return;
  if (account_ != nullptr) account_->answered(*head);
}

void call_stream::end() noexcept {
  if (account_ != nullptr) account_->ended();
  account_.reset();
}

call_failure call_stream::failure_of(const transport_failure& why) const {
  call_failure failed{.transport = why.error, .was_sent = why.was_sent, .status = status()};
  if (is_answered_) failed.fault = call_fault::broken_off;
  if (why.error == transport_error::timeout) failed.fault = call_fault::timeout;
  if (is_streamed_ && !is_answered_) failed.detail = sent_in_parts;
  return failed;
}

void call_stream::break_off(const transport_failure& why, bool is_late) {
  failure_ = failure_of(why);
  if (account_ != nullptr) account_->failed(why.error, is_late);
  account_.reset();
}

template <class T>
task<result<T, transport_failure>> call_stream::in_time(task<result<T, transport_failure>> step) {
  auto done = co_await with_deadline(until_, std::move(step));
  if (!done) co_return fail(transport_failure{transport_error::timeout, true});
  co_return std::move(*done);
}

task<result<void, call_failure>> call_stream::send(task<result<void, transport_failure>> step) {
  const environment& env = co_await current_environment();
  const auto sent = co_await in_time(std::move(step));
  if (sent) co_return {};
  const transport_failure why = sent.error();
  if (account_ != nullptr) account_->send_failed(why.error, ran_out(env, until_, why.error));
  co_return fail(failure_of(why));
}

FERRULE_CORO_WRAPPER
task<result<void, call_failure>> call_stream::write(std::string_view part) {
  return send(stream_.write(part));
}

task<result<void, call_failure>> call_stream::finish(std::span<const header_field> trailers) {
  auto sent = co_await send(stream_.finish(trailers));
  if (sent && account_ != nullptr) account_->sent();
  co_return sent;
}

task<result<response_head, call_failure>> call_stream::head() {
  if (failure_) co_return fail(*failure_);
  const environment& env = co_await current_environment();
  const auto head = co_await in_time(stream_.head());
  if (!head) {
    break_off(head.error(), ran_out(env, until_, head.error().error));
    co_return fail(*failure_);
  }
  note_answer();
  co_return *head;
}

task<std::optional<std::string_view>> call_stream::read() {
  std::optional<std::string_view> part;
  if (!failure_ && !is_answered_) {
    const auto came = co_await head();
    if (!came) co_return part;
  }
  if (failure_) co_return part;
  const environment& env = co_await current_environment();
  const auto done = co_await with_deadline(until_, stream_.read());
  if (done) part = *done;
  if (part) co_return part;
  const transport_failure late{transport_error::timeout, true};
  const transport_failure* const why = done ? stream_.failure() : &late;
  if (why != nullptr) {
    break_off(*why, ran_out(env, until_, why->error));
  } else {
    end();
  }
  co_return part;
}

task<result<http::client_response, call_failure>> call_stream::collect() {
  const auto first = co_await head();
  if (!first) co_return fail(first.error());
  const environment& env = co_await current_environment();
  auto whole = co_await in_time(stream_.collect());
  if (!whole) {
    break_off(whole.error(), ran_out(env, until_, whole.error().error));
    co_return fail(*failure_);
  }
  end();
  co_return std::move(*whole);
}

}  // namespace ferrule
