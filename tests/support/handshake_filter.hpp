#pragma once
// A byte filter for tests, which asks of its users what TLS does: two round trips before anything
// can be sent, frames that hold whatever was sent at once, and an end of its own.

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "ferrule/net/byte_filter.hpp"

namespace ferrule::net {

/// The client says "a", then the server, then both "b". Then each frame has its length in three
/// bytes, and each byte of it is changed; an empty frame is the end.
class handshake_filter final : public byte_filter {
 public:
  enum class side { client, server };

  explicit handshake_filter(side is) noexcept : side_(is) {}

  void begin(buffer& outgoing) override {
    if (side_ == side::client) outgoing.append("a");
  }
  bool is_ready() const noexcept override { return heard_ == 2; }

  step receive(std::string_view wire, buffer& plain, buffer& outgoing) override {
    while (!is_ready() && !wire.empty()) {
      if (wire.front() != "ab"[heard_]) {
        outgoing.append("?");
        return step::failed;
      }
      wire.remove_prefix(1);
      ++heard_;
      if (side_ == side::server) outgoing.append(heard_ == 1 ? "a" : "b");
      if (side_ == side::client && heard_ == 1) outgoing.append("b");
    }
    frame_.append(wire);
    while (frame_.size() >= head_bytes) {
      const std::size_t bytes = length_in(frame_.view());
      if (bytes == 0) return step::ended;
      if (frame_.size() < head_bytes + bytes) break;
      change(frame_.view().substr(head_bytes, bytes), plain);
      frame_.consume(head_bytes + bytes);
    }
    return step::goes_on;
  }
  void send(std::string_view plain, buffer& outgoing) override {
    constexpr std::size_t frame_bytes_max = 100'000;
    for (; !plain.empty(); plain.remove_prefix(std::min(plain.size(), frame_bytes_max))) {
      const std::string_view part = plain.substr(0, frame_bytes_max);
      put_length(part.size(), outgoing);
      change(part, outgoing);
    }
  }
  void send_end(buffer& outgoing) override { put_length(0, outgoing); }

 private:
  static constexpr std::size_t head_bytes = 3;

  static std::size_t length_in(std::string_view head) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head[at]); };
    return std::size_t{byte(0)} << 16U | std::size_t{byte(1)} << 8U | byte(2);
  }
  static void put_length(std::size_t bytes, buffer& out) {
    for (const unsigned shift : {16U, 8U, 0U}) out.append(static_cast<char>(bytes >> shift & 255U));
  }
  static void change(std::string_view from, buffer& into) {
    for (const char c : from) into.append(static_cast<char>(c ^ 0x5a));
  }

  side side_;
  std::size_t heard_ = 0;
  buffer frame_;  // what has come of it
};

}  // namespace ferrule::net
