// What becomes of completions.

#include <cerrno>
#include <utility>

#include "ferrule/core/assert.hpp"
#include "io/kernel_sockets.hpp"
#include "io/uring/uring_backend.hpp"
#include "io/uring/user_data.hpp"

namespace ferrule::io::uring {

void uring_backend::completed(std::uint64_t data, std::int32_t result,
                              std::uint32_t flags) noexcept {
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  if (!more) --in_flight_;
  if (data == user_data::cancellation) return;  // what it cancelled says how it went
  if (data == user_data::wake) return submit_wake_read();

  operation& op = user_data::target(data);
  FERRULE_DEBUG_ASSERT(op.pending() && op.generation == user_data::generation(data),
                       "a completion came after its operation's last");
  switch (static_cast<kind>(op.kind)) {
    case kind::accept:
      return accepted(op, result, more);
    case kind::stream:
      return received(op, result, flags);
    case kind::send:
      return sent(op, result);
    case kind::datagram:
      return datagram_received(op, result);
    case kind::close:
      return finish(op, 0);  // the descriptor is gone whatever close(2) says
    default:
      return finish(op, result);
  }
}

/// Whether `op` must not be submitted once more.
bool uring_backend::ending(const operation& op) noexcept {
  return op.state == cancelling || handles_[op.slot].closing != nullptr;
}

void uring_backend::accepted(operation& op, std::int32_t result, bool more) noexcept {
  if (result >= 0) lend(op, own(result, true), {});
  if (more) return;
  if (ending(op)) return finish(op, -ECANCELED);
  if (result >= 0 || kernel::is_passing_accept_error(result)) return submit_accept(op);
  finish(op, result);
}

void uring_backend::received(operation& op, std::int32_t result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    const auto id = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    if (result > 0) lend(op, result, buffers_.view(id, static_cast<std::size_t>(result)));
    buffers_.give_back(id);
  }
  if ((flags & IORING_CQE_F_MORE) != 0) return;
  // The kernel ends a multishot when it runs out of buffers or of room for completions. By the
  // time of the next submission every buffer of this batch has been given back.
  const bool goes_on = result > 0 || result == -ENOBUFS || result == -EINTR;
  if (!goes_on) return finish(op, result);
  if (ending(op)) return finish(op, -ECANCELED);
  submit_stream(op);
}

void uring_backend::sent(operation& op, std::int32_t result) noexcept {
  handle_state& of = handles_[op.slot];
  if (result > 0) {
    of.sent_bytes += static_cast<std::uint32_t>(result);
    std::size_t wanted = 0;
    for (std::uint32_t i = 0; i < of.parts_count; ++i) wanted += of.parts[i].iov_len;
    if (of.sent_bytes < wanted && !ending(op)) return submit_send(op, of);
    result = of.sent_bytes < wanted ? -ECANCELED : static_cast<std::int32_t>(of.sent_bytes);
  }
  of.parts = nullptr;
  finish(op, result);
}

void uring_backend::datagram_received(operation& op, std::int32_t result) noexcept {
  auto& d = static_cast<datagram&>(*op.next);
  if (result >= 0) {
    const auto* const sender = reinterpret_cast<const sockaddr*>(&d.sender);
    if (const auto from = address::from_sockaddr(sender, d.message.msg_namelen)) *d.from = *from;
  }
  give_back(d);
  finish(op, result);
}

void uring_backend::lend(operation& op, std::int32_t result,
                         std::span<const std::byte> bytes) noexcept {
  ++delivered_;
  op.done(op, {result, true, bytes});
}

void uring_backend::finish(operation& op, std::int32_t result) noexcept {
  const std::uint32_t fd = op.slot;
  if (fd != no_handle) {
    handle_state& of = handles_[fd];
    if (--of.pending == 0 && of.closing != nullptr) submit_close(fd);
  }
  ++delivered_;
  op.state = idle;
  op.done(op, {result, false, {}});  // may destroy op
}

void uring_backend::finish_failed() noexcept {
  operation* op = std::exchange(first_failed_, nullptr);
  while (op != nullptr) {
    operation& failed = *std::exchange(op, op->next);
    const auto result = static_cast<std::int32_t>(std::exchange(failed.slot, no_handle));
    finish(failed, result);
  }
}

void uring_backend::finish_offloaded() noexcept {
  operation* op = offloaded_.take_finished();
  while (op != nullptr) finish(*std::exchange(op, op->next), 0);
}

}  // namespace ferrule::io::uring
