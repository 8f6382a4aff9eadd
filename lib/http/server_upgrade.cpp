// How a connection goes on in another protocol. Source: RFC 9110 section 7.8.
#include <limits>
#include <utility>
#include <vector>

#include "http/server_engine.hpp"

namespace ferrule::http {

bool server_engine::may_upgrade(const exchange& ex) const noexcept {
  if (!wishes_upgrade_ || phase_ != phase::handle || &ex != life_) return false;
  // Of a body that nobody reads it is chance whether all of it is here by now.
  const bool is_wanted = ex.match().traits->body != body_mode::none;
  return body_.complete() && (is_wanted || ex.request().body == body_kind::none);
}

void server_engine::upgrade(exchange& ex, std::string_view name,
                            std::span<const header_field> fields,
                            std::unique_ptr<net::protocol> next) {
  if (owes_continue_) send_continue();  // which comes first (RFC 9110 section 7.8)
  std::vector<header_field> all{{"Upgrade", name}};
  all.insert(all.end(), fields.begin(), fields.end());
  const bool written = write_response_head(out(), {.status = 101,
                                                   .connection = connection_option::upgrade,
                                                   .date = &context_.date(),
                                                   .fields = all});
  FERRULE_ASSERT(written, "an upgrade was not checked");
  keep_alive_ = false;
  upgraded_ = true;
  if (watch_ != nullptr) watch_->response_began(101);
  if (next != nullptr) {
    life_->successor = std::move(next);
    stream_complete_ = true;
    if (watch_ != nullptr) watch_->response_complete(waiting_bytes());
    ex.engine_parts().stop.request_stop(stop_reason::answered);
  } else {
    streaming_ = true;
    stream_ = body_kind::until_close;
    body_ = body_reader(body_kind::until_close, 0, std::numeric_limits<std::uint64_t>::max(),
                        context_.limits.chunk);
  }
  tell_owner();
}

std::unique_ptr<net::protocol> server_engine::successor(buffer& unread) noexcept {
  if (phase_ != phase::switched) return nullptr;
  in_.consume(std::exchange(in_begin_, 0U));
  unread = std::move(in_);
  std::unique_ptr<net::protocol> next = std::move(life_->successor);
  free_life();
  phase_ = phase::ended;
  settle_held();
  return next;
}

}  // namespace ferrule::http
