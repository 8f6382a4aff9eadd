#include "client/redirects.hpp"

#include <algorithm>
#include <utility>

#include "ferrule/core/retry_allowance.hpp"
#include "ferrule/http/method.hpp"
#include "ferrule/http/propagation.hpp"
#include "ferrule/http/uri.hpp"

namespace ferrule {
namespace {

bool is_safe(std::string_view verb) noexcept {
  const method known = parse_method(verb);
  return known == method::get || known == method::head || known == method::options ||
         known == method::trace;
}

bool begins_with(const header_field& field, std::string_view prefix) noexcept {
  return equal_ignoring_case(field.name.substr(0, prefix.size()), prefix);
}

bool is_about_content(const header_field& field) noexcept { return begins_with(field, "Content-"); }

/// Whether a field may be told to another origin than the one it was meant for. Secrets have too
/// many names for a list of them, so this is one of what holds none.
bool is_for_anyone(const header_field& field) noexcept {
  if (is_about_content(field) || begins_with(field, "Accept-")) return true;
  constexpr std::string_view harmless[] = {
      "Accept",       "Cache-Control",   "Pragma",            "Prefer",
      "User-Agent",   http::trace_field, http::timeout_field, retry_allowance_field};
  return std::ranges::any_of(
      harmless, [&](std::string_view name) { return equal_ignoring_case(field.name, name); });
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
  if (!next || next->at.is_tls()) return false;  // there is no TLS

  std::vector<header_field> fields(what_.fields.begin(), what_.fields.end());
  const bool leaves = next->at != to_;
  if (leaves) {
    std::erase_if(fields, [](const header_field& field) { return !is_for_anyone(field); });
    what_.host = {};
  }
  if (see_other) {
    std::erase_if(fields, is_about_content);
    if (what_.verb != "HEAD") what_.verb = "GET";
    what_.body = {};
    what_.content_type = {};
  }
  to_ = std::move(next->at);
  target_ = http::encode_target(next->target);  // servers send UTF-8, and more, as browsers take it
  fields_ = std::move(fields);
  what_.target = target_;
  what_.fields = fields_;
  return true;
}

}  // namespace ferrule
