#pragma once
/// @file
/// The seam between Ferrule and the world: sockets, files, clocks and blocking work all pass
/// through one `io::backend`, so that io_uring, epoll and a simulated network are interchangeable.
/// A virtual call costs about 2 ns.
///
/// ```cpp
/// struct reader : ferrule::io::operation {
///   reader() { done = [](operation& self, const ferrule::io::completion& c) noexcept {
///                static_cast<reader&>(self).bytes += c.bytes.size();
///              }; }
///   std::size_t bytes = 0;
/// };
/// void start(ferrule::io::backend& io, reader& r, ferrule::io::handle h) { io.recv_start(r, h); }
/// ```

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ferrule/core/clock.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule::io {

/// A file descriptor, or a virtual socket of the simulated network.
enum class handle : std::int32_t { none = -1 };

/// What one send may be given: what its result, and the kernel, can count.
inline constexpr std::size_t send_bytes_max = std::size_t{1} << 30U;

inline bool is_too_much_to_send(std::span<const iovec> parts) noexcept {
  std::size_t room = send_bytes_max;
  for (const iovec& part : parts) {
    if (part.iov_len > room) return true;
    room -= part.iov_len;
  }
  return false;
}

/// How an operation went, or went on.
struct completion {
  std::int32_t result;               ///< >= 0 as the operation says, or -errno
  bool more;                         ///< a multishot goes on; false is always the last call
  std::span<const std::byte> bytes;  ///< of recv_start: valid until `done` returns
};

/// One request to the backend, embedded in what waits for it. It must neither move nor die between
/// its start and its last `done`; inside its last `done` it may be started again or destroyed.
struct operation {
  using function = void (*)(operation&, const completion&) noexcept;

  operation() = default;
  explicit operation(function on_done) noexcept : done(on_done) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  bool pending() const noexcept { return state != 0; }

  function done = nullptr;
  // The backend's own.
  operation* next = nullptr;
  std::uint32_t slot = 0;
  std::uint16_t generation = 0;
  std::uint8_t kind = 0;
  std::uint8_t state = 0;  // 0: not started or done
};

/// How far that has come which was sent on a connection.
struct send_progress {
  std::int64_t acknowledged = 0;  ///< bytes that the peer's kernel has taken, in all; or -errno
  std::int64_t left = 0;          ///< and those that only this side's kernel has taken by now
};

/// How a listener and the connections it accepts behave.
struct socket_options {
  bool nodelay = true;  ///< TCP_NODELAY: answers leave at once
  int linger_s = -1;    ///< SO_LINGER in seconds; -1 leaves the kernel's default
  int backlog = 1024;   ///< connections the kernel queues before they are accepted
  std::uint32_t receive_buffer_bytes = 0;  ///< SO_RCVBUF; 0 leaves the kernel's default
  /// TCP_NOTSENT_LOWAT: what the kernel takes of a connection beyond what the peer's window lets it
  /// send. Without it a peer that hardly reads is lent megabytes of the kernel's memory, and looks
  /// like one that has taken its whole answer. 0 leaves the kernel's default.
  std::uint32_t unsent_bytes_max = 128U << 10U;
  bool reuse_port = false;  ///< SO_REUSEPORT: several reactors share one port
  /// With `reuse_port`: the first of those, which fails with -EADDRINUSE where anybody listens, be
  /// it another process of this user that shares its port.
  bool is_first_of_port = false;
  /// TCP keep-alive, so that a peer that vanished without a word, behind a firewall say, is found
  /// though nothing is sent to it: after `keepalive_idle_s` of silence it is asked whether it is
  /// there, every `keepalive_interval_s`, and with `keepalive_probes` unanswered the connection is
  /// lost (-ETIMEDOUT): in two minutes. 0 for any of them: it is not asked.
  std::uint32_t keepalive_idle_s = 60;
  std::uint32_t keepalive_interval_s = 15;
  std::uint32_t keepalive_probes = 4;
  /// TCP_USER_TIMEOUT, for a peer that vanished while something was on its way to it: what stays
  /// unacknowledged, or unsent before a closed window, for so long loses the connection
  /// (-ETIMEDOUT). Linux would try for a quarter of an hour. 0 leaves the kernel's default.
  std::uint32_t unacknowledged_s = 120;
  /// Who may connect to a Unix socket: the permissions of its file, whatever the umask, where
  /// writing is connecting. As it is: the process's user and group. Of all that is said above, only
  /// `backlog` and `linger_s` are for Unix sockets too.
  std::uint32_t file_mode = 0660;
};

/// One reactor's way to the world, made and used on that reactor's thread; only `wake` may be
/// called from another. Calls that answer at once return a handle or 0, or -errno. Operations
/// answer through `done`, never from inside the call that starts or cancels them. Destroying a
/// backend ends what is pending without calling `done`, and closes its sockets.
class backend {
 public:
  backend() = default;
  backend(const backend&) = delete;
  backend& operator=(const backend&) = delete;
  virtual ~backend() = default;

  /// "io_uring", "epoll" or "sim".
  virtual std::string_view name() const noexcept = 0;

  // Sockets are made here, so that the simulated network needs no kernel.

  /// A bound, listening TCP or Unix socket. Returns its handle or -errno (-EADDRINUSE: the port is
  /// taken, or somebody listens at the path). A Unix socket's file that is left of a process which
  /// is no more is replaced; any other file is not (-ENOTSOCK).
  virtual std::int32_t listen(const address& at, const socket_options& options) = 0;
  /// An unconnected socket, close-on-exec and non-blocking. `type` is SOCK_STREAM or SOCK_DGRAM.
  virtual std::int32_t open(int family, int type) = 0;
  /// Takes over a descriptor made elsewhere (LISTEN_FDS, a pipe). The simulated network: -ENOTSUP.
  virtual std::int32_t adopt(int fd) = 0;
  /// The opposite: gives up a socket on which nothing was started since it was accepted or opened,
  /// for the backend of another reactor to adopt. Returns its descriptor, or -EBUSY, -EBADF. The
  /// simulated network: -ENOTSUP.
  virtual std::int32_t release(handle socket) noexcept = 0;
  /// The local address, with the real port when 0 was asked for.
  virtual std::int32_t local(handle socket, address& out) = 0;
  virtual std::int32_t peer(handle socket, address& out) = 0;
  /// What has come to a connected stream that no `done` has told of yet, be it what a pending
  /// receive will tell next; takes nothing. 1 or more: bytes. 0: the peer sent FIN. -EAGAIN:
  /// nothing. Else -errno: the connection is broken, and who receives next may hear of it no more.
  virtual std::int32_t peek(handle socket) noexcept = 0;
  /// How much of what was sent the peer has taken, be it while a send is pending: which completes
  /// when the kernel has room, of which it tells late. Of a Unix socket Linux does not tell it.
  virtual send_progress progress(handle socket) noexcept = 0;
  /// setsockopt with an int. SO_LINGER takes its seconds: 0 makes a close reset the connection.
  virtual std::int32_t option(handle socket, int level, int name, int value) = 0;
  /// From now on no connection is begun at `listener`; those whose handshake is under way, and
  /// those that wait to be accepted, still come. The file of a Unix socket goes, unless another has
  /// taken its place. Best effort: 0 or -errno.
  virtual std::int32_t stop_listening(handle listener) = 0;
  /// A connection that waits at `listener`, as `accept_start` brings it, or -EAGAIN when none waits
  /// now, or another -errno.
  virtual std::int32_t accept_waiting(handle listener) = 0;
  /// shutdown(2): SHUT_WR is what sends FIN. Pending receives end with what follows from it.
  virtual void shutdown(handle socket, int how) noexcept = 0;

  // Operations. Each ends with exactly one last `done`.

  /// Ends what is pending on the socket (-ECANCELED), waits for it, then closes. result: 0.
  virtual void close(operation& op, handle socket) = 0;
  /// Closes at once, without a word, a socket on which nothing is pending. Needs no memory.
  virtual void drop(handle socket) noexcept = 0;
  /// Multishot: each `done` brings a new handle, close-on-exec and non-blocking. Passing errors
  /// (a connection aborted in the queue) stay inside; -EMFILE and the like end it. A connection
  /// for whose state there is no memory is closed, and told as -ENOMEM.
  virtual void accept_start(operation& op, handle listener) = 0;
  /// result: 0 or -errno (-ECONNREFUSED, -ETIMEDOUT …).
  virtual void connect(operation& op, handle socket, const address& to) = 0;
  /// Multishot into shared buffers: each `done` lends `bytes` until it returns. Ends with result 0
  /// (the peer sent FIN) or -errno. Running out of buffers and re-arming stay inside.
  virtual void recv_start(operation& op, handle socket) = 0;
  /// One shot into own memory, which must stay alive. result: bytes, 0 at FIN, or -errno. Not
  /// asking again is backpressure.
  virtual void recv(operation& op, handle socket, std::span<std::byte> into) = 0;
  /// Completes when all is taken or with -errno; result: bytes. `parts` and the memory they name
  /// must stay alive. One send at a time per socket. More than `send_bytes_max` at once: -EMSGSIZE.
  virtual void send(operation& op, handle socket, std::span<const iovec> parts) = 0;
  /// A datagram with its sender; `from` must stay alive.
  virtual void recv_from(operation& op, handle socket, std::span<std::byte> into,
                         address& from) = 0;
  /// `bytes` and `to` must stay alive. result: bytes.
  virtual void send_to(operation& op, handle socket, std::span<const std::byte> bytes,
                       const address& to) = 0;
  /// pread(2) and pwrite(2) without blocking the reactor.
  virtual void read_at(operation& op, handle file, std::span<std::byte> into,
                       std::uint64_t offset) = 0;
  virtual void write_at(operation& op, handle file, std::span<const std::byte> bytes,
                        std::uint64_t offset) = 0;
  /// fdatasync(2).
  virtual void sync(operation& op, handle file) = 0;
  /// One shot, level triggered, on a descriptor that belongs to another library. result: the poll
  /// events. Cancel it before the owner closes the descriptor. The simulated network: -ENOTSUP.
  virtual void poll(operation& op, int foreign_fd, short events) = 0;
  /// Runs `blocking(op)` on a worker thread; `done` follows on this one with result 0. The
  /// simulated network runs it inline after a virtual delay. Cannot be cancelled once it runs.
  /// Where no thread can be started, or without memory, it runs within this call and blocks it.
  virtual void offload(operation& op, void (*blocking)(operation&) noexcept) = 0;
  /// Whether `offload` runs work inline: then nobody may wait for a thread of his own either, for
  /// whose end the simulated clock would not wait.
  virtual bool runs_work_inline() const noexcept { return false; }
  /// Asks a pending operation to end early. `done` still comes exactly once more, with -ECANCELED
  /// or the real result, never from inside this call. Harmless when not pending.
  virtual void cancel(operation& op) noexcept = 0;

  // The loop.

  /// Submits what was started, sleeps until something completes, `until` passes or `wake` is
  /// called, and calls `done` for what completed. `mono_time::min()` polls, `no_deadline` sleeps
  /// without a timeout. A signal does not end it. Returns how many completions it delivered: 0
  /// before `until` when it was woken, or when what happened was the backend's own affair. One call
  /// may leave some of what there is to the next: a poll that returns 0 found nothing.
  virtual unsigned wait(mono_time until) = 0;
  /// The time, read once after each sleep; before a poll, so that one which finds nothing has seen
  /// all that came by then.
  virtual mono_time now() const noexcept = 0;
  virtual wall_time date() const noexcept = 0;
  /// Ends the current or next `wait` early. Any thread; async-signal-safe.
  virtual void wake() noexcept = 0;
};

/// Which backend to use.
enum class backend_kind : std::uint8_t { automatic, uring, epoll };

/// How a backend is made.
struct backend_options {
  backend_kind kind = backend_kind::automatic;
  std::uint32_t queue_entries = 1024;   ///< submission queue of io_uring; completions: 4 times
  std::uint32_t receive_buffers = 128;  ///< buffers shared by multishot receives; a power of 2
  std::uint32_t receive_buffer_bytes = 2048;  ///< size of each
};

/// A backend, or why there is none.
struct made_backend {
  std::unique_ptr<backend> io;  ///< null when the wanted kind is not available
  std::string why;  ///< why not io_uring ("io_uring: Operation not permitted"), else empty
};

/// Makes the backend for this thread by trying: with `automatic`, io_uring if the kernel grants
/// all that is needed of it (set-up, an operation, a buffer ring), else epoll. Call it on the
/// thread that will use it.
made_backend make_backend(const backend_options& options);

}  // namespace ferrule::io
