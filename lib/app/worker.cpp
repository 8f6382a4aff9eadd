#include "worker.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace ferrule {

namespace {

/// Why listening failed, for the user; `failed` is -errno.
std::string cannot_listen(const served_socket& socket, std::int32_t failed) {
  const bool is_path = socket.at.is_unix();
  std::string_view remedy;
  if (failed == -EADDRINUSE) {
    remedy = is_path ? "; end what listens there or choose another path"
                     : "; end what holds the port or choose another";
  }
  if (failed == -ENOTSOCK) remedy = "; the file that is there was not made for a socket";
  return fmt::format("{}cannot listen on {}: {}{}", socket.table.prefix(), socket.at.text(),
                     std::strerror(-failed), remedy);
}

}  // namespace

std::string thrown_at_start() {
  try {
    throw;
  } catch (const std::exception& failed) {
    return fmt::format("cannot start: {}", failed.what());
  } catch (...) {
    return "cannot start: something was thrown that is no std::exception";
  }
}

worker::worker(const serve_settings& settings, service_factory& factory, listening_plan& plan,
               reactor_group& group, reactor_place place, std::uint64_t seed)
    : grace_(settings.drain),
      group_(group),
      drain_request_([](posted& p) noexcept { static_cast<drain_request&>(p).self->drain(); }),
      overdue_([](timer& t) noexcept { static_cast<overdue_timer&>(t).self->note_unfinished(); }) {
  drain_request_.self = overdue_.self = this;
  try {
    make(settings, factory, plan, place, seed);
  } catch (...) {
    error_ = thrown_at_start();
  }
}

void worker::make(const serve_settings& settings, service_factory& factory, listening_plan& plan,
                  reactor_place place, std::uint64_t seed) {
  io::made_backend made = io::make_backend(settings.backend);
  backend_reason_ = std::move(made.why);
  if (made.io == nullptr) {
    const bool is_any = settings.backend.kind == io::backend_kind::automatic;
    error_ = fmt::format("{} available ({})",
                         is_any ? "there is no backend" : "the requested backend is not",
                         backend_reason_);
    return;
  }
  reactor_ = std::make_unique<reactor>(std::move(made.io), seed + place.index, place);
  service_ = factory.make(*reactor_);
  service_->add_background(background_.emplace(*reactor_));
  io::socket_options options = settings.socket;
  options.reuse_port = place.count > 1;
  options.is_first_of_port = place.index == 0;
  for (served_socket& each : plan.sockets()) {
    error_ = serve_at(each, plan.process(), options);
    if (!error_.empty()) return;
  }
  group_.join(*reactor_);
}

std::string worker::serve_at(served_socket& socket, http::server_budget& process,
                             const io::socket_options& options) {
  served_table& table = socket.table;
  http::server& made =
      servers_.emplace_back(*reactor_, service_->handlers_of(table.number), table.limits);
  made.share(socket.connections, process);
  made.set_listener_name(table.settings.name);
  const bool is_first = reactor_->place().index == 0;
  if (is_first || socket.is_each_reactors()) {
    const std::int32_t failed = socket.descriptor < 0 ? made.listen(socket.at, options)
                                                      : made.adopt(socket.descriptor);
    if (failed < 0) return cannot_listen(socket, failed);
    if (is_first) socket.at = made.local();  // with the real port
  }
  if (reactor_->place().count > 1) made.join(socket.group);
  return {};
}

void worker::give_up() noexcept {
  for (http::server& each : servers_) each.give_up();
}

worker::~worker() {
  if (reactor_ != nullptr) reactor_->disarm(overdue_);
}

void worker::drain() noexcept {
  draining_ = true;
  reactor_->arm(overdue_, saturating_add(reactor_->now(), grace_ + forced_end_after / 2));
  const auto ended = [](void* self) noexcept { static_cast<worker*>(self)->part_drained(); };
  parts_draining_ = 1 + servers_.size();
  background_->drain(grace_, ended, this);
  for (http::server& each : servers_) each.drain(grace_, ended, this);
}

void worker::part_drained() noexcept {
  if (--parts_draining_ == 0) reactor_->stop();
}

/// The grace is over, and whatever can be stopped has been: what is left does not stop.
void worker::note_unfinished() noexcept {
  std::size_t handlers = 0;
  for (const http::server& each : servers_) {
    const net::unfinished_work left = each.running();
    if (left.example != nullptr) route_left_ = left.example;
    handlers += left.count;
  }
  handlers_left_ = handlers;
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
                     handlers == 1 ? "" : "one of them ", *route_left_.load());
}

}  // namespace ferrule
