#pragma once
/// @file
/// One message's body out of bytes, whatever frames it, within a limit.
///
/// ```cpp
/// bool is_whole(ferrule::http::body_reader& body, std::string_view received) {
///   body.next(received);
///   return body.complete();
/// }
/// ```
///
/// Source: RFC 9112 sections 6 and 7.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/http/chunked.hpp"
#include "ferrule/http/message.hpp"

namespace ferrule::http {

/// Follows a body from its first byte to its last. Thread rule: as a plain value.
class body_reader {
 public:
  /// One step through the input.
  struct part {
    std::size_t consumed = 0;  ///< bytes of the input dealt with
    std::string_view data{};   ///< in the input; empty when more is needed or the body is complete
    std::string_view trailers{};  ///< in the input: more of the fields behind it, as lines
    int status = 0;            ///< not 0: what to answer; the body can not be followed further
    const char* reason = "";
  };

  body_reader() = default;
  /// A body of at most `bytes_max` bytes, counted without its framing.
  body_reader(body_kind kind, std::uint64_t content_length, std::uint64_t bytes_max,
              const chunk_limits& limits) noexcept
      : left_(content_length), room_(bytes_max), decoder_(limits), kind_(kind) {}

  bool complete() const noexcept { return kind_ == body_kind::none; }
  /// How much of a body with a Content-Length has yet to come; 0 for others.
  std::uint64_t left() const noexcept { return kind_ == body_kind::length ? left_ : 0; }
  body_kind kind() const noexcept { return kind_; }

  /// Of what is yet to come, at most this much.
  void allow(std::uint64_t bytes_max) noexcept { room_ = bytes_max; }

  /// The next data in `bytes`. Call again with what was not consumed until nothing is or the body
  /// is complete.
  part next(std::string_view bytes) noexcept;

 private:
  std::uint64_t left_ = 0;
  std::uint64_t room_ = 0;
  [[no_unique_address]] chunked_decoder decoder_;
  body_kind kind_ = body_kind::none;
};

}  // namespace ferrule::http
