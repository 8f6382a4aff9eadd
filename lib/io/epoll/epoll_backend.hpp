#pragma once
/// @file
/// The backend for kernels, or containers, that grant no io_uring.

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/io/backend.hpp"
#include "io/epoll/socket_table.hpp"
#include "io/offload_pool.hpp"
#include "io/socket_files.hpp"

namespace ferrule::io {

namespace epoll {

struct file_job;

/// A file descriptor that is closed with its owner.
class owned_fd {
 public:
  explicit owned_fd(int fd) noexcept : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  owned_fd& operator=(owned_fd&&) = delete;
  ~owned_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// The operations that have ended but were not told yet, first in, first out.
class completed_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(operation& op) noexcept {
    op.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &op;
    last_ = &op;
  }
  /// All of them, linked by `next`.
  operation* take() noexcept { return std::exchange(first_, nullptr); }

 private:
  operation* first_ = nullptr;
  operation* last_ = nullptr;
};

}  // namespace epoll

/// `backend` on epoll(7). Each descriptor is registered once, edge triggered, when an operation
/// first has to wait for it. Of one descriptor, one operation at a time waits to read (accept,
/// recv) and one to write (connect, send); one more ends with -EBUSY.
class epoll_backend final : public backend {
 public:
  epoll_backend(const backend_options& options, epoll::owned_fd set, epoll::owned_fd wake_event);
  ~epoll_backend() override;

  std::string_view name() const noexcept override { return "epoll"; }

  std::int32_t listen(const address& at, const socket_options& options) override;
  std::int32_t open(int family, int type) override;
  std::int32_t adopt(int fd) override;
  std::int32_t release(handle socket) noexcept override;
  std::int32_t local(handle socket, address& out) override;
  std::int32_t peer(handle socket, address& out) override;
  std::int32_t peek(handle socket) noexcept override;
  send_progress progress(handle socket) noexcept override;
  std::int32_t option(handle socket, int level, int name, int value) override;
  std::int32_t stop_listening(handle listener) override;
  std::int32_t accept_waiting(handle listener) override;
  void shutdown(handle socket, int how) noexcept override;

  void close(operation& op, handle socket) override;
  void drop(handle socket) noexcept override;
  void accept_start(operation& op, handle listener) override;
  void connect(operation& op, handle socket, const address& to) override;
  void recv_start(operation& op, handle socket) override;
  void recv(operation& op, handle socket, std::span<std::byte> into) override;
  void send(operation& op, handle socket, std::span<const iovec> parts) override;
  void recv_from(operation& op, handle socket, std::span<std::byte> into, address& from) override;
  void send_to(operation& op, handle socket, std::span<const std::byte> bytes,
               const address& to) override;
  void read_at(operation& op, handle file, std::span<std::byte> into,
               std::uint64_t offset) override;
  void write_at(operation& op, handle file, std::span<const std::byte> bytes,
                std::uint64_t offset) override;
  void sync(operation& op, handle file) override;
  void poll(operation& op, int foreign_fd, short events) override;
  void offload(operation& op, void (*blocking)(operation&) noexcept) override;
  void cancel(operation& op) noexcept override;

  unsigned wait(mono_time until) override;
  mono_time now() const noexcept override { return now_; }
  wall_time date() const noexcept override { return date_; }
  void wake() noexcept override;

 private:
  using record = epoll::socket_record;
  enum class kind : std::uint8_t {
    nothing,
    accept_start,
    connect,
    recv_start,
    recv,
    recv_from,
    send,  // and send_to
    poll,
    close,
    offload,
    file,      // a user's file operation
    file_job,  // the backend's own, on its behalf
  };
  /// Where an operation is; what `operation::slot` and `next` mean follows from it.
  enum class phase : std::uint8_t {
    idle,
    waiting,    // in the record of the descriptor `slot`
    completed,  // in the list of those, with the result `slot`; of a close, the descriptor
    working,    // with the workers; of a file operation, `next` is its job
  };

  // The loop (epoll_backend.cpp).
  int sleep(mono_time until) noexcept;
  int await_events(mono_time until) noexcept;
  void read_clocks() noexcept;
  void handle_event(const epoll_event& event) noexcept;
  void go_on_with_queued() noexcept;
  void take_offloaded() noexcept;
  void tell_completed() noexcept;
  void tell(operation& op, const completion& how) noexcept;

  // Starting and ending operations (operations.cpp).
  std::int32_t keep(std::int32_t fd, epoll::medium type) noexcept;
  record* begin(operation& op, handle any, kind what);
  record* begin_in(operation& op, handle any, kind what);
  record* begin_out(operation& op, handle any, kind what);
  void await_readable(record& socket) noexcept;
  void await_writable(record& socket) noexcept;
  bool arm(record& socket) noexcept;
  void remove(record& socket) noexcept;
  void complete(operation& op, std::int32_t result) noexcept;
  void complete_in(record& socket, std::int32_t result) noexcept;
  void complete_out(record& socket, std::int32_t result) noexcept;

  // Going on with them (progress.cpp).
  void go_on(record& socket) noexcept;
  void enqueue(record& socket) noexcept;
  void step_in(record& socket) noexcept;
  void step_out(record& socket) noexcept;
  void step_accept(record& listener) noexcept;
  void step_recv_start(record& socket) noexcept;
  void step_recv(record& socket) noexcept;
  void step_recv_from(record& socket) noexcept;
  void step_connect(record& socket) noexcept;
  void step_send(record& socket) noexcept;
  void fail_in(record& socket) noexcept;
  void end_in(record& socket, std::int32_t result) noexcept;

  // Files, by the worker threads (files.cpp).
  void start_file_job(operation& op, handle file, offload_pool::function work,
                      std::span<std::byte> data, std::uint64_t offset);
  void finish_file_job(epoll::file_job& job) noexcept;
  void withdraw_file_job(epoll::file_job& job) noexcept;
  void withdraw_file_jobs(const record& file) noexcept;

  kernel::socket_files files_;
  epoll::owned_fd set_;
  epoll::owned_fd wake_event_;
  bool has_pwait2_ = true;  // until the kernel or a seccomp filter denies it
  unsigned told_ = 0;       // completions delivered by this `wait`
  mono_time now_;
  wall_time date_;
  std::array<epoll_event, 256> events_;
  epoll::socket_table sockets_;
  record* queued_ = nullptr;       // records with work left, in no order
  record* in_progress_ = nullptr;  // the record that `go_on` is at
  epoll::completed_list completed_;
  const std::size_t buffer_bytes_;
  std::unique_ptr<std::byte[]> buffer_;  // lent by `recv_start`
  std::vector<std::unique_ptr<epoll::file_job>> file_jobs_;
  offload_pool pool_{*this};  // last: its threads use what is above until they are joined
};

/// The backend, or null with `errno` set when the process has no descriptors left for it. Of
/// `options` it takes the receive buffers: one buffer as large as all of them, 16 KiB at most,
/// serves every socket in turn.
std::unique_ptr<backend> make_epoll_backend(const backend_options& options);

}  // namespace ferrule::io
