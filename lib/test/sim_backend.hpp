#pragma once
/// @file
/// `io::backend` on a simulated network: one of a host's threads with its sockets.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/io/backend.hpp"
#include "test/sim_datagram.hpp"
#include "test/sim_network.hpp"
#include "test/sim_stream.hpp"

namespace ferrule::test::sim {

class backend final : public io::backend, public socket_owner {
 public:
  backend(network& net, host& at) noexcept : net_(net), host_(at) {}
  /// As the end of a process: its sockets are closed, its operations forgotten.
  ~backend() override;

  std::string_view name() const noexcept override { return "sim"; }

  std::int32_t listen(const address& at, const io::socket_options& options) override;
  std::int32_t open(int family, int type) override;
  std::int32_t adopt(int fd) override;
  std::int32_t release(io::handle) noexcept override { return -ENOTSUP; }
  std::int32_t local(io::handle socket, address& out) override;
  std::int32_t peer(io::handle socket, address& out) override;
  std::int32_t peek(io::handle socket) noexcept override;
  io::send_progress progress(io::handle socket) noexcept override;
  std::int32_t option(io::handle socket, int level, int name, int value) override;
  std::int32_t stop_listening(io::handle listener) override;
  std::int32_t accept_waiting(io::handle listener) override;
  void shutdown(io::handle socket, int how) noexcept override;

  void close(io::operation& op, io::handle socket) override;
  void drop(io::handle socket) noexcept override;
  void accept_start(io::operation& op, io::handle listener) override;
  void connect(io::operation& op, io::handle socket, const address& to) override;
  void recv_start(io::operation& op, io::handle socket) override;
  void recv(io::operation& op, io::handle socket, std::span<std::byte> into) override;
  void send(io::operation& op, io::handle socket, std::span<const iovec> parts) override;
  void recv_from(io::operation& op, io::handle socket, std::span<std::byte> into,
                 address& from) override;
  void send_to(io::operation& op, io::handle socket, std::span<const std::byte> bytes,
               const address& to) override;
  void read_at(io::operation& op, io::handle file, std::span<std::byte> into,
               std::uint64_t offset) override;
  void write_at(io::operation& op, io::handle file, std::span<const std::byte> bytes,
                std::uint64_t offset) override;
  void sync(io::operation& op, io::handle file) override;
  void poll(io::operation& op, int foreign_fd, short events) override;
  void offload(io::operation& op, void (*blocking)(io::operation&) noexcept) override;
  bool runs_work_inline() const noexcept override { return true; }
  void cancel(io::operation& op) noexcept override;

  unsigned wait(mono_time until) override;
  mono_time now() const noexcept override { return net_.now(); }
  wall_time date() const noexcept override { return net_.date(); }
  void wake() noexcept override;

  /// Whether `wait` would return at once.
  bool has_work() const noexcept { return !completions_.empty() || woken_.load() != 0; }
  /// The connection behind a handle of this backend; ends the process when there is none.
  stream connection_of(io::handle socket);

 private:
  struct socket {
    int family = AF_INET;
    int type = SOCK_STREAM;
    stream_options options;
    std::unique_ptr<listener> listening;
    stream connected;
    std::unique_ptr<datagram_port> datagrams;
    // What is pending, null where nothing is.
    io::operation* accepting = nullptr;
    io::operation* connecting = nullptr;
    io::operation* receiving = nullptr;
    io::operation* sending = nullptr;
    // What the pending receive and send work on.
    std::span<std::byte> into;
    address* from = nullptr;
    std::span<const iovec> parts;
    std::size_t part = 0;    // the first that is not taken yet
    std::size_t offset = 0;  // taken of it
    std::size_t taken = 0;   // of all
  };
  /// What `wait` has to do: tell the end of an operation, or let a multishot one look again.
  struct due {
    io::operation* op;
    std::optional<std::int32_t> result;
  };
  enum class kind : std::uint8_t { accept, connect, recv_start, recv, send, recv_from, other };

  void on_connected(io::handle handle, std::int32_t result) override;
  void on_readable(io::handle handle) override;
  void on_writable(io::handle handle) override;

  socket* find(io::handle handle) noexcept;
  static io::operation*& place_of(socket& s, kind what) noexcept;
  io::handle add(socket added);
  io::handle take_waiting(socket& listener);
  std::int32_t bind_stream(io::handle handle, socket& s, const address& to);
  std::int32_t bind_datagrams(io::handle handle, socket& s);
  void end_all(socket& s, std::int32_t result);

  void begin(io::operation& op, kind what, io::handle handle = io::handle::none);
  socket* begin_on_socket(io::operation& op, kind what, io::handle handle);
  void finish(io::operation& op, std::int32_t result);
  void finish_at(io::operation*& place, std::int32_t result);
  void look_again(io::operation* op);
  void try_recv(socket& s);
  void try_recv_from(socket& s);
  void try_send(socket& s);

  unsigned deliver();
  void end(io::operation& op, std::int32_t result);
  unsigned deliver_accepts(io::operation& op, socket& s);
  unsigned deliver_bytes(io::operation& op, socket& s);

  network& net_;
  host& host_;
  std::map<std::int32_t, socket> sockets_;
  std::deque<due> completions_;
  std::vector<std::byte> lent_ = std::vector<std::byte>(io::backend_options{}.receive_buffer_bytes);
  std::shared_ptr<backend*> self_ = std::make_shared<backend*>(this);  // null once this is gone
  std::atomic<std::uint32_t> woken_{0};
};

}  // namespace ferrule::test::sim
