#include "ferrule/net/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ferrule/io/awaitable.hpp"

namespace ferrule {
namespace {

failure<std::error_code> failed(std::int32_t result) noexcept {
  return fail(std::error_code(-result, std::system_category()));
}

/// Takes as much of the beginning of `from` as there is room for.
iovec take_part(std::string_view& from, std::size_t& room) noexcept {
  const std::string_view part = from.substr(0, room);
  from.remove_prefix(part.size());
  room -= part.size();
  return {const_cast<char*>(part.data()), part.size()};
}

/// As the kernel does for what a listener accepts.
void watch_for_loss(io::backend& io, io::handle socket) {
  constexpr io::socket_options usual;
  constexpr std::pair<int, std::uint32_t> options[] = {
      {TCP_USER_TIMEOUT, usual.unacknowledged_s * 1000},
      {TCP_KEEPIDLE, usual.keepalive_idle_s},
      {TCP_KEEPINTVL, usual.keepalive_interval_s},
      {TCP_KEEPCNT, usual.keepalive_probes}};
  for (const auto& [name, value] : options) {
    io.option(socket, IPPROTO_TCP, name, static_cast<int>(value));
  }
  io.option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace

/// Keeps one direction of a stream for one task.
class tcp_stream::claim {
 public:
  explicit claim(bool& direction) noexcept : direction_(direction) {
    FERRULE_ASSERT(!direction_, "two tasks use one direction of a stream");
    direction_ = true;
  }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;
  ~claim() { direction_ = false; }

 private:
  bool& direction_;
};

task<result<tcp_stream, std::error_code>> tcp_stream::connect(address to) {
  reactor& loop = current_reactor(co_await current_environment());
  const std::int32_t opened = loop.io().open(to.family(), SOCK_STREAM);
  if (opened < 0) co_return failed(opened);
  tcp_stream stream(loop, io::handle{opened});
  const std::int32_t connected = co_await io::perform(
      [&](io::backend& io, io::operation& op) { io.connect(op, stream.socket_, to); });
  if (connected < 0) co_return failed(connected);
  loop.io().option(stream.socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  watch_for_loss(loop.io(), stream.socket_);
  co_return std::move(stream);
}

task<result<std::size_t, std::error_code>> tcp_stream::read(std::span<std::byte> into) {
  const claim reading(reading_);
  const std::int32_t got =
      co_await io::perform([&](io::backend& io, io::operation& op) { io.recv(op, socket_, into); });
  if (got < 0) co_return failed(got);
  co_return static_cast<std::size_t>(got);
}

task<result<void, std::error_code>> tcp_stream::write(std::string_view bytes,
                                                      std::string_view more) {
  const claim writing(writing_);
  do {  // mostly once
    std::size_t room = io::send_bytes_max;
    const iovec first = take_part(bytes, room);
    const iovec second = take_part(more, room);
    const std::array parts{first, second};
    const std::span<const iovec> used(parts.data(), second.iov_len == 0 ? 1 : 2);
    const std::int32_t sent = co_await io::perform(
        [&](io::backend& io, io::operation& op) { io.send(op, socket_, used); });
    if (sent < 0) co_return failed(sent);
  } while (!bytes.empty() || !more.empty());
  co_return {};
}

void tcp_stream::shutdown_send() noexcept { loop_->io().shutdown(socket_, SHUT_WR); }

task<> tcp_stream::close() {
  assert_idle();
  if (!is_open()) co_return;
  co_await io::perform([&](io::backend& io, io::operation& op) {
    io.close(op, std::exchange(socket_, io::handle::none));
  });
}

result<address, std::error_code> tcp_stream::local() const {
  address at;
  if (const std::int32_t asked = loop_->io().local(socket_, at); asked < 0) return failed(asked);
  return at;
}

result<address, std::error_code> tcp_stream::peer() const {
  address at;
  if (const std::int32_t asked = loop_->io().peer(socket_, at); asked < 0) return failed(asked);
  return at;
}

}  // namespace ferrule
