#include "ferrule/http/problem_text.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "ferrule/http/status.hpp"

namespace ferrule::http {

void write_problem(buffer& out, int status, std::string_view detail, std::string_view trace_id) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), R"({{"type":"about:blank","title":"{}","status":{})",
                 reason_phrase(status), status);
  if (!detail.empty()) fmt::format_to(std::back_inserter(text), R"(,"detail":"{}")", detail);
  if (!trace_id.empty()) {
    fmt::format_to(std::back_inserter(text), R"(,"trace_id":"{}")", trace_id);
  }
  text.push_back('}');
  out.append({text.data(), text.size()});
}

std::span<const header_field> problem_fields(int status) noexcept {
  // What is lacking now may be there in a moment (RFC 9110 section 10.2.3).
  static constexpr std::array retry_after{header_field{"Retry-After", "1"}};
  return std::span(retry_after).first(status == 503 ? 1 : 0);
}

}  // namespace ferrule::http
