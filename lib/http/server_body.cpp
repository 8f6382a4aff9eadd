// How the bodies of requests arrive: collected whole, handed on in parts, or dropped. Where a body
// begins is in server_engine.cpp.
#include <algorithm>
#include <utility>

#include "ferrule/http/server_engine.hpp"
#include "kept_exchange.hpp"

namespace ferrule::http {

std::size_t server_engine::take_body(std::string_view bytes) {
  if (body_.complete()) {
    collected();
    return 0;
  }
  const body_reader::part part = next_of_body(bytes);
  if (part.status != 0) {
    refuse(part.status, part.reason, &kept_->ex);
    return bytes.size();
  }
  kept_->body.append(part.data);
  if (context_.large_kib(kept_->body) != 0) {
    settle_held();
    if (context_.is_full(0)) {
      refuse(503, too_much_held, &kept_->ex);
      return bytes.size();
    }
  }
  if (body_.complete()) collected();
  return part.consumed;
}

void server_engine::collected() {
  kept_->ex.asked().body = kept_->body.view();
  phase_ = phase::handle;
  start_pending_ = true;
}

std::size_t server_engine::drop_body(std::string_view bytes) {
  if (bytes.empty() && end_of_input_) phase_ = phase::ended;
  const body_reader::part part = next_of_body(bytes);
  if (part.status != 0) {
    phase_ = phase::ended;  // it was answered, and where the next request begins is not known
    return bytes.size();
  }
  if (body_.complete()) phase_ = phase::head;
  return part.consumed;
}

body_reader::part server_engine::next_of_body(std::string_view bytes) noexcept {
  const body_reader::part part = body_.next(bytes);
  context_.counters.bytes_scanned += part.consumed;
  return part;
}

void server_engine::feed_reader() {
  if (phase_ != phase::handle || !kept_->ex.reader_waits()) return;
  kept_->ex.feed_reader();
}

std::optional<std::string_view> server_engine::read(exchange& ex) {
  if (body_.complete()) return std::string_view{};
  if (phase_ != phase::handle) return std::nullopt;
  if (owes_continue_ && !ex.answered()) send_continue();
  buffer& reading = kept_->reading;
  for (;;) {
    if (kept_->reading_begin == reading.size()) {
      if (in_.size() == in_begin_) {
        if (end_of_input_) {
          lose_body();
          return std::nullopt;
        }
        begin_body_wait();
        return std::nullopt;
      }
      reading.clear();
      std::swap(reading, in_);
      kept_->reading_begin = std::exchange(in_begin_, 0U);
    }
    const body_reader::part part = next_of_body(reading.view().substr(kept_->reading_begin));
    if (part.status != 0) {
      refuse(part.status, part.reason, &kept_->ex);
      ex.engine_parts().stop.request_stop();
      return std::nullopt;
    }
    kept_->reading_begin += part.consumed;
    if (!part.data.empty() || body_.complete()) {
      end_body_wait();
      tell_owner();  // there is room for more input
      return part.data;
    }
  }
}

void server_engine::read_abandoned(exchange&) noexcept {
  end_body_wait();
  tell_owner();
}

/// From now on the client is the slow one.
void server_engine::begin_body_wait() noexcept {
  if (body_wanted_) return;
  body_wanted_ = true;
  kept_->ex.waited_for_body().begin(context_.loop().now());
  tell_owner();
}

/// From now on it is the handler, which has as much time left as when it began to wait.
void server_engine::end_body_wait() noexcept {
  if (!std::exchange(body_wanted_, false)) return;
  mono_time& deadline = kept_->ex.engine_parts().env.deadline;
  const auto waited = kept_->ex.waited_for_body().end(context_.loop().now());
  deadline = std::min(saturating_add(deadline, waited), kept_->caller_deadline);
}

/// Whether there is input that the handler has not read.
bool server_engine::has_unread() const noexcept {
  return kept_->reading_begin != kept_->reading.size() || in_begin_ != in_.size();
}

/// The client ended in the middle of the body that a handler streams.
void server_engine::lose_body() noexcept {
  if (streaming_) cut_answer();
  phase_ = phase::ended;
  kept_->ex.engine_parts().stop.request_stop(stop_reason::disconnect);
}

}  // namespace ferrule::http
