#include "client/redirects.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/http/method.hpp"

namespace ferrule {
namespace {

bool is_safe(std::string_view verb) noexcept {
  const method known = parse_method(verb);
  return known == method::get || known == method::head || known == method::options ||
         known == method::trace;
}

bool holds_credentials(const header_field& field) noexcept {
  for (const std::string_view name : {"Authorization", "Cookie", "Proxy-Authorization"}) {
    if (equal_ignoring_case(field.name, name)) return true;
  }
  return false;
}

bool is_about_content(const header_field& field) noexcept {
  constexpr std::string_view prefix = "Content-";
  return equal_ignoring_case(field.name.substr(0, prefix.size()), prefix);
}

/// A path without "." and ".." segments (RFC 3986 section 5.2.4). It begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    path.remove_prefix(end);
    if (segment == "/.." || segment == "/.") {
      if (segment == "/..") out.resize(std::min(out.rfind('/'), out.size()));
      if (is_last) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

/// Path and query of what a reference says, relative to a target.
std::string target_of(std::string_view base, std::string_view reference) {
  const std::string_view base_path = base.substr(0, base.find('?'));
  const std::size_t question = std::min(reference.find('?'), reference.size());
  const std::string_view path = reference.substr(0, question);
  const std::string query(reference.substr(question));
  if (path.starts_with('/')) return without_dot_segments(path) + query;
  if (path.empty()) return query.empty() ? std::string(base) : std::string(base_path) + query;
  const std::string_view folder = base_path.substr(0, base_path.rfind('/') + 1);
  return without_dot_segments(std::string(folder.empty() ? "/" : folder) + std::string(path)) +
         query;
}

}  // namespace

std::optional<location> resolve(const origin& base, std::string_view target,
                                std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  std::string url;
  const std::size_t first = reference.find_first_of(":/?");
  if (reference.starts_with("//")) {
    url = (base.is_tls() ? "https:" : "http:") + std::string(reference);
  } else if (first != std::string_view::npos && reference[first] == ':') {
    url = reference;
  } else {
    return location{base, target_of(target, reference)};
  }
  const std::size_t slashes = url.find("//");
  if (slashes == std::string::npos) return {};
  const std::size_t end = std::min(url.find_first_of("/?", slashes + 2), url.size());
  const auto at = origin::parse(std::string_view(url).substr(0, end));
  if (!at) return {};
  std::string rest = url.substr(end);
  if (!rest.starts_with('/')) rest.insert(0, 1, '/');
  return location{*at, target_of("/", rest)};
}

bool redirected_request::follow(const http::client_response& answer) {
  const int status = answer.status();
  const bool see_other = status == 303;
  const bool moved = status == 301 || status == 302 || status == 307 || status == 308;
  if (!see_other && !(moved && is_safe(what_.verb))) return false;
  const std::string_view reference = answer.header("location");
  if (reference.empty()) return false;
  auto next = resolve(to_, what_.target, reference);
  if (!next) return false;

  std::vector<header_field> fields(what_.fields.begin(), what_.fields.end());
  const bool leaves = next->at != to_;
  if (leaves) {
    std::erase_if(fields, holds_credentials);
    what_.host = {};
  }
  if (see_other) {
    std::erase_if(fields, is_about_content);
    if (what_.verb != "HEAD") what_.verb = "GET";
    what_.body = {};
    what_.content_type = {};
  }
  to_ = std::move(next->at);
  target_ = std::move(next->target);
  fields_ = std::move(fields);
  what_.target = target_;
  what_.fields = fields_;
  return true;
}

}  // namespace ferrule
