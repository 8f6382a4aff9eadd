#include "ferrule/test/mock.hpp"

#include <algorithm>

namespace ferrule::test::detail {
namespace {

/// As that of an upstream.
constexpr std::chrono::nanoseconds timeout_usual = std::chrono::seconds(2);

call_request request_of(const http::client_request& what) {
  call_request made{.line = std::string(what.verb) + ' ' + std::string(what.target),
                    .fields = {},
                    .body = std::string(what.body)};
  if (!what.content_type.empty()) made.fields.emplace_back("Content-Type", what.content_type);
  for (const header_field& field : what.fields) made.fields.emplace_back(field.name, field.value);
  return made;
}

http::client_response response_of(const call_answer& answer) {
  std::vector<header_field> fields;
  if (!answer.content_type.empty()) fields.push_back({"Content-Type", answer.content_type});
  for (const auto& [name, value] : answer.fields) fields.push_back({name, value});
  return http::client_response::make(answer.status, fields, answer.body);
}

constexpr http::route_traits unmatched{.pattern = "(no such endpoint)"};

}  // namespace

task<caller::outcome> mock_service::call(outgoing_call what) {
  const environment& env = co_await current_environment();
  const mono_time now = env.loop->now();
  const call_request request = request_of(what.request);
  calls_.push_back({std::string(what.endpoint), request, now});
  const auto mocked = std::ranges::find_if(
      endpoints_, [&](const auto& each) { return each.shape->text == what.endpoint; });
  if (mocked != endpoints_.end()) {
    const std::optional<call_failure> failure = mocked->failure;
    const std::chrono::nanoseconds allowed = what.timeout.value_or(timeout_usual);
    const std::chrono::nanoseconds delay = mocked->delay;
    if (delay.count() > 0) co_await sleep(std::min(delay, allowed));
    if (delay >= allowed) {
      co_return ferrule::fail(call_failure{.fault = call_fault::timeout, .was_sent = true});
    }
    if (failure) co_return ferrule::fail(*failure);
  }
  co_return response_of(test::call(*this, request));
}

std::size_t mock_service::count(std::string_view endpoint) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(calls_, endpoint, &mock_call::endpoint));
}

void mock_service::match(http::exchange& ex) noexcept {
  const std::size_t found = ferrule::detail::choose_route(tree_, endpoints_.size(), ex);
  ex.match().route = static_cast<std::int32_t>(found);
  ex.match().traits = found < endpoints_.size() ? &endpoints_[found].traits : &unmatched;
}

void mock_service::invoke(http::exchange& ex) noexcept {
  const ferrule::detail::outlet out(ex);
  try {
    const auto found = static_cast<std::size_t>(ex.match().route);
    if (found >= endpoints_.size()) return ferrule::detail::send_problem(out, {.status = 404});
    const mocked_endpoint& mocked = endpoints_[found];
    if (mocked.handler == nullptr) {
      return ferrule::detail::send_problem(
          out, {.status = 501, .detail = "the mock was given no handler for this endpoint"});
    }
    mocked.handler->run({out, *mocked.shape, mocked.slots, nullptr});
  } catch (...) {
    ferrule::detail::answer_exception(out);
  }
}

}  // namespace ferrule::test::detail
