#include "worker.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace ferrule {

std::string cannot_listen(const address& at, std::int32_t failed) {
  std::string text = fmt::format("cannot listen on {}: {}", at.text(), std::strerror(-failed));
  if (failed == -EADDRINUSE) text += "; end what holds the port or choose another with --port";
  return text;
}

std::string thrown_at_start() {
  try {
    throw;
  } catch (const std::exception& failed) {
    return fmt::format("cannot start: {}", failed.what());
  } catch (...) {
    return "cannot start: something was thrown that is no std::exception";
  }
}

worker::worker(const serve_settings& settings, service_factory& factory, const address& at,
               reactor_place place, http::server_group& group, std::uint64_t seed)
    : grace_(settings.drain),
      drain_request_([](posted& p) noexcept { static_cast<drain_request&>(p).self->drain(); }),
      overdue_([](timer& t) noexcept { static_cast<overdue_timer&>(t).self->note_unfinished(); }) {
  drain_request_.self = overdue_.self = this;
  try {
    make(settings, factory, at, place, group, seed);
  } catch (...) {
    error_ = thrown_at_start();
  }
}

void worker::make(const serve_settings& settings, service_factory& factory, const address& at,
                  reactor_place place, http::server_group& group, std::uint64_t seed) {
  io::made_backend made = io::make_backend(settings.backend);
  backend_reason_ = std::move(made.why);
  if (made.io == nullptr) {
    const bool is_any = settings.backend.kind == io::backend_kind::automatic;
    error_ = fmt::format("{} to be had ({})",
                         is_any ? "there is no backend" : "the backend that was asked for is not",
                         backend_reason_);
    return;
  }
  reactor_ = std::make_unique<reactor>(std::move(made.io), seed + place.index, place);
  service_ = factory.make(*reactor_);
  service_->add_background(background_.emplace(*reactor_));
  server_ = std::make_unique<http::server>(*reactor_, service_->handlers(), settings.limits);
  io::socket_options socket = settings.socket;
  socket.reuse_port = place.count > 1;
  socket.is_first_of_port = place.index == 0;
  if (const std::int32_t failed = server_->listen(at, socket); failed < 0) {
    error_ = cannot_listen(at, failed);
  } else if (place.count > 1) {
    server_->join(group);
  }
}

worker::~worker() {
  if (reactor_ != nullptr) reactor_->disarm(overdue_);
}

void worker::drain() noexcept {
  draining_ = true;
  reactor_->arm(overdue_, saturating_add(reactor_->now(), grace_ + forced_end_after / 2));
  const auto ended = [](void* self) noexcept { static_cast<worker*>(self)->part_drained(); };
  parts_draining_ = 2;
  background_->drain(grace_, ended, this);
  server_->drain(grace_, ended, this);
}

void worker::part_drained() noexcept {
  if (--parts_draining_ == 0) reactor_->stop();
}

/// The grace is over, and whatever can be stopped has been: what is left does not stop.
void worker::note_unfinished() noexcept {
  const http::server::unfinished left = server_->running();
  route_left_ = left.example;
  handlers_left_ = left.handlers;
  work_left_ = background_->unfinished();
}

std::string worker::busy_with() const {
  if (!draining_) return "does not come back from what it runs";
  const std::size_t handlers = handlers_left_;
  if (const background_work* const work = work_left_; handlers == 0 && work != nullptr) {
    return fmt::format("waits for background work that does not stop, {}", work->name());
  }
  if (handlers == 0) return "does not come back from what it runs while it drains";
  return fmt::format("waits for {} handler{} that do{} not stop, {}{}", handlers,
                     handlers == 1 ? "" : "s", handlers == 1 ? "es" : "",
                     handlers == 1 ? "" : "one of them ", route_left_.load()->pattern);
}

}  // namespace ferrule
