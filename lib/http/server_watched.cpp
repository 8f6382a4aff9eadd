// What an engine tells of its requests where there is an observer. See request_watch.hpp.
#include <chrono>
#include <memory>
#include <new>

#include "http/server_engine.hpp"

namespace ferrule::http {

/// A connection of which the observer could not hear is no better than one without memory.
void server_engine::watch(observer& hears) noexcept {
  try {
    watch_ = std::make_unique<request_watch>(context_, hears);
  } catch (const std::bad_alloc&) {
    ++context_.counters.out_of_memory;
    phase_ = phase::ended;
    broken_ = true;
  }
}

/// The request that began last is over, whatever became of its response.
void server_engine::end_watched() noexcept {
  const auto waited = life_ == nullptr ? std::chrono::nanoseconds(0)
                                       : life_->waited_for_body().until(context_.loop().now());
  watch_->close(waited, waiting_bytes());
}

/// A response is there in one piece.
void server_engine::note_response(int status) noexcept {
  watch_->response_began(status);
  watch_->response_complete(waiting_bytes());
}

}  // namespace ferrule::http
