#pragma once
// What became of every request of one thread. Nothing is dropped: whatever was due is counted as
// answered as expected, as failed in a certain way, or as unsent.

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "ferrule/core/clock.hpp"
#include "load/histogram.hpp"

namespace ferrule::load {

/// How a request can fail.
enum class failure_kind : std::uint8_t {
  unexpected_status,
  unexpected_body,
  malformed,   ///< what came back is not HTTP
  timeout,     ///< sent, and no response in time
  closed,      ///< the connection ended before the answer did
  refused,     ///< no connection could be made for it (only without keep-alive)
  unsent,      ///< no connection became free in time
  unfinished,  ///< under way when the run was broken off
};
inline constexpr std::size_t failure_kinds = 8;
std::string_view to_string(failure_kind kind) noexcept;

/// The times of one request.
struct request_times {
  mono_time scheduled;  ///< when it was due; in a closed loop when it was sent
  mono_time sent;
};

/// Counts that are worth a look while the run goes on.
struct tally {
  std::uint64_t due = 0;  ///< requests whose time had come
  std::uint64_t ok = 0;
  std::array<std::uint64_t, failure_kinds> failures{};

  std::uint64_t failed() const noexcept;
  std::uint64_t of(failure_kind kind) const noexcept {
    return failures[static_cast<std::size_t>(kind)];
  }
  void merge(const tally& other) noexcept;
};

/// The requests of one name.
struct route_record {
  histogram response;  ///< due to done
  histogram service;   ///< sent to done
  tally counts;
  std::map<int, std::uint64_t> statuses;

  void merge(const route_record& other);
};

/// What happened in a part of the run.
struct interval_record {
  static constexpr unsigned bits = 8;

  histogram response{bits};     ///< of the requests that were due in it
  std::uint64_t completed = 0;  ///< answers as expected that came in it
  std::uint64_t failed = 0;     ///< failures of the requests that were due in it

  void merge(const interval_record& other);
};

/// The part of a run that counts, cut into intervals.
struct measured_window {
  static constexpr std::size_t intervals = 40;

  mono_time begin;
  mono_time end;

  bool contains(mono_time at) const noexcept { return at >= begin && at < end; }
  /// For a time within the window.
  std::size_t interval_of(mono_time at) const noexcept {
    return static_cast<std::size_t>((at - begin).count()) * intervals /
           static_cast<std::size_t>((end - begin).count());
  }
};

/// The books of one thread. What was due outside the window is not counted.
/// Thread rule: one thread; merge when the others have ended.
class recorder {
 public:
  explicit recorder(std::size_t routes) : routes_(routes), intervals_(measured_window::intervals) {}

  /// Before the first request.
  void set_window(const measured_window& window) noexcept { window_ = window; }
  const measured_window& window() const noexcept { return window_; }

  /// A request went out; `lag` is how much later than it could have, by the tool's own fault.
  void sent(const request_times& times, nanoseconds lag);
  void answered(std::size_t route, const request_times& times, mono_time now, int status);
  /// Bytes of answers came in.
  void received(mono_time now, std::size_t bytes) noexcept {
    if (window_.contains(now)) bytes_received += bytes;
  }
  /// An answer came and is none that was expected.
  void unexpected(std::size_t route, const request_times& times, mono_time now, int status,
                  failure_kind why);
  /// There was no answer. A timeout's wait so far is counted as its response time, which makes the
  /// percentiles too small rather than blind.
  void failed(std::size_t route, const request_times& times, mono_time now, failure_kind why);
  /// A request that was due was never sent; `waited` is what it has waited at least.
  void unsent(mono_time scheduled, nanoseconds waited);

  /// Adds another thread's books of the same window.
  void merge(const recorder& other);

  const std::vector<route_record>& routes() const noexcept { return routes_; }
  /// All routes in one, and what was never sent.
  route_record total() const;
  const std::vector<interval_record>& intervals() const noexcept { return intervals_; }
  const histogram& lag() const noexcept { return lag_; }
  const tally& counts() const noexcept { return counts_; }

  std::uint64_t connections_made = 0;
  std::map<int, std::uint64_t> connect_errors;  ///< by errno
  std::uint64_t bytes_received = 0;             ///< within the window

 private:
  void note(std::size_t route, const request_times& times, mono_time now);
  void note_failure(tally& in, failure_kind why, mono_time scheduled);

  measured_window window_{};
  std::vector<route_record> routes_;
  std::vector<interval_record> intervals_;
  histogram unsent_;  // how long they had waited
  histogram lag_;
  tally counts_;
};

}  // namespace ferrule::load
