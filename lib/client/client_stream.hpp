#pragma once
// What a stream holds.

#include <optional>

#include "client/connection_pool.hpp"
#include "ferrule/client/client_stream.hpp"
#include "ferrule/core/async_mutex.hpp"

namespace ferrule {

struct client_stream::state {
  connection_pool::lease connection;
  std::chrono::nanoseconds part_timeout;
  std::optional<response_head> head{};
  async_mutex reading_head{};  // by who asks for it, or by a write that takes long
};

// The pool's errors by those of a connection.
transport_error to_transport_error(http::client_error error) noexcept;

}  // namespace ferrule
