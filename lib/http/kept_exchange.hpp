#pragma once
// An exchange that outlives the receive buffer: one block with the exchange and, if the handler
// needs it, the request with its header fields and bytes, so that every view the handler got stays
// valid until its task ends.

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/propagation.hpp"
#include "ferrule/http/server_engine.hpp"

namespace ferrule::http {

struct server_engine::kept_exchange {
  /// Refers to what `from` was asked, which must last until it is forgotten.
  static kept_exchange* make(server_engine& engine, exchange& from) {
    constexpr std::size_t size = sizeof(kept_exchange);
    return ::new (frame_pool::allocate(size)) kept_exchange(engine, from, from.asked(), size);
  }
  /// Copies what `from` was asked, with the `bytes` its views lie in.
  static kept_exchange* make(server_engine& engine, exchange& from, std::string_view bytes) {
    const routed_request& asked = from.asked();
    const std::size_t fields = asked.head.fields.size();
    const std::size_t size = sizeof(kept_exchange) + sizeof(routed_request) +
                             fields * sizeof(header_field) + bytes.size();
    auto* const block = static_cast<std::byte*>(frame_pool::allocate(size));
    auto* const copy = ::new (block + sizeof(kept_exchange)) routed_request(asked);
    auto* const storage = reinterpret_cast<header_field*>(copy + 1);
    char* const copied_bytes = reinterpret_cast<char*>(storage + fields);
    std::memcpy(copied_bytes, bytes.data(), bytes.size());
    rebase(copy->head, {storage, fields}, bytes, copied_bytes);
    if (!copy->body.empty()) {
      copy->body = {copied_bytes + (copy->body.data() - bytes.data()), copy->body.size()};
    }
    return ::new (block) kept_exchange(engine, from, *copy, size);
  }
  static void destroy(kept_exchange* self) noexcept {
    const std::size_t size = self->block_bytes;
    std::destroy_at(self);
    frame_pool::deallocate(self, size);
  }

  /// Puts into the handler's environment what the request's sender hands on, if it is believed.
  void inherit() noexcept {
    environment& env = ex.engine_parts().env;
    env.retries = &retries;
    if (!ex.request().has_trusted_peer || !may_have_inherited(ex.request().fields)) return;
    const inherited from = read_inherited(ex.request().fields);
    if (from.timeout) caller_deadline = saturating_add(env.loop->now(), *from.timeout);
    if (from.trace) {
      trace = *from.trace;
      const std::uint64_t span = env.loop->random()();  // the sender's span is the parent of this
      std::memcpy(trace.span_id.data(), &span, trace.span_id.size());
      env.trace = &trace;
    }
    tells_retries = from.retries.has_value();
    retries = from.retries.value_or(retry_allowance());
  }

  // The end of a handler needs these, and the beginning of the exchange.
  mono_time caller_deadline = no_deadline;  // when nobody waits for the answer any more
  retry_allowance retries;
  bool tells_retries = false;  // the answer says how many are left
  std::size_t block_bytes;
  buffer body;     // a whole body that did not arrive at once
  buffer reading;  // of a streamed body: received bytes, from reading_begin on not yet lent
  std::size_t reading_begin = 0;
  exchange ex;
  trace_context trace;

 private:
  kept_exchange(server_engine& engine, exchange& from, routed_request& asked, std::size_t size)
      : block_bytes(size), ex(engine, from.env(), asked) {
    static_assert(std::is_trivially_destructible_v<routed_request>);
    ex.match() = from.match();
  }
};

}  // namespace ferrule::http
