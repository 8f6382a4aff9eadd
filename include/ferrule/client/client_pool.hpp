#pragma once
/// @file
/// Requests over connections that are kept: a pool of them for each server, within limits.
///
/// ```cpp
/// ferrule::task<int> status_of_users() {
///   ferrule::client_pool pool;
///   const auto users = ferrule::origin::parse("http://127.0.0.1:8001");
///   auto answered = co_await pool.send(*users, {.target = "/health"});
///   co_return answered ? answered->status() : 0;
/// }
/// ```
///
/// What a connection may be used for again is decided with caution. One whose response was not
/// framed beyond doubt, was not read to its end, or was followed by anything is closed, and so is
/// one whose request was cancelled or ran out of time: what is under way on it would be taken for
/// the next response. Of several idle connections the one used last is taken, so that those which
/// are not needed time out; and it is looked at before, so that a server which has closed it, or
/// said something unasked such as 408, costs no request.
///
/// The addresses of a name are so many servers: a new connection goes to one of those with the
/// fewest connections, by chance among equals. They are tried as RFC 8305 has it: IPv6 and IPv4 in
/// turn, each at the latest 250 ms after the one before; the first connection is kept, and an
/// address that failed is tried after the others for 10 s. A host that begins with '_' is a service
/// (RFC 2782): `http://_http._tcp.users.example`.
///
/// Redirects are not followed unless `redirects_max` says so, and then only where that is harmless:
/// 303 with a GET; 301, 302, 307 and 308 for safe methods. A Location in UTF-8 is followed as
/// browsers do, encoded. A redirect that is not followed, also because it leads to TLS or to no
/// valid place, is a response like any other.
///
/// Another origin is sent nothing of the request's fields but Accept and Accept-…, Cache-Control,
/// Content-…, Pragma, Prefer, User-Agent, and what goes along with every call (traceparent,
/// Request-Timeout-Ms, Retry-Allowance). Browsers and curl go the other way and leave out what they
/// know to be secret, Authorization and Cookie; but what a service has for a secret is as often in
/// X-Api-Key or another field of its own.
///
/// Source: RFC 9112 sections 3.2.2 and 9; RFC 9110 section 15.4; RFC 8305.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "ferrule/client/proxy.hpp"
#include "ferrule/client/transport.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/dns/system_resolver.hpp"

namespace ferrule {

class connection_pool;

/// The limits of a pool, and how long it waits for what. A pool is one reactor's, so that a process
/// with four reactors may have four times as many connections, and as many requests that wait:
/// `reactor::share_of` divides what all may have.
struct client_pool_settings {
  /// Open connections to one server. A request beyond waits for one of them.
  std::uint32_t connections_per_origin_max = 64;
  /// Open connections in all. Beyond, the one that is idle for longest is closed; when none is, a
  /// request waits.
  std::uint32_t connections_max = 1024;
  /// Requests that wait for a connection. More are refused as `too_many`.
  std::uint32_t queued_max = 1024;
  /// How long a request may wait for a connection: `queue_timeout`.
  std::chrono::nanoseconds queue_timeout = std::chrono::seconds(1);
  /// How long connecting may take, looking up the name included: `connect_timeout`.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(1);
  /// How long a connection is kept without a request.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(30);
  /// How old a connection may be that is used again; up to a tenth of it less by chance, so that
  /// not all end at once. By then the addresses of a name, and a balancer's choice behind one
  /// address, may have changed. As long as names are kept at most (`dns::resolver_settings`).
  std::chrono::nanoseconds connection_age_max = std::chrono::minutes(5);
  /// How long a request may take, from the call to the end of its response: `timeout`. A deadline
  /// of the awaiting task that is earlier holds instead.
  std::chrono::nanoseconds total_timeout = std::chrono::seconds(2);
  /// How long each step of a `client_stream` may take once it is open: `timeout`.
  std::chrono::nanoseconds part_timeout = std::chrono::seconds(10);
  /// How many redirects are followed. With more, the last of them is the response.
  std::uint8_t redirects_max = 0;
  /// What a server may send.
  http::client_limits limits{};
  /// How names are looked up, unless the pool is given a resolver.
  dns::resolver_settings names{};
  /// Which requests go through a proxy: none, unless `proxies_from(std::getenv)` is asked, say. An
  /// answer 407 of the proxy is `proxy_failed`, and so is a proxy that is not an HTTP one.
  proxy_settings proxies{};
};

/// How a pool is doing.
struct client_pool_counts {
  std::uint32_t connections_open = 0;  ///< now, those being made included
  std::uint32_t connections_idle = 0;  ///< of these, without a request
  std::uint32_t queued = 0;            ///< requests that wait for a connection now
  std::uint64_t connections_made = 0;  ///< attempts, since the start
  std::uint64_t requests = 0;          ///< sent to a server, since the start
};

/// Sends requests over kept connections. It belongs to the reactor of the first task that uses it,
/// and must die before that reactor, with no request under way.
/// Thread rule: that reactor's thread.
class client_pool final : public transport {
 public:
  explicit client_pool(client_pool_settings settings = {});
  /// Looks names up with `names`, which must outlive the pool.
  client_pool(client_pool_settings settings, dns::resolver& names);
  ~client_pool() override;

  /// As `transport::open_within`, with a queue of its own (`waiting`). The time until the stream is
  /// open is limited as that of a whole request, and each step from then on by `part_timeout`.
  /// Redirects are not followed. After a head of success a large body is sent to its end, for which
  /// there is time until shortly before the deadline.
  task<result<client_stream, transport_failure>> open_within(const origin& to,
                                                             http::client_request what,
                                                             send_watch* watch) override;

  /// As `transport::send`. Nothing is sent twice: whether a request may be repeated, and how often,
  /// is decided in one place, by `upstream` with its retry budget. See `stale_connection`. The
  /// response is collected while the request is still being sent, so that neither side waits for
  /// the other.
  task<result<http::client_response, transport_failure>> send(const origin& to,
                                                              http::client_request what) override;
  /// The same with a queue of its own (`waiting`), and a try's time that begins with the
  /// connection.
  task<result<http::client_response, transport_failure>> send_within(const origin& to,
                                                                     http::client_request what,
                                                                     send_watch* watch) override;

  client_pool_counts counts() const noexcept;

 private:
  struct attempt;
  template <class T>
  using answer_of = result<T, transport_failure>;

  template <class T>
  using exchange = task<result<T, http::client_error>> (*)(attempt* one);

  static task<result<http::client_response, http::client_error>> whole(attempt* one);
  static task<result<client_stream, http::client_error>> stream(attempt* one);

  result<void, transport_error> prepare(attempt& one, const environment& env);
  template <class T>
  task<answer_of<T>> in_time(attempt one, exchange<T> how);
  template <class T>
  task<answer_of<T>> try_once(attempt* one, exchange<T> how);
  task<answer_of<http::client_response>> send_and_follow(const origin* to,
                                                         http::client_request what,
                                                         send_watch* watch);

  client_pool_settings settings_;
  std::unique_ptr<dns::resolver> own_names_;
  dns::resolver& names_;
  std::optional<proxy_server> proxy_;
  std::unique_ptr<connection_pool> connections_;  // made by the first request
  std::uint64_t requests_ = 0;
};

}  // namespace ferrule
