#include "ferrule/client/transport.hpp"

#include "ferrule/core/race.hpp"

namespace ferrule {

task<result<client_stream, transport_failure>> transport::open(const origin& to,
                                                               http::client_request what) {
  send_watch unwatched;
  co_return co_await open_within(to, what, &unwatched);
}

task<result<http::client_response, transport_failure>> transport::send_within(
    const origin& to, http::client_request what, send_watch* watch) {
  if (what.streamed) co_return fail(transport_failure{transport_error::invalid_request});
  auto opened = co_await open_within(to, what, watch);
  if (!opened) co_return fail(opened.error());
  auto whole = co_await with_deadline(watch->answer_by(), opened->collect());
  if (!whole) co_return fail(transport_failure{transport_error::timeout, true});
  co_return std::move(*whole);
}

task<result<http::client_response, transport_failure>> transport::send(const origin& to,
                                                                       http::client_request what) {
  send_watch unwatched;
  co_return co_await send_within(to, what, &unwatched);
}

const char* to_string(transport_error error) noexcept {
  switch (error) {
    case transport_error::invalid_request:
      return "the request is not valid";
    case transport_error::unsupported_scheme:
      return "https is not supported";
    case transport_error::unknown_host:
      return "the host is unknown";
    case transport_error::name_lookup_failed:
      return "the host's name could not be looked up";
    case transport_error::no_resources:
      return "this side has no descriptors, ports or memory left";
    case transport_error::connect_failed:
      return "the connection failed";
    case transport_error::connect_timeout:
      return "connecting took too long";
    case transport_error::too_many:
      return "too many requests are waiting";
    case transport_error::queue_timeout:
      return "no connection became free in time";
    case transport_error::proxy_failed:
      return "the proxy refused, or is none that can be used";
    case transport_error::no_response:
      return "the connection ended without a response";
    case transport_error::stale_connection:
      return "the server had closed the connection";
    case transport_error::closed_early:
      return "the connection ended early";
    case transport_error::malformed:
      return "the response is malformed";
    case transport_error::too_large:
      return "the response is too large";
    case transport_error::bad_encoding:
      return "the response's encoding is unknown or broken";
    case transport_error::timeout:
      return "the response took too long";
  }
  return "";
}

}  // namespace ferrule
