#pragma once
// An io_uring with a ring of provided buffers, set up as a fast server or client would.

#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "common/tool.hpp"

namespace bench {

/// What a completion is about: an operation of the tool's own numbering, and a descriptor.
struct tag {
  std::uint8_t operation;
  int fd;
};

class ring {
 public:
  ring() {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = completions_max;
    check_uring(io_uring_queue_init_params(submissions_max, &ring_, &parameters), "io_uring_setup");
    check_uring(io_uring_register_ring_fd(&ring_), "io_uring_register_ring_fd");
    add_buffers();
  }
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() {
    io_uring_queue_exit(&ring_);
    std::free(buffers_);
  }

  void accept_multishot(int fd, std::uint8_t operation) {
    io_uring_sqe* s = next(operation, fd);
    io_uring_prep_multishot_accept(s, fd, nullptr, nullptr, SOCK_CLOEXEC);
  }
  void receive_multishot(int fd, std::uint8_t operation) {
    io_uring_sqe* s = next(operation, fd);
    io_uring_prep_recv_multishot(s, fd, nullptr, 0, 0);
    s->flags |= IOSQE_BUFFER_SELECT;
    s->buf_group = buffer_group;
  }
  /// Completes when all of `bytes` is taken. Success is reported only if `operation` asks for it.
  /// `how`: more flags of send(2).
  void send_all(int fd, std::string_view bytes, std::uint8_t operation, unsigned char flags = 0,
                int how = 0) {
    io_uring_sqe* s = next(operation, fd);
    io_uring_prep_send(s, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL | how);
    s->flags |= flags;
  }
  void poll(int fd, unsigned events, std::uint8_t operation) {
    io_uring_prep_poll_add(next(operation, fd), fd, events);
  }
  void cancel_all_of(int fd, std::uint8_t operation) {
    io_uring_prep_cancel_fd(next(operation, fd), fd, IORING_ASYNC_CANCEL_ALL);
  }

  static tag tag_of(const io_uring_cqe& completion) {
    return {static_cast<std::uint8_t>(completion.user_data & 0xff),
            static_cast<int>(completion.user_data >> 8)};
  }

  /// Submits, waits for something and hands every completion to `handle(const io_uring_cqe&)`.
  /// Without a time to wait, it waits for ever.
  template <class Handle>
  void wait(Handle&& handle, std::optional<std::chrono::nanoseconds> at_most = std::nullopt) {
    if (at_most) {
      __kernel_timespec time{.tv_sec = 0, .tv_nsec = std::max(at_most->count(), 0L)};
      io_uring_cqe* first = nullptr;
      const int waited = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
      if (waited != -ETIME) check_uring(waited, "io_uring_submit_and_wait_timeout");
    } else {
      check_uring(io_uring_submit_and_wait(&ring_, 1), "io_uring_submit_and_wait");
    }
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
      handle(*completion);
      ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
  }

  /// The bytes of a receive; the buffer must be given back.
  std::string_view received(const io_uring_cqe& completion) const {
    return {&received_[std::size_t{id_of(completion)} * buffer_bytes],
            static_cast<std::size_t>(completion.res)};
  }
  void give_back(const io_uring_cqe& completion) { provide(id_of(completion)); }

 private:
  static constexpr unsigned submissions_max = 1024;
  static constexpr unsigned completions_max = 8192;
  static constexpr unsigned buffers_count = 128;
  static constexpr unsigned buffer_bytes = 2048;
  static constexpr std::uint16_t buffer_group = 0;

  static std::uint16_t id_of(const io_uring_cqe& completion) {
    return static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  }

  // The prep calls of liburing leave user_data alone.
  io_uring_sqe* next(std::uint8_t operation, int fd) {
    io_uring_sqe* s = io_uring_get_sqe(&ring_);
    if (s == nullptr) {
      check_uring(io_uring_submit(&ring_), "io_uring_submit");
      s = io_uring_get_sqe(&ring_);
    }
    io_uring_sqe_set_data64(s, static_cast<std::uint64_t>(fd) << 8 | operation);
    return s;
  }

  void add_buffers() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    buffers_ = static_cast<io_uring_buf_ring*>(std::aligned_alloc(page, page));
    static_assert(buffers_count * sizeof(io_uring_buf) <= 4096);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers_);
    registration.ring_entries = buffers_count;
    registration.bgid = buffer_group;
    check_uring(io_uring_register_buf_ring(&ring_, &registration, 0), "io_uring_register_buf_ring");
    io_uring_buf_ring_init(buffers_);
    received_.resize(std::size_t{buffers_count} * buffer_bytes);
    for (std::uint16_t id = 0; id < buffers_count; ++id) provide(id);
  }
  void provide(std::uint16_t id) {
    io_uring_buf_ring_add(buffers_, &received_[std::size_t{id} * buffer_bytes], buffer_bytes, id,
                          io_uring_buf_ring_mask(buffers_count), 0);
    io_uring_buf_ring_advance(buffers_, 1);
  }

  io_uring ring_{};
  io_uring_buf_ring* buffers_ = nullptr;
  std::vector<char> received_;
};

}  // namespace bench
