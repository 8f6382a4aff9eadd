#pragma once
/// @file
/// Answers that no handler gives: what a connection's engine refuses or ends by itself.
///
/// ```cpp
/// void count(const ferrule::http::refusal& what, std::uint64_t& timeouts) {
///   if (what.status == 408) ++timeouts;
/// }
/// ```

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ferrule/core/rng.hpp"
#include "ferrule/http/exchange.hpp"

namespace ferrule::http {

/// An answer that an engine gives by itself: 400, 408, 413, 414, 431, 501, 503, 505 for what
/// arrives or cannot be taken on; 503 or 504 for a handler that was stopped; 500 for one that
/// answered nothing, or nothing that HTTP can carry. Its views last for the call that it is given
/// to.
struct refusal {
  int status = 0;
  std::string_view reason{};               ///< as the client is told: the problem's detail
  std::string_view trace_id{};             ///< as the client is told
  const ferrule::request* asked = nullptr;  ///< null when no request could be read
  std::string_view route{};                ///< the pattern; empty likewise
  const address* peer = nullptr;           ///< null where there is no connection
};

/// An id in hexadecimal digits that logs and traces know a request by.
class trace_id_text {
 public:
  /// That of the request; made up if it has none.
  explicit trace_id_text(const exchange& of) noexcept;
  /// A new one.
  explicit trace_id_text(rng& random) noexcept;
  std::string_view view() const noexcept { return {digits_.data(), digits_.size()}; }

 private:
  void write(const std::array<std::uint8_t, 16>& id) noexcept;

  std::array<char, 32> digits_;
};

/// Takes what a client is told of a refusal, once.
class refusal_writer {
 public:
  /// The head is valid (see `fault_of`). Throws std::bad_alloc.
  virtual void write(const answer_head& head, std::string_view body) = 0;

 protected:
  ~refusal_writer() = default;
};

/// Gives `to` the problem that `why` is, as RFC 9457 has it.
void write_refusal(const refusal& why, refusal_writer& to);

/// Answers `ex` with what `of` says of `why`, past the filter of the exchange. Throws
/// std::bad_alloc.
void respond_problem(service& of, exchange& ex, const refusal& why);

/// What keeps the head of an answer from being sent, in words for the log; empty when it is valid.
std::string fault_of(const answer_head& head);

}  // namespace ferrule::http
