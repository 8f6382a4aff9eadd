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

worker::worker(const serve_settings& settings, service_factory& factory, const address& at,
               bool share_port, std::uint64_t seed)
    : grace_(settings.drain),
      drain_request_([](posted& p) noexcept { static_cast<drain_request&>(p).self->drain(); }) {
  drain_request_.self = this;
  io::made_backend made = io::make_backend(settings.backend);
  backend_reason_ = std::move(made.why);
  if (made.io == nullptr) {
    error_ = fmt::format("the backend that was asked for is not to be had ({})", backend_reason_);
    return;
  }
  reactor_ = std::make_unique<reactor>(std::move(made.io), seed);
  service_ = factory.make(*reactor_);
  server_ = std::make_unique<http::server>(*reactor_, service_->handlers(), settings.limits);
  io::socket_options socket = settings.socket;
  socket.reuse_port = share_port;
  if (const std::int32_t failed = server_->listen(at, socket); failed < 0) {
    error_ = cannot_listen(at, failed);
  }
}

worker::~worker() = default;

void worker::drain() noexcept {
  server_->drain(
      grace_, [](void* loop) noexcept { static_cast<reactor*>(loop)->stop(); }, reactor_.get());
}

}  // namespace ferrule
