#include "ferrule/api/answer.hpp"

#include <utility>

namespace ferrule::detail {
namespace {

struct kept_memory {
  buffer text;
  std::vector<header_field> fields;
};

kept_memory& kept() noexcept {
  thread_local kept_memory memory;
  return memory;
}

}  // namespace

scratch::scratch() noexcept : text(std::move(kept().text)), fields(std::move(kept().fields)) {
  text.clear();
  fields.clear();
}

scratch::~scratch() {
  if (text.capacity() > kept_bytes_max) text = buffer();
  kept() = {std::move(text), std::move(fields)};
}

void outlet::begin(const http::answer_head& head,
                   std::optional<std::uint64_t> content_length) const {
  if (hooks_ == nullptr) return exchange_->begin(head, content_length);
  scratch memory;
  answer outgoing(head, {}, memory.fields);
  hooks_->run(*hooks_, outgoing);
  exchange_->begin({outgoing.status, outgoing.content_type, outgoing.fields()}, content_length);
}

void outlet::respond_after_hooks(const http::answer_head& head, std::string_view body) const {
  scratch memory;
  answer outgoing(head, body, memory.fields);
  hooks_->run(*hooks_, outgoing);
  exchange_->respond({outgoing.status, outgoing.content_type, outgoing.fields()}, body);
}

}  // namespace ferrule::detail
