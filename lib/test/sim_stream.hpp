#pragma once
/// @file
/// Simulated TCP: a connection is two ends and what is on the way between them. The rules are
/// Linux' as far as a program can see them.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "test/sim_network.hpp"

namespace ferrule::test::sim {

inline constexpr std::size_t default_buffer_bytes = 65536;  ///< send buffer, receive window: each
inline constexpr std::size_t buffer_bytes_min = 2304;       ///< Linux' SOCK_MIN_RCVBUF
inline constexpr std::size_t segment_bytes_max = 16384;     ///< as with segmentation offload

/// What a socket brings into a connection.
struct stream_options {
  std::size_t send_buffer_bytes = default_buffer_bytes;
  std::size_t receive_window_bytes = default_buffer_bytes;
  bool reset_on_close = false;  ///< SO_LINGER of 0 s
  bool asks = false;            ///< SO_KEEPALIVE, with the three times of it
  std::chrono::seconds ask_after{7200};
  std::chrono::seconds ask_interval{75};
  int asked_max = 9;
  std::chrono::milliseconds unacknowledged_max{0};  ///< TCP_USER_TIMEOUT; 0: the kernel's

  /// setsockopt of IPPROTO_TCP.
  std::int32_t set_tcp(int name, int value) noexcept;
};

/// One end of a connection.
struct stream_end {
  enum class phase : std::uint8_t { connecting, established, dead };

  socket_owner* owner = nullptr;  // null before it is accepted and after its program closed it
  io::handle handle = io::handle::none;
  host* at = nullptr;
  address local;
  stream_options options;
  phase state = phase::connecting;
  bool closed = false;  // by its program

  // Sending. The counts are of all bytes since the start, as TCP's sequence numbers are.
  byte_queue unsent;
  std::uint64_t written = 0;     // taken from the program
  std::uint64_t sent = 0;        // put on the way
  std::uint64_t acked = 0;       // known to have arrived
  std::uint64_t window_end = 0;  // how far the peer lets us send
  bool fin_wanted = false;
  bool fin_sent = false;
  bool timeout_planned = false;
  mono_time last_arrival{};  // what is sent later arrives no earlier

  // Receiving.
  byte_queue inbox;
  std::uint64_t received = 0;
  std::uint64_t consumed = 0;
  std::uint64_t window_told = 0;  // the window_end that the peer was last told
  bool fin_received = false;
  bool read_shut = false;

  std::int32_t error = 0;  // told once, to whoever asks first
};

/// A TCP connection. Events on the way share its ownership with the sockets at its ends.
class connection : public std::enable_shared_from_this<connection> {
 public:
  static constexpr unsigned client = 0;
  static constexpr unsigned server = 1;

  /// Bytes, 0 at the end of the stream, -errno, or nothing yet.
  using outcome = std::optional<std::int32_t>;

  /// `local` has a port taken from the host's; closing the client's end gives it back.
  connection(network& net, host& from, const address& local, const address& to);

  stream_end& end(unsigned side) noexcept { return ends_[side]; }
  /// Links an end to the socket that hears of its changes.
  void own(unsigned side, socket_owner& owner, io::handle handle) noexcept;
  const sim_link& link() const noexcept;
  /// The link settings of this connection alone.
  sim_link& own_link();

  // What a program does.

  void connect() { send_syn(0); }
  /// Takes what fits. Returns how many bytes, 0 when full, or -errno.
  std::int32_t write(unsigned side, std::span<const std::byte> bytes);
  outcome read(unsigned side, std::span<std::byte> into);
  outcome peek(unsigned side) const noexcept;  // what `read` would give
  void shutdown(unsigned side, bool reading, bool writing);
  void close(unsigned side);

  // Faults.

  void reset();
  void stall(mono_time::duration span);
  void lose();

 private:
  template <class F>
  void arrive(unsigned from, F happen);  // plans `happen` for when a packet of `from` arrives

  void send_syn(unsigned attempt);
  void on_syn(unsigned attempt, mono_time sent, bool refused);
  void retry_syn(unsigned attempt, mono_time sent);
  void on_established();
  void flush(unsigned side);
  void transmit(unsigned side, std::vector<std::byte> bytes, bool fin);
  void on_segment(unsigned side, std::span<const std::byte> bytes, bool fin);
  void send_ack(unsigned side);
  void on_ack(unsigned side, std::uint64_t acked, std::uint64_t window_end);
  void send_rst(unsigned from);
  void on_rst(unsigned side);
  void time_out(unsigned side);
  void die_after(unsigned side, mono_time::duration span);
  void die(unsigned side, std::int32_t error);
  static std::int32_t take_error(stream_end& e) noexcept;

  network& net_;
  std::uint32_t number_;
  address to_;
  stream_end ends_[2];
  std::unique_ptr<sim_link> own_link_;
  mono_time stalled_until_{};
  bool lost_ = false;
};

/// A socket's hold on one end of a connection.
struct stream {
  std::shared_ptr<connection> to;
  unsigned side = connection::client;

  explicit operator bool() const noexcept { return to != nullptr; }
  stream_end& end() const noexcept { return to->end(side); }
  stream_end& peer() const noexcept { return to->end(1 - side); }
};

/// A listening socket: who may connect, and who waits to be accepted.
class listener {
 public:
  listener(network& net, host& at, const address& local, const io::socket_options& options,
           socket_owner& owner, io::handle handle);
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  /// Whoever still waits gets RST, as when Linux closes a listener.
  ~listener();

  /// Somebody on `at` who listens for `to`, chosen by chance among those sharing the port; null
  /// when nobody does.
  static listener* find(network& net, const host& at, const address& to);
  /// Whether `local` can be listened on beside what listens already.
  static bool is_free(const host& at, const address& local, bool reuse_port) noexcept;

  const address& local() const noexcept { return local_; }
  /// Whether a SYN is dropped. Linux: the queue takes one more than asked.
  bool full() const noexcept { return stopped_ || waiting_.size() > backlog_; }
  /// From now on SYNs are dropped.
  void stop() noexcept { stopped_ = true; }
  stream_options accepted_options() const noexcept;
  void push(stream connected);
  const stream* front() const noexcept { return waiting_.empty() ? nullptr : &waiting_.front(); }
  stream pop();

 private:
  bool overlaps(const address& other) const noexcept;

  host& at_;
  address local_;
  io::socket_options options_;
  std::size_t backlog_;
  socket_owner& owner_;
  io::handle handle_;
  std::deque<stream> waiting_;
  bool stopped_ = false;
};

}  // namespace ferrule::test::sim
