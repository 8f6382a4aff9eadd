#pragma once
/// @file
/// What a service did, one record for each request and each call that ended: for metrics, traces
/// and access logs. A reactor has one observer, or none; a state of `serve` that is derived from
/// `observer` is that of its reactor.
///
/// ```cpp
/// struct failures : ferrule::observer {
///   void request_ended(const ferrule::request_record& r) noexcept override {
///     if (r.status >= 500 || r.ending == ferrule::request_ending::cut_off) ++seen;
///   }
///   std::uint64_t seen = 0;
/// };
/// // serve<routes>(argc, argv, ferrule::per_reactor([] { return failures(); }));
/// ```
///
/// Several states of one service that are observers all hear of everything, in their order.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/environment.hpp"

namespace ferrule {

class address;

/// What became of a request. Of several that apply, the first that happened.
enum class request_ending : std::uint8_t {
  answered,     ///< its response, whatever the status, was handed to the kernel as a whole
  refused,      ///< the same, but it was the server's own: `request_record::reason` says why
  late,         ///< likewise, for its handler was stopped at its deadline
  cut_off,      ///< the response began and was given up: the handler failed, or took too long
  client_gone,  ///< the client left, or took nothing any more, before it had the response
  shut_down,    ///< the grace of the server's drain was over before it was answered
};

/// One request that has ended: its response is in the kernel's hands or given up, and its handler
/// has ended. Also what is no request, if it was answered (400, 408, 431, 503): then `route` and
/// `method` are empty. Views and pointers last for the call; `route`, `method`, `listener` and
/// `reason` for as long as the service.
struct request_record {
  std::string_view route{};     ///< the pattern, or as "(no such path)"; no user input
  std::string_view method{};    ///< empty as well for one that HTTP does not define
  std::string_view listener{};  ///< the name of a further listener; empty for the service's own
  int status = 0;               ///< 0: no response began
  request_ending ending = request_ending::answered;
  std::string_view reason{};    ///< of what the server did itself, as clients are told
  mono_time began{};            ///< its head was there
  std::chrono::nanoseconds took{0};  ///< from then until it ended
  std::optional<std::chrono::nanoseconds> response_after{};  ///< until the response began
  /// Until the kernel had all of the response; a client that takes it slowly makes it long.
  std::optional<std::chrono::nanoseconds> sent_after{};
  std::chrono::nanoseconds body_wait{0};  ///< for its body: the client's time
  std::uint64_t bytes_in = 0;   ///< of head and body as they came, as far as they were read
  std::uint64_t bytes_out = 0;  ///< of heads and body as they were sent
  const address* peer = nullptr;           ///< null where there is no connection
  const trace_context* trace = nullptr;    ///< with its own span; null: its sender gave none
  std::array<std::uint8_t, 8> parent_span{};  ///< the sender's
};

/// What became of a call of an upstream.
enum class call_ending : std::uint8_t {
  answered,    ///< whatever the status; of a stream: to its end
  broken_off,  ///< the response began and was not whole: a stream's `reason` says why
  unanswered,  ///< no connection, or no response: `reason` says which
  timeout,     ///< no response in time: the call's, its last try's, or the served request's
  not_made,    ///< refused on this side, by the breaker or a limit: `reason` says which
  given_up,    ///< whoever made it was stopped, or left its stream
};

/// One call of an upstream (client/upstream.hpp) that has ended, with all its tries; that of a
/// stream once the stream has. Views and pointers last for the call; `upstream` as long as that.
struct call_record {
  std::string_view upstream{};  ///< its name
  std::string_view route{};     ///< the pattern of the contract's endpoint; empty without one
  std::string_view method{};    ///< as `request_record::method`
  std::string_view endpoint{};  ///< id or URL of the one tried last; empty: none was
  bool was_ejected = false;     ///< which was ejected, and there was no better one
  call_ending ending = call_ending::given_up;
  int status = 0;               ///< of the last response; 0: there was none
  std::string_view reason{};    ///< of a call without a whole response; a constant
  std::uint32_t tries = 0;      ///< more than one: it was retried, or failed over
  mono_time began{};
  std::chrono::nanoseconds took{0};  ///< waits between tries included
  /// Until the response that was given began, for a stream; else until it was there.
  std::optional<std::chrono::nanoseconds> response_after{};
  const trace_context* trace = nullptr;  ///< that the call is part of, with its caller's span
};

/// Hears of what ended on one reactor. Must not wait, nor call the service.
/// Thread rule: called on the reactor's thread; one that is `shared` by all, on each of theirs.
class observer {
 public:
  virtual void request_ended(const request_record& /*ended*/) noexcept {}
  virtual void call_ended(const call_record& /*ended*/) noexcept {}

 protected:
  ~observer() = default;
};

/// Several observers as one; they hear in their order, and must outlive it.
template <std::size_t Count>
class observer_list final : public observer {
 public:
  explicit observer_list(const std::array<observer*, Count>& members) noexcept
      : members_(members) {}
  void request_ended(const request_record& ended) noexcept override {
    for (observer* const each : members_) each->request_ended(ended);
  }
  void call_ended(const call_record& ended) noexcept override {
    for (observer* const each : members_) each->call_ended(ended);
  }

 private:
  std::array<observer*, Count> members_;
};

}  // namespace ferrule
