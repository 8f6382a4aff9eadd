#pragma once
// One thread of a service: its reactor, its listener, its handlers.

#include <memory>
#include <optional>
#include <string>

#include "ferrule/app/run_service.hpp"
#include "ferrule/http/server.hpp"

namespace ferrule {

/// Why listening failed, for the user; `failed` is -errno.
std::string cannot_listen(const address& at, std::int32_t failed);

/// Made and run on one thread; only `ask_to_drain` may be called from others, while it lives.
class worker {
 public:
  /// Prepares to serve at `at`, shared with other workers when `share_port`. `error()` tells what
  /// went wrong.
  worker(const serve_settings& settings, service_factory& factory, const address& at,
         bool share_port, std::uint64_t seed);
  ~worker();

  const std::string& error() const noexcept { return error_; }
  const address& local() const noexcept { return server_->local(); }
  std::string_view backend_name() const noexcept { return reactor_->io().name(); }
  /// Why it is not io_uring, or empty.
  const std::string& backend_reason() const noexcept { return backend_reason_; }

  reactor& loop() noexcept { return *reactor_; }
  /// Serves until drained.
  void run() { reactor_->run(); }
  /// Begins to end, on the worker's own thread.
  void drain() noexcept;
  /// Begins to end, from any thread, once.
  void ask_to_drain() noexcept { reactor_->post(drain_request_); }

 private:
  struct drain_request : posted {
    using posted::posted;
    worker* self = nullptr;
  };

  std::chrono::nanoseconds grace_;
  std::string error_;
  std::string backend_reason_;
  std::unique_ptr<reactor> reactor_;
  std::unique_ptr<reactor_service> service_;
  std::unique_ptr<http::server> server_;
  drain_request drain_request_;
};

}  // namespace ferrule
