#include "load/target.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "load/fetch.hpp"
#include "load/files.hpp"
#include "load/openapi.hpp"

namespace ferrule::load {
namespace {

using sources_result = result<std::vector<request_source>, std::string>;

sources_result sources_from_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(fmt::format("cannot read {}: {}", path, text.error()));
  auto sources = parse_requests(*text);
  if (!sources) return fail(fmt::format("{}: {}", path, sources.error()));
  return sources;
}

sources_result sources_from_openapi(const settings& asked) {
  const bool is_url = asked.openapi.starts_with("http://");
  const auto text = is_url ? fetch(asked.openapi, asked.timeout) : read_file(asked.openapi);
  if (!text) return fail(fmt::format("cannot read {}: {}", asked.openapi, text.error()));
  auto sources = openapi_requests(*text, asked.openapi_methods);
  if (!sources) return fail(fmt::format("{}: {}", asked.openapi, sources.error()));
  return sources;
}

sources_result find_sources(const settings& asked, const url& where) {
  if (!asked.requests_file.empty()) return sources_from_file(asked.requests_file);
  if (!asked.openapi.empty()) return sources_from_openapi(asked);
  return std::vector<request_source>{
      {.method = asked.method, .target = where.target, .body = asked.body}};
}

/// "2xx or 3xx", "201", "200 or 404".
std::string expected_text(const prepared_request& request) {
  if (request.statuses.empty()) return "below 400";
  std::string text;
  for (const int each : request.statuses) {
    text += fmt::format("{}{}", text.empty() ? "" : " or ", each);
  }
  return text;
}

bool is_loopback(const address& at) { return at.ip().starts_with("127."); }

/// A pair of addresses has some 28,000 ports; without keep-alive each is blocked for a minute.
unsigned source_addresses_for(const settings& asked, const address& at) {
  if (asked.source_addresses) return is_loopback(at) ? *asked.source_addresses : 0;
  constexpr unsigned connections_an_address = 20000;
  if (!is_loopback(at)) return 0;
  if (!asked.keep_alive) return std::min(asked.connections, 250U);
  return asked.connections / connections_an_address == 0
             ? 0
             : asked.connections / connections_an_address + 1;
}

}  // namespace

result<target, std::string> find_target(const settings& asked, std::string_view url_text) {
  const auto where = parse_url(url_text);
  if (!where) return fail(where.error());
  const auto addresses = resolve(*where);
  if (!addresses) return fail(addresses.error());
  auto sources = find_sources(asked, *where);
  if (!sources) return fail(sources.error());
  for (request_source& each : *sources) {
    each.headers.insert(each.headers.end(), asked.headers.begin(), asked.headers.end());
    if (asked.expect_status) each.statuses = {*asked.expect_status};
    if (!asked.expect_body.empty()) each.expect_body = asked.expect_body;
  }
  auto requests = request_set::prepare(*sources, where->authority, asked.keep_alive);
  if (!requests) return fail(requests.error());
  return target{*where, first_that_listens(*addresses, asked.timeout), std::move(*requests)};
}

trial_requests try_target(const target& with, nanoseconds timeout) {
  trial_requests tried;
  for (const prepared_request& each : with.requests.all()) {
    const auto got = exchange(with.at, each.variants.front(), each.verb, timeout);
    if (!got) return {.error = got.error(), .problems = {}};
    if (!each.expects(got->status)) {
      tried.problems.push_back(
          fmt::format("{} is answered {}, expected was {}; --expect-status says otherwise",
                      each.name, got->status, expected_text(each)));
    } else if (got->body.find(each.expect_body) == std::string::npos) {
      tried.problems.push_back(
          fmt::format("the answer to {} does not contain '{}'", each.name, each.expect_body));
    }
  }
  if (tried.problems.size() == with.requests.all().size()) tried.error = tried.problems.front();
  return tried;
}

run_settings run_settings_for(const settings& asked, const target& with, nanoseconds duration) {
  const nanoseconds warmup_most = std::chrono::seconds(2);
  const nanoseconds warmup = asked.warmup.value_or(std::min(duration / 10, warmup_most));
  return {.connection = {.to = with.at,
                         .keep_alive = asked.keep_alive,
                         .pipeline = asked.pipeline,
                         .timeout = asked.timeout},
          .requests = &with.requests,
          .connections = asked.connections,
          .threads = asked.threads,
          .source_addresses = source_addresses_for(asked, with.at),
          .rate = {},
          .arrivals = asked.arrivals,
          .warmup = warmup,
          .duration = duration,
          .backend = {.kind = asked.backend},
          .seed = asked.seed};
}

}  // namespace ferrule::load
