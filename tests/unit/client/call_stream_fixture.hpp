#pragma once
// Streams of calls to servers on scripts.

#include <fmt/format.h>

#include "ferrule/client/call_stream.hpp"
#include "upstream_fixture.hpp"

namespace ferrule {

using opened = result<call_stream, call_failure>;

inline const server_script streams{.takes = 2ms, .parts = 3, .part_takes = 1s};

inline server_script breaking(transport_error why, std::size_t after = 1) {
  server_script script = streams;
  script.parts = after;
  script.breaks = transport_failure{why, true};
  return script;
}

inline outgoing_call get(std::optional<std::chrono::nanoseconds> stream_timeout = {}) {
  return {.request = {.target = "/x"}, .stream_timeout = stream_timeout};
}
inline task<std::string> rest_of(call_stream* from) {
  std::string all;
  while (const auto part = co_await from->read()) all += std::string(*part) + ' ';
  if (from->failure() != nullptr) all += to_string(*from->failure());
  co_return all;
}

inline task<std::string> download(upstream* service, outgoing_call what) {
  auto stream = co_await service->open(what);
  if (!stream) co_return to_string(stream.error());
  const std::string status = std::to_string(stream->status());
  co_return status + ' ' + co_await rest_of(&*stream);
}

/// Leaves a stream after so many parts; 0: after its head.
inline task<std::string> leave(upstream* service, int parts) {
  auto stream = co_await service->open(get());
  for (int i = 0; stream && i != parts; ++i) {
    const auto part = co_await stream->read();
    if (!part) co_return "ended";
  }
  co_return stream ? std::to_string(stream->status()) : to_string(stream.error());
}

class call_stream_test : public upstream_test {
 protected:
  /// Without what opens or ejects before a test is done.
  upstream& make_patient(std::size_t servers = 1) {
    return make({.ejection = std::nullopt, .breaker = quick}, servers);
  }
  std::uint32_t running() {
    std::uint32_t all = 0;
    for (const auto& each : made_->snapshot().endpoints) all += each.balance.running;
    return all;
  }
  call_tally tally() { return made_->snapshot().breaker->tally; }
  opened open(outgoing_call what = get()) { return run(made_->open(what)); }
  std::string read(call_stream& from) { return run(rest_of(&from)); }
  void expect_nothing_held() {
    EXPECT_EQ(running(), 0U);
    EXPECT_EQ(network_.running_now, 0);
  }
  bool has_passed(mono_time since, std::chrono::nanoseconds span) const {
    return world_.now() - since >= span && world_.now() - since < span + 1ms;
  }
};

}  // namespace ferrule
