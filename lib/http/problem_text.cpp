#include "ferrule/http/problem_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "ferrule/http/status.hpp"

namespace ferrule::http {

void write_problem(buffer& out, int status, std::string_view detail) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), R"({{"type":"about:blank","title":"{}","status":{})",
                 reason_phrase(status), status);
  if (!detail.empty()) fmt::format_to(std::back_inserter(text), R"(,"detail":"{}")", detail);
  text.push_back('}');
  out.append({text.data(), text.size()});
}

}  // namespace ferrule::http
