#include "client/call_note.hpp"

namespace ferrule {

void call_note::ended(const caller::outcome& with) noexcept {
  if (with) {
    record_.ending = call_ending::answered;
    return response_began(with->status());
  }
  const call_failure& failed = with.error();
  record_.status = failed.status;
  record_.reason = to_string(failed.fault);
  switch (failed.fault) {
    case call_fault::circuit_open:
      record_.ending = call_ending::not_made;
      break;
    case call_fault::shed:
      record_.ending = call_ending::not_made;
      record_.reason = to_string(failed.shed);
      break;
    case call_fault::timeout:
      record_.ending = call_ending::timeout;
      break;
    default:
      record_.ending = call_ending::unanswered;
      record_.reason = to_string(failed.transport);
  }
}

void call_note::stream_failed(transport_error why) noexcept {
  const bool is_begun = record_.status != 0;
  record_.ending = is_begun ? call_ending::broken_off : call_ending::unanswered;
  if (why == transport_error::timeout && !is_begun) record_.ending = call_ending::timeout;
  record_.reason = to_string(why);
}

void call_note::tell() noexcept {
  record_.took = loop_.now() - record_.began;
  if (endpoint_ != nullptr) record_.endpoint = endpoint_->id;
  observer_->call_ended(record_);
}

}  // namespace ferrule
