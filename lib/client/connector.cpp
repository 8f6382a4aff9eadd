#include "client/connector.hpp"

#include <utility>

namespace ferrule {

task<result<tcp_stream, transport_error>> connect_to(const origin* to) {
  const auto at = address::parse(to->host(), to->port());
  if (!at) co_return fail(transport_error::unknown_host);
  auto connected = co_await tcp_stream::connect(*at);
  if (!connected) co_return fail(transport_error::connect_failed);
  co_return std::move(*connected);
}

}  // namespace ferrule
