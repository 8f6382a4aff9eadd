#pragma once
// An exchange that outlives the receive buffer: one block with the exchange, its header fields and
// its bytes, so that every view the handler got stays valid until its task ends.

#include <cstring>
#include <memory>
#include <new>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/propagation.hpp"
#include "ferrule/http/server_engine.hpp"

namespace ferrule::http {

struct server_engine::kept_exchange {
  /// Copies what `from` holds, with the `bytes` its views lie in.
  static kept_exchange* make(server_engine& engine, const exchange& from, std::string_view bytes) {
    const std::size_t fields = from.request().fields.size();
    const std::size_t size = sizeof(kept_exchange) + fields * sizeof(header_field) + bytes.size();
    return ::new (frame_pool::allocate(size)) kept_exchange(engine, from, bytes, size);
  }
  static void destroy(kept_exchange* self) noexcept {
    const std::size_t size = self->block_bytes;
    std::destroy_at(self);
    frame_pool::deallocate(self, size);
  }

  /// Puts into the handler's environment what the request's sender hands on.
  void inherit() noexcept {
    environment& env = ex.engine_parts().env;
    env.retries = &retries;
    if (!may_have_inherited(ex.request().fields)) return;
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
  kept_exchange(server_engine& engine, const exchange& from, std::string_view bytes,
                std::size_t size)
      : block_bytes(size), ex(engine, from) {
    const exchange::parts parts = ex.engine_parts();
    auto* const fields = reinterpret_cast<header_field*>(this + 1);
    const std::span<header_field> storage(fields, parts.request.fields.size());
    char* const copy = reinterpret_cast<char*>(fields + storage.size());
    std::memcpy(copy, bytes.data(), bytes.size());
    rebase(parts.request, storage, bytes, copy);
    if (!parts.body.empty()) {
      parts.body = {copy + (parts.body.data() - bytes.data()), parts.body.size()};
    }
  }
};

}  // namespace ferrule::http
