// How the bodies of requests arrive: collected whole, handed on in parts, or dropped. Where a body
// begins is in server_engine.cpp.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "http/server_engine.hpp"
#include "http/trailers.hpp"

namespace ferrule::http {
namespace {

/// Makes fields of the lines behind a body, in memory that lasts as long as `ex`.
std::span<const header_field> take_trailers(buffer& lines, exchange& ex) {
  lines.append("\r\n");
  const std::uint16_t count = count_trailers(lines.view());
  auto* const storage = reinterpret_cast<header_field*>(ex.keep(count * sizeof(header_field)));
  std::uninitialized_default_construct_n(storage, count);
  return parse_trailers(lines.view(), {storage, count});
}

}  // namespace

std::size_t server_engine::take_body(std::string_view bytes) {
  if (body_.complete()) {
    collected();
    return 0;
  }
  const body_reader::part part = next_of_body(bytes);
  if (part.status != 0) {
    refuse(part.status, part.reason, life_);
    return bytes.size();
  }
  make_room_for_body(part.data.size());
  life_->body.append(part.data);
  if (context_.large_kib(life_->body) != 0) {
    settle_held();
    if (context_.is_full(0)) {
      refuse(503, too_much_held, life_);
      return bytes.size();
    }
  }
  if (body_.complete()) collected();
  return part.consumed;
}

/// A large one that is announced grows fourfold, and not beyond itself: by doubling it would touch
/// twice as many pages as it has, which the heap then gives back to the kernel and asks for once
/// more. They cost more than what is received into them.
void server_engine::make_room_for_body(std::size_t bytes) {
  const std::uint64_t now = life_->body.size() + bytes;
  if (now <= life_->body.capacity() || body_.left() == 0) return;
  if (now <= server_context::small_bytes_max) return;
  buffer larger(static_cast<std::size_t>(std::min(4 * now, now + body_.left())));
  larger.append(life_->body.view());
  life_->body = std::move(larger);
}

void server_engine::collected() {
  if (watch_ != nullptr) watch_->body_collected();
  life_->asked().body = life_->body.view();
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

body_reader::part server_engine::next_of_body(std::string_view bytes) {
  const body_reader::part part = body_.next(bytes);
  context_.counters.bytes_scanned += part.consumed;
  if (watch_ != nullptr) watch_->received(part.consumed);
  if (part.trailers.empty() || life_ == nullptr) return part;
  try {
    life_->trailer_lines.append(part.trailers);
    return part;
  } catch (const std::bad_alloc&) {  // they are read already, and cannot be read once more
    ++context_.counters.out_of_memory;
    return {.status = 503, .reason = "no memory for the trailers"};
  }
}

void server_engine::feed_reader() {
  if (phase_ != phase::handle || !life_->reader_waits()) return;
  life_->feed_reader();
}

std::optional<std::string_view> server_engine::read(exchange& ex) {
  if (body_.complete()) return std::string_view{};
  if (phase_ != phase::handle) return std::nullopt;
  if (owes_continue_ && !ex.answered()) send_continue();
  buffer& reading = life_->reading;
  for (;;) {
    if (life_->reading_begin == reading.size()) {
      if (in_.size() == in_begin_) {
        if (end_of_input_ && upgraded_) {
          body_ = {};
          return std::string_view{};
        }
        if (end_of_input_) {
          lose_body();
          return std::nullopt;
        }
        begin_body_wait();
        return std::nullopt;
      }
      reading.clear();
      std::swap(reading, in_);
      life_->reading_begin = std::exchange(in_begin_, 0U);
    }
    const body_reader::part part = next_of_body(reading.view().substr(life_->reading_begin));
    if (part.status != 0) {
      refuse(part.status, part.reason, life_);
      ex.engine_parts().stop.request_stop();
      return std::nullopt;
    }
    life_->reading_begin += part.consumed;
    if (!part.data.empty() || body_.complete()) {
      life_->end_body_wait();
      tell_owner();  // there is room for more input
      return part.data;
    }
  }
}

std::span<const header_field> server_engine::trailers(exchange& ex) {
  if (life_ == nullptr || &ex != life_ || !body_.complete()) return {};
  buffer& lines = life_->trailer_lines;
  if (lines.empty()) return {};
  if (!life_->trailers) life_->trailers = take_trailers(lines, ex);
  return *life_->trailers;
}

void server_engine::read_abandoned(exchange&) noexcept {
  life_->end_body_wait();
  tell_owner();
}

void server_engine::begin_body_wait() noexcept {
  if (life_->waits_for_body()) return;
  life_->begin_body_wait();
  tell_owner();
}

/// Whether there is input that the handler has not read.
bool server_engine::has_unread() const noexcept {
  return life_->reading_begin != life_->reading.size() || in_begin_ != in_.size();
}

/// The client ended in the middle of the body that a handler streams.
void server_engine::lose_body() noexcept {
  if (watch_ != nullptr) watch_->ends(request_ending::client_gone);
  if (streaming_) cut_response();
  phase_ = phase::ended;
  life_->engine_parts().stop.request_stop(stop_reason::disconnect);
}

}  // namespace ferrule::http
