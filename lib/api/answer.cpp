#include "ferrule/api/answer.hpp"

#include <stdexcept>
#include <string>

#include "ferrule/http/refusal.hpp"

namespace ferrule::detail {
namespace {

scratch_memory& kept() noexcept {
  thread_local scratch_memory memory;
  return memory;
}

/// So that the hooks see the 500 that comes of it.
void check(const http::answer_head& head) {
  const std::string fault = http::fault_of(head);
  if (!fault.empty()) throw std::invalid_argument("the response is not valid HTTP: " + fault);
}

}  // namespace

scratch::scratch() noexcept : memory_(kept().lent ? own_.emplace() : kept()) {
  memory_.lent = true;
  memory_.text.clear();
  memory_.fields.clear();
}

scratch::~scratch() {
  if (memory_.text.capacity() > kept_bytes_max) memory_.text = buffer();
  memory_.lent = false;
}

void outlet::begin(const http::answer_head& head,
                   std::optional<std::uint64_t> content_length) const {
  if (hooks_ == nullptr) return exchange_->begin(head, content_length);
  check(head);
  scratch memory;
  answer outgoing(head, {}, memory.fields());
  outgoing.handler_began = hooks_->handler_began;
  hooks_->run(*hooks_, outgoing);
  exchange_->begin({outgoing.status, outgoing.content_type, outgoing.fields()}, content_length);
}

void outlet::respond_after_hooks(const http::answer_head& head, std::string_view body) const {
  check(head);
  scratch memory;
  answer outgoing(head, body, memory.fields());
  outgoing.handler_began = hooks_->handler_began;
  hooks_->run(*hooks_, outgoing);
  exchange_->respond({outgoing.status, outgoing.content_type, outgoing.fields()}, body);
}

}  // namespace ferrule::detail
