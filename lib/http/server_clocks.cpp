// How long an engine waits, and for what. The rules are in connection_clocks.hpp.
#include <algorithm>
#include <utility>

#include "http/server_engine.hpp"

namespace ferrule::http {

waiting_for server_engine::waits() const noexcept {
  switch (phase_) {
    case phase::head:
      return in_.empty() ? waiting_for::request : waiting_for::rest_of_head;
    case phase::collect:
    case phase::drop_body:
      return waiting_for::body;
    case phase::handle:
      if (life_->waits_for_body() && !upgraded_) return waiting_for::body;
      return life_->goes_on_after_head() ? waiting_for::stream : waiting_for::handler;
    case phase::switched:
    case phase::ended:
      break;
  }
  return busy() ? waiting_for::handler : waiting_for::nothing;
}

/// Tells the clocks what happened since they were looked at.
void server_engine::settle_clocks() noexcept {
  const mono_time now = context_.loop().now();
  const std::uint32_t received = std::exchange(received_bytes_, 0U);
  clocks_.engine_waits(waits(), std::exchange(took_request_, false), received, now,
                       context_.limits);
  if (upgraded_ && received != 0) clocks_.stream_goes_on(now, context_.limits);
  if (all_sent_) clocks_.all_sent(now, context_.limits);
  all_sent_ = false;
}

mono_time server_engine::deadline() noexcept {
  settle_clocks();
  const mono_time handler = phase_ == phase::handle ? life_->deadline() : no_deadline;
  return std::min({input_deadline(), clocks_.stream_deadline(), handler});
}

mono_time server_engine::input_deadline() const noexcept {
  const mono_time by = clocks_.input_deadline();
  if (!clocks_.is_idle()) return by;
  return std::min(by, context_.idle_end(clocks_.idle_since(context_.limits)));
}

void server_engine::on_deadline() noexcept {
  const mono_time now = context_.loop().now();
  const bool is_stream_late = clocks_.stream_deadline() <= now;  // it neither wrote nor ended
  if (!is_stream_late && input_deadline() <= now) return time_out();
  if (life_ != nullptr && (is_stream_late || life_->deadline() <= now)) stop_late_handler();
}

}  // namespace ferrule::http
