#include "ferrule/client/client_pool.hpp"

#include <utility>

#include "client/connection_pool.hpp"
#include "ferrule/core/race.hpp"

namespace ferrule {
namespace {

bool is_idempotent(std::string_view verb) noexcept {
  switch (parse_method(verb)) {
    case method::get:
    case method::head:
    case method::put:
    case method::delete_:
    case method::options:
    case method::trace:
      return true;
    default:
      return false;
  }
}

transport_error error_of(http::client_error error) noexcept {
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

}  // namespace

/// One request; it lives in the frame of `send`.
struct client_pool::attempt_state {
  const origin& to;
  http::client_request what;
  bool was_sent = false;
};

client_pool::client_pool(client_pool_settings settings)
    : settings_(std::move(settings)),
      own_names_(std::make_unique<dns::system_resolver>(settings_.names)),
      names_(*own_names_) {}

client_pool::client_pool(client_pool_settings settings, dns::resolver& names)
    : settings_(std::move(settings)), names_(names) {}

client_pool::~client_pool() = default;

client_pool_counts client_pool::counts() const noexcept {
  client_pool_counts now;
  if (connections_ != nullptr) now = connections_->counts();
  now.requests = requests_;
  return now;
}

task<result<http::client_response, transport_failure>> client_pool::send(
    const origin& to, http::client_request what) {
  if (to.is_tls()) co_return fail(transport_failure{transport_error::unsupported_scheme});
  if (what.host.empty()) what.host = to.authority();
  const environment& env = co_await current_environment();
  if (connections_ == nullptr) {
    connections_ = std::make_unique<connection_pool>(*env.loop, settings_, names_);
  }
  FERRULE_DEBUG_ASSERT(&connections_->loop() == env.loop, "a pool is used on another reactor");
  const mono_time now = env.loop->now();
  const mono_time until = std::min(env.deadline, saturating_add(now, settings_.total_timeout));
  if (until <= now) co_return fail(transport_failure{transport_error::timeout});
  attempt_state state{.to = to, .what = what};
  auto answered = co_await with_deadline(until, send_within_time(&state));
  if (!answered) co_return fail(transport_failure{transport_error::timeout, state.was_sent});
  co_return std::move(*answered);
}

task<client_pool::send_result> client_pool::send_within_time(attempt_state* state) {
  std::optional<connection_pool::lease> idle = connections_->take_idle(state->to);
  for (bool again = false;; again = true) {
    if (!idle) {
      auto acquired = co_await connections_->acquire(&state->to, again);
      if (!acquired) co_return fail(transport_failure{acquired.error(), state->was_sent});
      idle.emplace(std::move(*acquired));
    }
    state->was_sent = true;
    ++requests_;
    auto response = co_await (*idle)->request(state->what);
    if (response) co_return std::move(*response);
    const http::client_error error = response.error();
    state->was_sent = again || error != http::client_error::invalid_request;
    const bool was_stale = error == http::client_error::no_response && idle->reused();
    if (!was_stale || again || !is_idempotent(state->what.verb)) {
      co_return fail(transport_failure{error_of(error), state->was_sent});
    }
    idle.reset();
  }
}

}  // namespace ferrule
