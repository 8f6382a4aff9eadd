#include "ferrule/client/client_pool.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "client/connection_pool.hpp"
#include "client/pooled_stream.hpp"
#include "client/redirects.hpp"
#include "ferrule/core/race.hpp"

namespace ferrule {
namespace {

constexpr int proxy_authentication_required = 407;

int status_of(const http::client_response& answer) noexcept { return answer.status(); }
int status_of(const client_stream& opened) noexcept { return opened.status(); }

}  // namespace

/// One request on its way; it lives in the frame of `in_time`.
struct client_pool::attempt {
  attempt(const origin& server, const http::client_request& request) : to(&server), what(request) {}

  void go_through(const proxy_server& proxy);

  const origin* to;  // what is connected to: the server or the proxy
  http::client_request what;
  mono_time until = no_deadline;
  const client_pool_settings* settings = nullptr;
  send_watch unwatched{};
  send_watch* watch = nullptr;
  std::optional<connection_pool::lease> connection{};
  bool was_sent = false;
  bool is_proxied = false;

  // What is said to a proxy.
  std::string target{};
  std::vector<header_field> fields{};
};

/// The target in absolute form (RFC 9112 section 3.2.2), and who sends it.
void client_pool::attempt::go_through(const proxy_server& proxy) {
  is_proxied = true;
  target = to->text();
  if (what.target != "*") target += what.target;
  what.target = target;
  if (!proxy.authorization.empty()) {
    fields.assign(what.fields.begin(), what.fields.end());
    fields.push_back({"Proxy-Authorization", proxy.authorization});
    what.fields = fields;
  }
  to = &proxy.at;
}

client_pool::client_pool(client_pool_settings settings)
    : settings_(std::move(settings)),
      own_names_(std::make_unique<dns::system_resolver>(settings_.names)),
      names_(*own_names_),
      proxy_(proxy_server::parse(settings_.proxies.http_proxy)) {}

client_pool::client_pool(client_pool_settings settings, dns::resolver& names)
    : settings_(std::move(settings)),
      names_(names),
      proxy_(proxy_server::parse(settings_.proxies.http_proxy)) {}

client_pool::~client_pool() = default;

client_pool_counts client_pool::counts() const noexcept {
  client_pool_counts now;
  if (connections_ != nullptr) now = connections_->counts();
  now.requests = requests_;
  return now;
}

FERRULE_CORO_WRAPPER
task<result<http::client_response, http::client_error>> client_pool::whole(attempt* one) {
  return (*one->connection)->request(one->what);
}

/// The stream is open when the head of a whole request's response has come, or that of a request
/// in parts was sent.
task<result<client_stream, http::client_error>> client_pool::stream(attempt* one) {
  http::client_connection& connection = **one->connection;
  std::optional<response_head> answer;
  if (one->what.streamed) {
    const auto sent = co_await connection.send_head(one->what);
    if (!sent) co_return fail(sent.error());
  } else {
    const auto head = co_await connection.request_head(one->what);
    if (!head) co_return fail(head.error());
    answer = *head;
  }
  co_return client_stream(
      std::make_unique<pooled_stream>(std::move(*one->connection), *one->settings, answer));
}

/// Decides how a request goes, and by when it must be done.
result<void, transport_error> client_pool::prepare(attempt& one, const environment& env) {
  if (one.to->is_tls()) return fail(transport_error::unsupported_scheme);
  if (one.what.host.empty()) one.what.host = one.to->authority();
  if (settings_.proxies.is_for(*one.to)) {
    if (!proxy_) return fail(transport_error::proxy_failed);
    one.go_through(*proxy_);
  }
  if (connections_ == nullptr) {
    connections_ = std::make_unique<connection_pool>(*env.loop, settings_, names_);
  }
  FERRULE_DEBUG_ASSERT(&connections_->loop() == env.loop, "a pool is used on another reactor");
  const mono_time now = env.loop->now();
  if (one.watch == nullptr) one.watch = &one.unwatched;
  one.settings = &settings_;
  one.until = std::min({one.until, env.deadline, saturating_add(now, settings_.total_timeout)});
  if (one.until <= now) return fail(transport_error::timeout);
  return {};
}

template <class T>
task<result<T, transport_failure>> client_pool::in_time(attempt one, exchange<T> how) {
  const auto ready = prepare(one, co_await current_environment());
  if (!ready) co_return fail(transport_failure{ready.error()});
  auto done = co_await with_deadline(one.until, try_once(&one, how));
  if (!done) co_return fail(transport_failure{transport_error::timeout, one.was_sent});
  if (*done && one.is_proxied && status_of(**done) == proxy_authentication_required) {
    co_return fail(transport_failure{transport_error::proxy_failed});
  }
  co_return std::move(*done);
}

/// Gets a connection and does the exchange on it.
template <class T>
task<result<T, transport_failure>> client_pool::try_once(attempt* one, exchange<T> how) {
  if (auto idle = connections_->take_idle(*one->to)) {
    one->connection.emplace(std::move(*idle));
  } else {
    auto acquired = co_await connections_->acquire(one->to, one->watch);
    if (!acquired) co_return fail(transport_failure{acquired.error()});
    one->connection.emplace(std::move(*acquired));
  }
  const bool is_reused = one->connection->reused();
  one->was_sent = true;
  one->watch->note_sent(connections_->loop().now());
  ++requests_;
  auto ended = co_await with_deadline(one->watch->answer_within, how(one));
  if (!ended) co_return fail(transport_failure{transport_error::timeout, true});
  if (*ended) co_return std::move(**ended);
  const transport_error why = to_transport_error(ended->error(), is_reused);
  co_return fail(transport_failure{why, why != transport_error::invalid_request});
}

FERRULE_CORO_WRAPPER
task<result<http::client_response, transport_failure>> client_pool::send(
    const origin& to, http::client_request what) {
  return send_within(to, what, nullptr);
}

FERRULE_CORO_WRAPPER
task<result<http::client_response, transport_failure>> client_pool::send_within(
    const origin& to, http::client_request what, send_watch* watch) {
  if (settings_.redirects_max != 0) return send_and_follow(&to, what, watch);
  attempt one(to, what);
  one.watch = watch;
  return in_time<http::client_response>(std::move(one), whole);
}

task<result<http::client_response, transport_failure>> client_pool::send_and_follow(
    const origin* to, http::client_request what, send_watch* watch) {
  redirected_request next(*to, what);
  const environment& env = co_await current_environment();
  const mono_time until = saturating_add(env.loop->now(), settings_.total_timeout);
  for (unsigned followed = 0;; ++followed) {
    attempt one(next.to(), next.what());
    one.until = until;
    one.watch = watch;
    auto answered = co_await in_time<http::client_response>(std::move(one), whole);
    if (!answered) {
      const transport_failure why = answered.error();
      co_return fail(transport_failure{why.error, why.was_sent || followed != 0});
    }
    if (followed == settings_.redirects_max || !next.follow(*answered)) {
      co_return std::move(*answered);
    }
  }
}

FERRULE_CORO_WRAPPER
task<result<client_stream, transport_failure>> client_pool::open_within(const origin& to,
                                                                        http::client_request what,
                                                                        send_watch* watch) {
  attempt one(to, what);
  one.watch = watch;
  return in_time<client_stream>(std::move(one), stream);
}

}  // namespace ferrule
