#pragma once
/// @file
/// What the io_uring backend knows of each descriptor it owns.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>

#include "ferrule/io/backend.hpp"

namespace ferrule::io::uring {

/// One open descriptor.
struct handle_state {
  operation* closing = nullptr;  // set once `close` was called
  const iovec* parts = nullptr;  // of the send in flight
  std::uint32_t parts_count = 0;
  std::uint32_t sent_bytes = 0;  // of that send, by earlier submissions
  std::uint32_t pending = 0;     // operations whose last completion is to come
  bool open = false;
  bool is_socket = false;
};

/// The states by descriptor. A deque grows in place: a vector leaves half of its memory behind each
/// time, which was 50 bytes for each of 10,000 connections.
class handle_table {
 public:
  void add(std::int32_t fd, bool is_socket) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= states_.size()) states_.resize(index + 1);
    states_[index] = {.open = true, .is_socket = is_socket};
  }
  void remove(std::uint32_t fd) noexcept { states_[fd] = {}; }

  /// The state of an open descriptor, or null.
  handle_state* find(handle any) noexcept {
    const auto index = static_cast<std::size_t>(static_cast<std::uint32_t>(any));
    return index < states_.size() && states_[index].open ? &states_[index] : nullptr;
  }
  handle_state& operator[](std::uint32_t fd) noexcept { return states_[fd]; }

  template <class Each>
  void for_each_open(Each each) const {
    for (std::size_t fd = 0; fd < states_.size(); ++fd) {
      if (states_[fd].open) each(static_cast<handle>(fd));
    }
  }

 private:
  std::deque<handle_state> states_;
};

}  // namespace ferrule::io::uring
