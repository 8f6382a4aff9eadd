#pragma once
// One thread of a service: its reactor, its listeners, its handlers.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "ferrule/app/background.hpp"
#include "ferrule/app/run_service.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/io/reactor_group.hpp"
#include "listening.hpp"

namespace ferrule {

/// Why a program cannot start that has thrown what is being caught, for the user.
std::string thrown_at_start();

/// Made and run on one thread; only `ask_to_drain` and `busy_with` may be called from others, while
/// it lives.
class worker {
 public:
  /// Prepares to serve at all sockets of `plan`, and to share connections with the other workers of
  /// the process, which can ask it through `group`. `error()` tells what went wrong.
  worker(const serve_settings& settings, service_factory& factory, listening_plan& plan,
         reactor_group& group, reactor_place place, std::uint64_t seed);
  ~worker();

  const std::string& error() const noexcept { return error_; }
  /// What other processes see of its listening goes, for it is not going to serve.
  void give_up() noexcept;
  std::string_view backend_name() const noexcept { return reactor_->io().name(); }
  /// Why it is not io_uring, or empty.
  const std::string& backend_reason() const noexcept { return backend_reason_; }

  reactor& loop() noexcept { return *reactor_; }
  /// Serves until drained.
  void run() {
    background_->begin();
    reactor_->run();
    group_.leave(*reactor_);
    reactor_->run_once(reactor_->now());  // what others had asked by then
  }
  /// Begins to end, from any thread, once.
  void ask_to_drain() noexcept { reactor_->post(drain_request_); }
  /// What keeps it from ending: "waits for 2 handlers that do not stop, one of them GET /slow".
  std::string busy_with() const;

 private:
  struct drain_request : posted {
    using posted::posted;
    worker* self = nullptr;
  };
  struct overdue_timer : timer {
    using timer::timer;
    worker* self = nullptr;
  };

  void make(const serve_settings& settings, service_factory& factory, listening_plan& plan,
            reactor_place place, std::uint64_t seed);
  std::string serve_at(served_socket& socket, http::server_budget& process,
                       const io::socket_options& options);
  void drain() noexcept;
  void part_drained() noexcept;
  void note_unfinished() noexcept;

  std::chrono::nanoseconds grace_;
  reactor_group& group_;
  std::string error_;
  std::string backend_reason_;
  std::unique_ptr<reactor> reactor_;
  std::unique_ptr<reactor_service> service_;
  std::optional<background_runner> background_;
  std::list<http::server> servers_;
  std::size_t parts_draining_ = 0;  // the servers, the background work
  drain_request drain_request_;
  overdue_timer overdue_;
  // For other threads.
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> handlers_left_{0};
  std::atomic<const std::string_view*> route_left_{nullptr};
  std::atomic<const background_work*> work_left_{nullptr};
};

}  // namespace ferrule
