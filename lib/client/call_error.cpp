#include "ferrule/client/call_error.hpp"

#include "ferrule/http/status.hpp"
#include "ferrule/json/read.hpp"

namespace ferrule::detail {
namespace {

/// What of RFC 9457 matters here; the rest is for people.
struct problem_document {
  static constexpr bool json_allow_unknown = true;
  static constexpr bool json_allow_missing = true;
  std::string type = "about:blank";
  std::string title;
  std::string detail;
};

bool is_problem_document(std::string_view content_type) noexcept {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
  return equal_ignoring_case(type, problem_content_type);
}

std::string_view or_else(std::string_view text, std::string_view usual) noexcept {
  return text.empty() ? usual : text;
}

}  // namespace

bool received_problem::is(const problem& declared) const noexcept {
  return is_problem && status == declared.status && type == or_else(declared.type, "about:blank") &&
         title == or_else(declared.title, reason_phrase(declared.status));
}

std::string received_problem::text() const {
  if (detail.empty()) return title;
  return title.empty() ? detail : title + ": " + detail;
}

received_problem read_problem(const http::client_response& answer) {
  received_problem received{.status = answer.status()};
  received.title = reason_phrase(received.status);
  if (!is_problem_document(answer.header("Content-Type"))) return received;
  auto document = json::read<problem_document>(answer.body());
  if (!document) return received;
  received.is_problem = true;
  received.type = std::move(document->type);
  received.title = std::move(document->title);
  received.detail = std::move(document->detail);
  return received;
}

}  // namespace ferrule::detail
