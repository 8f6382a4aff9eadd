#pragma once
// The load of one thread: its connections, and the rule by which they are given requests. It is
// passive: whoever runs the reactor calls `advance` after each batch, no later than `due` says.

#include <deque>
#include <optional>
#include <vector>

#include "load/connection.hpp"
#include "load/schedule.hpp"

namespace ferrule::load {

/// What one thread does.
struct drive_settings {
  connection_settings connection;
  const request_set* requests = nullptr;
  unsigned connections = 1;
  /// How many addresses of 127.0.0.0/8 to come from; 0 leaves it to the kernel. A pair of
  /// addresses has some 28,000 ports between them.
  unsigned source_addresses = 0;
};

/// Drives a share of the load. In an open loop requests are due by a schedule, whatever becomes of
/// those before them, and one that finds no connection free waits for one; in a closed loop each
/// place on a connection sends its next request when it got its answer.
/// Thread rule: the reactor's thread. It must be finished before it is destroyed.
class driver final : connection::owner {
 public:
  driver(reactor& loop, const drive_settings& settings, recorder& into);

  /// Opens all connections, some at a time.
  void connect();
  /// Whether every connection is open, or has failed once.
  bool has_connected() const noexcept;
  /// The errno if none could be opened, else 0.
  int connect_error() const noexcept;

  /// From `begin` on requests are due by the schedule, whose arrivals count from there; without
  /// one, a closed loop until `end`.
  void start(mono_time begin, mono_time end, std::optional<schedule> arrivals);
  /// Sends what is due. `now` may be later than the reactor's: the later, the more honest.
  void advance(mono_time now);
  /// When `advance` has to be called next.
  mono_time due() const noexcept;
  /// Breaks the run off: what is due is unsent, and what is under way unfinished.
  void stop(mono_time now);
  /// All is answered or failed, and every connection closed.
  bool is_finished() const noexcept;

 private:
  enum class phase : std::uint8_t { connecting, running, draining, closing };
  static constexpr unsigned connects_max = 128;  // at a time; a server's backlog is finite
  static constexpr nanoseconds retry_after = std::chrono::milliseconds(100);

  void connected(connection& c) override;
  void connect_failed(connection& c, int error) override;
  void received(std::size_t bytes) override;
  void answered(connection& c, const pending_request& request, const answer& got) override;
  void failed(connection& c, const pending_request& request, failure_kind why) override;
  void closed(connection& c) override;

  void open_next();
  void offer(connection& c);
  connection* first_free();
  void send(connection& c, mono_time scheduled, mono_time now);
  void send_closed_loop(mono_time now);
  void send_open_loop(mono_time now);
  void close_all(failure_kind why);

  reactor& loop_;
  drive_settings settings_;
  recorder& recorder_;
  std::deque<connection> connections_;  // they do not move
  std::vector<connection*> free_;       // a ring, the longest free first
  std::size_t first_free_ = 0;
  std::size_t free_count_ = 0;
  std::vector<connection*> to_flush_;
  std::size_t opened_ = 0;   // how many were told to connect
  std::size_t settled_ = 0;  // of those, how many did or failed once
  int last_error_ = 0;
  bool any_connected_ = false;
  std::uint64_t under_way_ = 0;

  phase phase_ = phase::connecting;
  mono_time begin_{};
  mono_time end_{};
  std::optional<schedule> arrivals_;
};

}  // namespace ferrule::load
