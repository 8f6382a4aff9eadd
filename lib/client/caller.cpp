#include "ferrule/client/caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ferrule {

const char* to_string(call_fault fault) noexcept {
  switch (fault) {
    case call_fault::transport:
      return "no response";
    case call_fault::timeout:
      return "no response in time";
    case call_fault::circuit_open:
      return "not called: the circuit is open";
    case call_fault::shed:
      return "not called";
    case call_fault::declared:
      return "an error of the contract";
    case call_fault::undeclared:
      return "an error that is not in the contract";
    case call_fault::unreadable:
      return "a response that is not in the contract";
    case call_fault::broken_off:
      return "the response broke off";
  }
  return "";
}

const char* to_string(shed_by limit) noexcept {
  switch (limit) {
    case shed_by::none:
      return "";
    case shed_by::rate_limit:
      return "the rate limit is reached";
    case shed_by::bulkhead:
      return "too many calls are running and waiting";
    case shed_by::concurrency_limit:
      return "the concurrency limit is reached";
    case shed_by::pool:
      return "too many requests wait for a connection";
    case shed_by::no_endpoint:
      return "there is no endpoint";
  }
  return "";
}

std::string to_string(const call_failure& failed) {
  std::string text = to_string(failed.fault);
  const bool is_slow_stream = failed.fault == call_fault::timeout && failed.status != 0;
  if (is_slow_stream) text = "the response did not go on in time";
  const bool has_reason =
      failed.fault == call_fault::transport || failed.fault == call_fault::broken_off;
  if (has_reason) text += std::string(": ") + to_string(failed.transport);
  if (failed.fault == call_fault::shed) text += std::string(": ") + to_string(failed.shed);
  if (failed.status != 0) text += fmt::format(" ({})", failed.status);
  if (!failed.detail.empty()) text += ": " + failed.detail;
  return text;
}

problem to_problem(const call_failure& failed) {
  problem told{.status = 502, .title = "A service behind this one failed"};
  const auto be_unavailable = [&] {
    told.status = 503;
    told.title = "A service behind this one is not available";
    told.retry_after = std::max(std::chrono::seconds(1),
                                std::chrono::ceil<std::chrono::seconds>(
                                    failed.retry_after.value_or(std::chrono::seconds(1))));
  };
  switch (failed.fault) {
    case call_fault::timeout:
      told.status = 504;
      told.title = "A service behind this one took too long";
      break;
    case call_fault::circuit_open:
    case call_fault::shed:
      be_unavailable();
      break;
    case call_fault::transport:
    case call_fault::broken_off:
      // The one behind has nothing to do with it.
      if (failed.transport == transport_error::no_resources) be_unavailable();
      break;
    case call_fault::declared:
    case call_fault::undeclared:
    case call_fault::unreadable:
      break;
  }
  return told;
}

}  // namespace ferrule
