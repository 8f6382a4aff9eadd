#pragma once
// The requests of one connection whose end an observer has yet to hear of. There is one only where
// there is an observer: without, an engine has a null pointer to ask.
//
// Requests are answered in their order, so what belongs to each is a range of the bytes that go
// out; a record goes to the observer once the last of them was sent and the handler has ended.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/server_context.hpp"
#include "ferrule/observe/observer.hpp"

namespace ferrule::http {

/// Thread rule: the reactor's thread. `waiting` is how many bytes wait to be taken.
class request_watch {
 public:
  request_watch(server_context& context, observer& hears) noexcept
      : context_(context), observer_(hears) {}
  request_watch(const request_watch&) = delete;
  request_watch& operator=(const request_watch&) = delete;
  /// What has not been sent by now never is.
  ~request_watch() {
    close({}, 0);
    lose(stop_reason::disconnect);
  }

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* self, std::size_t bytes) noexcept {
    frame_pool::deallocate(self, bytes);
  }

  /// A request has begun, of which so many bytes were read. Throws std::bad_alloc.
  void begin(const exchange& ex, std::uint64_t bytes_read, std::uint64_t waiting);
  /// What is no request is about to be answered. Throws std::bad_alloc.
  void begin_unread(const address* peer, std::uint64_t waiting);

  // What happens to the request that began last, until it is closed.

  void received(std::uint64_t bytes) noexcept;
  void body_awaited() noexcept;
  void body_collected() noexcept;
  /// Its handler runs with this place in a trace.
  void traced(const trace_context* own) noexcept;
  /// Its response has begun; what an engine was told of last is the reason.
  void response_began(int status) noexcept;
  /// All of its response is there.
  void response_complete(std::uint64_t waiting) noexcept;
  void ends(request_ending how, std::string_view reason = {}) noexcept;
  /// Its handler has ended, and nothing more of its response follows.
  void close(std::chrono::nanoseconds waited_for_body, std::uint64_t waiting) noexcept;

  // What happens to the connection.

  void taken(std::uint64_t bytes) noexcept { taken_ += bytes; }
  /// All that was taken.
  void sent() noexcept;
  /// Nothing more is sent.
  void lose(stop_reason why) noexcept;

 private:
  struct note;

  note& append(std::uint64_t bytes_read, std::uint64_t waiting);
  bool tell_if_ended(note& n) noexcept;
  void tell_ended() noexcept;
  mono_time now() const noexcept { return context_.loop().now(); }

  server_context& context_;
  observer& observer_;
  note* first_ = nullptr;  // begun and not told yet, the oldest first
  note* last_ = nullptr;
  note* open_ = nullptr;  // the last, until it is closed
  std::uint64_t taken_ = 0;
  std::uint64_t sent_ = 0;
  bool lost_ = false;
};

}  // namespace ferrule::http
