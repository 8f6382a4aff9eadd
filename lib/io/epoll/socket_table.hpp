#pragma once
/// @file
/// What the epoll backend knows of each descriptor it owns.

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ferrule/io/backend.hpp"

namespace ferrule::io::epoll {

/// How bytes are moved, which the descriptor's type decides.
enum class medium : std::uint8_t { stream, datagram, file };

/// The operation that waits for a socket to become readable, and where its bytes go.
struct incoming {
  operation* op = nullptr;
  std::byte* data = nullptr;
  std::size_t size = 0;
  address* from = nullptr;
};

/// The operation that waits for a socket to become writable, and how far it has come.
struct outgoing {
  operation* op = nullptr;
  const iovec* parts = nullptr;  // what is left of them
  std::size_t count = 0;
  std::size_t offset = 0;  // into the first of them
  std::int32_t sent = 0;
  const address* to = nullptr;
  iovec datagram{};  // the one part of a `send_to`
};

/// One descriptor. The readiness flags are hints: true means that a call may succeed, false that
/// an event will come before one can.
struct socket_record {
  int fd = -1;
  std::uint32_t generation = 0;  // tells an event for an earlier owner of the number
  medium type = medium::stream;
  bool open = false;
  bool registered = false;  // in the epoll set, or need not be
  bool shared = false;      // others may hold the open file: close(2) would leave it in the set
  bool readable = false;
  bool writable = true;  // until a call says otherwise
  bool ended = false;    // FIN, RST or an error was announced, and will not be again
  bool queued = false;   // in the list of those to go on with
  std::uint32_t file_jobs = 0;
  socket_record* next = nullptr;
  operation* closing = nullptr;
  incoming in;
  outgoing out;

  /// What its events carry.
  std::uint64_t mark() const noexcept {
    return std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(fd);
  }
};

/// The records by descriptor. They never move, so that they survive whatever a completion does.
/// It owns the descriptors: those still open are closed with it.
class socket_table {
 public:
  socket_table() = default;
  socket_table(const socket_table&) = delete;
  socket_table& operator=(const socket_table&) = delete;
  ~socket_table() {
    for (const auto& chunk : chunks_) {
      if (chunk == nullptr) continue;
      for (const socket_record& record : *chunk) {
        if (record.open) ::close(record.fd);
      }
    }
  }

  /// The record of an open descriptor, or null.
  socket_record* find(int fd) noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(fd));
    if (index / chunk_size >= chunks_.size()) return nullptr;
    const auto& chunk = chunks_[index / chunk_size];
    if (chunk == nullptr || !(*chunk)[index % chunk_size].open) return nullptr;
    return &(*chunk)[index % chunk_size];
  }

  /// A fresh record for a descriptor that was just opened.
  socket_record& add(int fd, medium type) {
    const auto index = static_cast<std::size_t>(fd);
    if (index / chunk_size >= chunks_.size()) chunks_.resize(index / chunk_size + 1);
    auto& chunk = chunks_[index / chunk_size];
    if (chunk == nullptr) chunk = std::make_unique<chunk_type>();
    socket_record& record = (*chunk)[index % chunk_size];
    record.fd = fd;
    record.type = type;
    record.open = true;
    return record;
  }

  /// Closes the descriptor and forgets it. A place in a list of records stays valid.
  void remove(socket_record& record) noexcept {
    ::close(record.fd);
    forget(record);
  }

  /// Leaves the descriptor to others.
  void forget(socket_record& record) noexcept {
    const socket_record old = record;
    record = socket_record{};
    record.generation = old.generation + 1;
    record.queued = old.queued;
    record.next = old.next;
  }

 private:
  static constexpr std::size_t chunk_size = 64;
  using chunk_type = std::array<socket_record, chunk_size>;

  std::vector<std::unique_ptr<chunk_type>> chunks_;
};

}  // namespace ferrule::io::epoll
