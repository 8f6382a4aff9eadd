#include "ferrule/client/decode.hpp"

#include "ferrule/api/media_type.hpp"
#include "ferrule/client/client.hpp"
#include "ferrule/resilience/retry_after.hpp"

namespace ferrule::detail {

std::string json_fault(const http::client_response& answer) {
  const std::string_view type = answer.header("Content-Type");
  if (is_json(type)) return {};
  return type.empty() ? "the response has no Content-Type"
                      : "the response is not JSON but " + std::string(type);
}

std::string json_fault(const json::read_error& error) {
  const json::violation& first = error.problems.front();
  std::string text =
      first.pointer.empty() ? "the response cannot be read:" : "the response's " + first.pointer;
  text += ' ' + first.message;
  const std::size_t more = error.problems.size() - 1 + error.unlisted;
  if (more != 0) text += ", and " + std::to_string(more) + " more";
  return text;
}

call_failure failure_of(const http::client_response& answer, call_fault fault, std::string detail,
                        wall_time now) {
  return {.fault = fault,
          .was_sent = true,
          .status = answer.status(),
          .detail = std::move(detail),
          .retry_after = parse_retry_after(answer.header("Retry-After"), now)};
}

void apply(const call_options& options, encoded_request& to) {
  for (const auto& [name, value] : options.fields) to.add_field(name, value);
  if (!options.idempotency_key.empty()) {
    to.add_field(idempotency_key_field, options.idempotency_key);
  }
  if (!options.content_type.empty()) to.content_type = options.content_type;
}

}  // namespace ferrule::detail
