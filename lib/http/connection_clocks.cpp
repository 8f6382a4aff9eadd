#include "connection_clocks.hpp"

#include <algorithm>
#include <utility>

namespace ferrule::http {
namespace {

mono_time stream_end(mono_time now, const server_limits& limits) noexcept {
  const std::chrono::nanoseconds allowed = limits.stream_idle_timeout;
  return allowed == std::chrono::nanoseconds(0) ? no_deadline : saturating_add(now, allowed);
}

}  // namespace

void engine_clocks::engine_waits(waiting_for waits, bool new_request, std::size_t received_bytes,
                                 mono_time now, const server_limits& limits) noexcept {
  const waiting_for before = waited_for_;
  if (waits == waiting_for::request || waits == waiting_for::rest_of_head) {
    // A head's time runs from its first byte, however many pieces it comes in, and empty lines
    // before it are no reason to wait longer.
    const bool goes_on = awaits_request() && !new_request;
    if (goes_on && (waits == before || waits == waiting_for::request)) return;
    waited_for_ = waits;
    restart_input(now, limits);
    return;
  }
  const auto left =
      new_request ? limits.body_timeout : left_for_body(received_bytes, now, limits);
  waited_for_ = waits;
  input_ = saturating_add(waits == waiting_for::body ? now : mono_time{}, left);
  if (waits == waiting_for::stream && before != waits && !is_sending_) {
    stream_ = stream_end(now, limits);
  }
}

/// Takes off what was waited for the body and adds what the new bytes earn. Time that passes while
/// the handler is the slow one costs nothing.
std::chrono::nanoseconds engine_clocks::left_for_body(std::size_t received_bytes, mono_time now,
                                                      const server_limits& limits) const noexcept {
  if (waited_for_ != waiting_for::body) return input_.time_since_epoch();
  const std::uint32_t rate_min = limits.body_bytes_per_second_min;
  if (rate_min == 0) return received_bytes != 0 ? limits.body_timeout : input_ - now;
  const std::chrono::nanoseconds earned = std::chrono::nanoseconds(std::chrono::seconds(1)) *
                                          static_cast<std::int64_t>(received_bytes) / rate_min;
  return std::min(input_ - now + earned, limits.body_timeout);
}

void engine_clocks::all_sent(mono_time now, const server_limits& limits) noexcept {
  is_sending_ = false;
  stream_ = stream_end(now, limits);
  if (awaits_request()) restart_input(now, limits);
}

void engine_clocks::stream_goes_on(mono_time now, const server_limits& limits) noexcept {
  stream_ = stream_end(now, limits);
}

/// A send is complete when the kernel has room, of which it tells in steps much larger than what a
/// slow client takes in its time: so what its own kernel acknowledged is what counts. As much as
/// is due in the time that was looked at gives as much time again, and less gives less.
bool send_clock::may_go_on(const io::send_progress& taken, mono_time now,
                           const server_limits& limits) noexcept {
  const auto now_taken = static_cast<std::uint32_t>(taken.acknowledged);
  const std::uint32_t before = std::exchange(taken_, now_taken);
  if (state_ == state::sending) {
    state_ = state::watched;
    at_ = saturating_add(now, limits.write_timeout - first_look(limits));
    return true;
  }
  const std::uint32_t bytes = taken_ - before;
  if (taken.acknowledged < 0 || bytes == 0) return false;
  const double earned = static_cast<double>(limits.write_timeout.count()) * bytes /
                        static_cast<double>(limits.output_bytes_max);
  const auto most = static_cast<double>(limits.write_timeout.count());
  at_ = saturating_add(now,
                       std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(earned, most))));
  return true;
}

void engine_clocks::restart_input(mono_time now, const server_limits& limits) noexcept {
  const bool is_idle = waited_for_ == waiting_for::request;
  input_ = saturating_add(now, is_idle ? limits.idle_timeout : limits.header_timeout);
}

}  // namespace ferrule::http
