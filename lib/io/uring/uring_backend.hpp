#pragma once
/// @file
/// The backend on io_uring: whatever a batch of completions starts is submitted by the system call
/// that waits for the next batch.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/io/backend.hpp"
#include "io/offload_pool.hpp"
#include "io/socket_files.hpp"
#include "io/uring/buffer_ring.hpp"
#include "io/uring/handle_table.hpp"
#include "io/uring/ring.hpp"

namespace ferrule::io::uring {

/// An eventfd. It can be written to from anywhere, a signal handler included.
class event_descriptor {
 public:
  event_descriptor() = default;
  event_descriptor(const event_descriptor&) = delete;
  event_descriptor& operator=(const event_descriptor&) = delete;
  ~event_descriptor();

  std::int32_t set_up() noexcept;  // 0 or -errno
  void signal() noexcept;
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

/// See `backend`. A completion names its operation by address, together with how often the
/// operation had been started, so that a late cancellation cannot hit its next use.
/// Destroying it ends what is pending without a word, and closes what is open.
class uring_backend final : public backend {
 public:
  /// Tries whether the kernel grants all that is needed. Fails with -errno.
  static result<std::unique_ptr<backend>, std::int32_t> make(const backend_options& options);
  ~uring_backend() override;

  std::string_view name() const noexcept override { return "io_uring"; }

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
  void wake() noexcept override { wake_.signal(); }

 private:
  /// What an operation is, in `operation::kind`.
  enum class kind : std::uint8_t {
    one_shot,
    accept,
    stream,
    send,
    datagram,
    close,
    offload,
    failed
  };
  /// What `operation::state` says.
  enum state : std::uint8_t { idle, pending, cancelling };
  /// In `operation::slot` of what is pending on no handle, where others have their descriptor.
  static constexpr std::uint32_t no_handle = std::numeric_limits<std::uint32_t>::max();

  /// What a submission refers to until it was submitted; one a place in the queue.
  struct submission_memory {
    msghdr message;
    iovec part;
    union {
      sockaddr_in v4;
      sockaddr_in6 v6;
    } to;
  };
  /// What a receive with an address refers to until it completes; the kernel writes here. It hangs
  /// on its operation's `next`, or in the list of free ones.
  struct datagram : operation {
    address* from = nullptr;
    msghdr message{};
    iovec part{};
    sockaddr_in6 sender{};
  };

  uring_backend() : offloaded_(*this) {}
  std::int32_t set_up(const backend_options& options);
  void read_clocks() noexcept;
  void sleep(mono_time until) noexcept;

  std::int32_t own(std::int32_t fd, bool is_socket) noexcept;
  io_uring_sqe& next_submission() noexcept;
  handle_state* begin(operation& op, handle of, kind what) noexcept;
  void begin_detached(operation& op, kind what) noexcept;
  void fail(operation& op, std::int32_t result) noexcept;
  void submit(io_uring_sqe& sqe, operation& op) noexcept;
  void submit_accept(operation& op) noexcept;
  void submit_stream(operation& op) noexcept;
  void submit_send(operation& op, handle_state& of) noexcept;
  void submit_close(std::uint32_t fd) noexcept;
  void submit_wake_read() noexcept;
  datagram& take_datagram();
  void give_back(datagram& d) noexcept;

  unsigned deal_with_completions() noexcept;
  bool ending(const operation& op) noexcept;
  void completed(std::uint64_t user_data, std::int32_t result, std::uint32_t flags) noexcept;
  void accepted(operation& op, std::int32_t result, bool more) noexcept;
  void received(operation& op, std::int32_t result, std::uint32_t flags) noexcept;
  void sent(operation& op, std::int32_t result) noexcept;
  void datagram_received(operation& op, std::int32_t result) noexcept;
  void lend(operation& op, std::int32_t result, std::span<const std::byte> bytes) noexcept;
  void finish(operation& op, std::int32_t result) noexcept;
  void finish_failed() noexcept;
  void finish_offloaded() noexcept;

  kernel::socket_files files_;
  event_descriptor wake_;
  std::uint64_t wake_count_ = 0;  // read from it
  buffer_ring buffers_;
  ring ring_;  // after the memory it refers to, so that it goes first
  handle_table handles_;
  std::unique_ptr<submission_memory[]> submission_memory_;
  std::vector<std::unique_ptr<datagram>> datagrams_;
  operation* free_datagrams_ = nullptr;
  operation* first_failed_ = nullptr;
  operation* last_failed_ = nullptr;
  std::uint64_t in_flight_ = 0;  // submissions whose last completion is to come
  unsigned delivered_ = 0;       // by the present `wait`
  mono_time now_{};
  wall_time date_{};
  offload_pool offloaded_;  // last, because its threads use the rest
};

}  // namespace ferrule::io::uring
