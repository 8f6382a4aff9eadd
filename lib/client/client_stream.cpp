#include "ferrule/client/client_stream.hpp"

#include <utility>

namespace ferrule {
namespace {

using step_result = result<void, transport_failure>;

/// A response that is there.
class whole_source final : public stream_source {
 public:
  explicit whole_source(http::client_response response) noexcept
      : response_(std::move(response)), left_(response_.body()) {}

  const response_head* known_head() const noexcept override { return &response_.head(); }
  task<result<std::string_view, transport_failure>> read() override {
    co_return std::exchange(left_, {});
  }
  bool pass_over() noexcept override { return true; }
  std::uint64_t whole_bytes_max() const noexcept override { return response_.body().size(); }

 private:
  http::client_response response_;
  std::string_view left_;
};

transport_failure refused() { return {transport_error::invalid_request}; }

}  // namespace

task<step_result> stream_source::write(std::string_view) { co_return fail(refused()); }
task<step_result> stream_source::finish(std::span<const header_field>) {
  co_return fail(refused());
}
task<step_result> stream_source::wait_for_head() { co_return step_result(); }

client_stream::client_stream(std::unique_ptr<stream_source> source) noexcept
    : source_(std::move(source)) {}
client_stream::client_stream(client_stream&&) noexcept = default;
client_stream& client_stream::operator=(client_stream&&) noexcept = default;
client_stream::~client_stream() = default;

client_stream client_stream::whole(http::client_response response) {
  return client_stream(std::make_unique<whole_source>(std::move(response)));
}

FERRULE_CORO_WRAPPER
task<step_result> client_stream::write(std::string_view part) { return source_->write(part); }

FERRULE_CORO_WRAPPER
task<step_result> client_stream::finish(std::span<const header_field> trailers) {
  return source_->finish(trailers);
}

task<result<response_head, transport_failure>> client_stream::head() {
  if (source_->known_head() == nullptr) {
    const auto came = co_await source_->wait_for_head();
    if (!came) co_return fail(came.error());
  }
  co_return *source_->known_head();
}

int client_stream::status() const noexcept {
  const response_head* const known = source_->known_head();
  return known != nullptr ? known->status : 0;
}

std::string_view client_stream::header(std::string_view name) const noexcept {
  const response_head* const known = source_->known_head();
  return known != nullptr ? known->header(name) : std::string_view();
}

task<std::optional<std::string_view>> client_stream::read() {
  std::optional<std::string_view> part;
  if (failure_) co_return part;
  if (source_->known_head() == nullptr) {
    const auto came = co_await source_->wait_for_head();
    if (!came) failure_ = came.error();
  }
  if (failure_) co_return part;
  const auto got = co_await source_->read();
  if (!got) {
    failure_ = got.error();
  } else if (!got->empty()) {
    part = *got;
  }
  co_return part;
}

task<result<http::client_response, transport_failure>> client_stream::collect() {
  const auto head = co_await this->head();
  if (!head) co_return fail(head.error());
  const transport_failure too_large{transport_error::too_large, true};
  const std::uint64_t bytes_max = source_->whole_bytes_max();
  const bool says_more = head->body == body_kind::length && head->content_length > bytes_max;
  if (says_more) co_return fail(too_large);
  buffer body;
  while (const auto part = co_await read()) {
    if (part->size() > bytes_max - body.size()) co_return fail(too_large);
    body.append(*part);
  }
  if (failure_) co_return fail(*failure_);
  co_return http::client_response::make(head->status, head->fields, body.view());
}

}  // namespace ferrule
