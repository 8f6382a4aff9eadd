#pragma once
// A request's own fields, and what it hands on from the request that is being served.

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "ferrule/core/environment.hpp"
#include "ferrule/core/retry_allowance.hpp"
#include "ferrule/http/fields.hpp"
#include "ferrule/http/propagation.hpp"

namespace ferrule {

class inherited_fields {
 public:
  // `left`: how long the sender waits, if there is an end to it.
  inherited_fields(std::span<const header_field> own, const environment& env,
                   std::optional<std::chrono::nanoseconds> left, retry_allowance lent)
      : retries_(encode_retry_allowance(lent)) {
    all_.reserve(own.size() + 3);
    all_.assign(own.begin(), own.end());
    if (left) {
      timeout_ = http::encode_timeout(*left);
      all_.push_back({http::timeout_field, timeout_.view()});
    }
    all_.push_back({retry_allowance_field, retries_.view()});
    if (env.trace == nullptr) return;
    trace_ = http::encode_trace(*env.trace);
    all_.push_back({http::trace_field, trace_.view()});
  }
  inherited_fields(const inherited_fields&) = delete;  // the views point into it
  inherited_fields& operator=(const inherited_fields&) = delete;

  std::span<const header_field> all() const noexcept { return all_; }

 private:
  http::timeout_text timeout_;
  retry_allowance_text retries_;
  http::trace_text trace_;
  std::vector<header_field> all_;
};

}  // namespace ferrule
