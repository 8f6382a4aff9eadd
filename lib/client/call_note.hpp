#pragma once
// What an observer is told of one call, kept until the call has ended, however it does.

#include <memory>
#include <string_view>

#include "client/endpoint_set.hpp"
#include "ferrule/client/caller.hpp"
#include "ferrule/observe/observer.hpp"

namespace ferrule {

/// Does nothing where nobody observes. Thread rule: the reactor's thread.
class call_note {
 public:
  /// `upstream` must outlive it.
  call_note(std::string_view upstream, executor& loop) noexcept
      : loop_(loop), observer_(loop.current_observer()) {
    record_.upstream = upstream;
    record_.began = loop.now();
  }
  call_note(const call_note&) = delete;
  call_note& operator=(const call_note&) = delete;
  ~call_note() {
    if (observer_ != nullptr) tell();
  }

  void begin(const outgoing_call& what, const environment& env) noexcept {
    record_.route = what.endpoint;
    record_.method = to_string(parse_method(what.request.verb));
    if (env.trace == nullptr) return;
    trace_ = *env.trace;
    record_.trace = &trace_;
  }
  void try_at(const endpoint_set::taken& picked) noexcept {
    ++record_.tries;
    record_.was_ejected = picked.was_ejected;
    if (observer_ != nullptr) endpoint_ = picked.endpoint;
  }
  /// A stream has begun.
  void response_began(int status) noexcept {
    record_.status = status;
    record_.response_after = loop_.now() - record_.began;
  }
  void ended(const caller::outcome& with) noexcept;
  void stream_ended() noexcept { record_.ending = call_ending::answered; }
  void stream_failed(transport_error why) noexcept;

 private:
  void tell() noexcept;

  executor& loop_;
  observer* observer_;
  std::shared_ptr<const upstream_endpoint> endpoint_;
  trace_context trace_;
  call_record record_;
};

}  // namespace ferrule
