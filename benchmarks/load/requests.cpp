#include "load/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/fields.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/json/raw.hpp"
#include "ferrule/json/read.hpp"

namespace ferrule::load {
namespace {

constexpr std::uint64_t variants_max = 1024;

/// "{first..last}" in a target.
struct number_range {
  std::size_t begin;  // in the target, with the braces
  std::size_t end;
  std::uint64_t first;
  std::uint64_t last;
};

/// Nothing where there is none; a line for the user where there is one that is none.
result<std::optional<number_range>, std::string> find_range(std::string_view target) {
  const std::size_t begin = target.find('{');
  const std::size_t end = target.find('}', begin);
  if (begin == target.npos || end == target.npos) return std::optional<number_range>();
  const char* const stop = target.data() + end;
  number_range range{begin, end + 1, 0, 0};
  const auto first = std::from_chars(target.data() + begin + 1, stop, range.first);
  if (first.ec != std::errc() || !std::string_view(first.ptr, stop).starts_with("..")) {
    return std::optional<number_range>();  // braces may stand in a target
  }
  const auto last = std::from_chars(first.ptr + 2, stop, range.last);
  if (last.ec != std::errc() || last.ptr != stop || range.last < range.first) {
    return fail(fmt::format("'{}' is no range of numbers such as {{1..1000}}",
                            target.substr(begin, end + 1 - begin)));
  }
  return range;
}

/// The targets that a target with a range stands for; of a long range evenly spaced ones.
result<std::vector<std::string>, std::string> targets_of(const std::string& target) {
  const auto found = find_range(target);
  if (!found) return fail(found.error());
  const std::optional<number_range>& range = *found;
  if (!range) return std::vector{target};
  const std::uint64_t step = (range->last - range->first) / variants_max + 1;
  std::vector<std::string> targets;
  for (std::uint64_t n = range->first; n <= range->last && targets.size() != variants_max;
       n += step) {
    targets.push_back(target.substr(0, range->begin) + std::to_string(n) +
                      target.substr(range->end));
  }
  return targets;
}

result<std::string, std::string> render(const request_source& source, const std::string& target,
                                        std::string_view authority, bool keep_alive) {
  http::request_head_parts parts{.verb = source.method, .target = target, .host = authority};
  if (!keep_alive) parts.connection = http::connection_option::close;
  std::vector<header_field> fields;
  for (const auto& [name, value] : source.headers) {
    if (equal_ignoring_case(name, "host")) {
      parts.host = value;
    } else {
      fields.push_back({name, value});
    }
  }
  parts.fields = fields;
  const method verb = parse_method(source.method);
  const bool has_content = verb == method::post || verb == method::put || verb == method::patch;
  if (has_content || !source.body.empty()) parts.body = body_kind::length;
  parts.content_length = source.body.size();
  buffer bytes;
  if (!http::write_request_head(bytes, parts)) {
    return fail(fmt::format(
        "'{} {}' is not a valid request: look at its method, its target (encode spaces as %20) and "
        "its headers (Content-Length, Transfer-Encoding and Connection are not yours to set)",
        source.method, target));
  }
  bytes.append(source.body);
  return std::string(bytes.view());
}

result<prepared_request, std::string> prepare_one(const request_source& source,
                                                  std::string_view authority, bool keep_alive) {
  prepared_request made;
  made.name =
      source.name.empty() ? fmt::format("{} {}", source.method, source.target) : source.name;
  made.weight = source.weight;
  made.verb = parse_method(source.method);
  made.statuses = source.statuses;
  made.expect_body = source.expect_body;
  if (made.verb == method::connect) return fail(std::string("CONNECT is not for load"));
  const auto targets = targets_of(source.target);
  if (!targets) return fail(targets.error());
  for (const std::string& target : *targets) {
    auto bytes = render(source, target, authority, keep_alive);
    if (!bytes) return fail(bytes.error());
    made.variants.push_back(std::move(*bytes));
  }
  return made;
}

/// As the file has it.
struct request_entry {
  static constexpr bool json_allow_missing = true;

  std::string name;
  double weight = 1;
  std::string method = "GET";
  std::string target;
  std::map<std::string, std::string> headers;
  std::string body;
  std::optional<json::raw> json;
  std::optional<int> expect_status;
  std::string expect_body;

  void validate(json::violations& problems) const {
    if (!target.starts_with('/')) problems.add("/target", "must begin with '/'");
    if (!(weight > 0)) problems.add("/weight", "must be above 0");
    if (json && !body.empty()) problems.add("/json", "must not stand beside a body");
  }
};

request_source source_of(request_entry&& entry) {
  request_source source{.name = std::move(entry.name),
                        .weight = entry.weight,
                        .method = std::move(entry.method),
                        .target = std::move(entry.target),
                        .body = std::move(entry.body),
                        .expect_body = std::move(entry.expect_body)};
  for (auto& [name, value] : entry.headers) source.headers.emplace_back(name, value);
  if (entry.json) {
    source.body = entry.json->text();
    source.headers.emplace_back("Content-Type", "application/json");
  }
  if (entry.expect_status) source.statuses.push_back(*entry.expect_status);
  return source;
}

}  // namespace

bool prepared_request::expects(int status) const noexcept {
  if (statuses.empty()) return status < 400;
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

result<request_set, std::string> request_set::prepare(const std::vector<request_source>& sources,
                                                      std::string_view authority, bool keep_alive) {
  request_set set;
  double sum = 0;
  for (const request_source& source : sources) {
    auto made = prepare_one(source, authority, keep_alive);
    if (!made) return fail(made.error());
    set.requests_.push_back(std::move(*made));
    set.weights_so_far_.push_back(sum += source.weight);
  }
  return set;
}

std::uint32_t request_set::pick(rng& random) const noexcept {
  if (requests_.size() == 1) return 0;
  const double drawn = random.uniform() * weights_so_far_.back();
  const auto at = std::upper_bound(weights_so_far_.begin(), weights_so_far_.end(), drawn);
  return static_cast<std::uint32_t>(
      std::min<std::ptrdiff_t>(at - weights_so_far_.begin(), std::ssize(requests_) - 1));
}

result<std::vector<request_source>, std::string> parse_requests(std::string_view json) {
  auto entries = json::read<std::vector<request_entry>>(json);
  if (!entries) {
    std::string text;
    for (const json::violation& each : entries.error().problems) {
      text += fmt::format("{}{}{}{}", text.empty() ? "" : "; ", each.pointer,
                          each.pointer.empty() ? "" : " ", each.message);
    }
    return fail(text);
  }
  if (entries->empty()) return fail(std::string("it has no requests"));
  std::vector<request_source> sources;
  for (request_entry& entry : *entries) sources.push_back(source_of(std::move(entry)));
  return sources;
}

}  // namespace ferrule::load
