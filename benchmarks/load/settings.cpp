#include "load/settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <utility>

#include "load/files.hpp"

namespace ferrule::load {
namespace {

settings& of(void* target) { return *static_cast<settings*>(target); }

/// Reads a whole number of a range; returns what is wrong with it.
template <class T>
std::string number(std::string_view text, T least, T most, T& into) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || value < least || value > most) {
    return fmt::format("must be a number from {} to {}", least, most);
  }
  into = value;
  return {};
}

std::string time(std::string_view text, nanoseconds& into) {
  const auto value = parse_duration(text);
  if (!value) return "must be a duration such as 10s, 500ms or 2m";
  into = *value;
  return {};
}

std::string percentage(std::string_view text, double& into) {
  if (text.ends_with('%')) text.remove_suffix(1);
  unsigned value = 0;
  if (!number(text, 1U, 100U, value).empty()) return "must be a percentage such as 5%";
  into = value / 100.0;
  return {};
}

std::string set_rate(void* t, std::string_view text) {
  of(t).rate = parse_rate(text);
  if (of(t).rate) return {};
  return "must be requests a second: 1000 (or 1k), a ramp 100..1000, or steps 100,200,400";
}

std::string set_arrivals(void* t, std::string_view text) {
  if (text != "constant" && text != "poisson") return "must be constant or poisson";
  of(t).arrivals = text == "poisson" ? arrival_kind::poisson : arrival_kind::constant;
  return {};
}

std::string set_backend(void* t, std::string_view text) {
  if (text != "auto" && text != "uring" && text != "epoll") return "must be auto, uring or epoll";
  of(t).backend = text == "auto"    ? io::backend_kind::automatic
                  : text == "uring" ? io::backend_kind::uring
                                    : io::backend_kind::epoll;
  return {};
}

std::string set_header(void* t, std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0) return "must be 'Name: value'";
  const std::size_t value = std::min(text.find_first_not_of(' ', colon + 1), text.size());
  of(t).headers.emplace_back(text.substr(0, colon), text.substr(value));
  return {};
}

std::string set_body_file(void* t, std::string_view text) {
  auto read = read_file(std::string(text));
  if (!read) return fmt::format("must name a file that can be read ({})", read.error());
  of(t).body_file = std::move(*read);
  return {};
}

std::string set_task(void* t, task_kind kind) {
  of(t).has_two_tasks = of(t).task != task_kind::run && of(t).task != kind;
  of(t).task = kind;
  return {};
}

/// The same, but no time at all is none.
std::string some_time(std::string_view text, nanoseconds& into) {
  const std::string wrong = time(text, into);
  return !wrong.empty() || into.count() > 0 ? wrong : "must be longer than nothing";
}

std::string set_duration(void* t, std::string_view text) {
  return some_time(text, of(t).duration.emplace());
}

std::string set_slo(void* t, std::string_view text) {
  const auto promise = parse_slo(text);
  if (!promise) return "must be such as p99=1ms or p50=500us,p99.9=5ms";
  of(t).promise = *promise;
  of(t).promise_given = true;
  return {};
}

constexpr option load_options[] = {
    {"rate", "R", "requests a second: 1000, a ramp 100..1000, steps 100,200,400 (1000)", set_rate},
    {"closed", "", "closed loop: a connection asks again when it was answered",
     [](void* t, auto) { return of(t).closed_loop = true, std::string(); }},
    {"arrivals", "KIND", "constant or poisson (constant)", set_arrivals},
    {"connections", "N", "kept open, over all threads (64)",
     [](void* t, auto s) { return number(s, 1U, 1'000'000U, of(t).connections); }},
    {"threads", "N", "of the tool (1)",
     [](void* t, auto s) { return number(s, 1U, 256U, of(t).threads); }},
    {"duration", "TIME", "what is measured (10s; 3s for each step of a search)", set_duration},
    {"warmup", "TIME", "before that, not counted (a tenth of the duration, at most 2s)",
     [](void* t, auto s) { return time(s, of(t).warmup.emplace()); }},
    {"timeout", "TIME", "after which a request has failed (10s)",
     [](void* t, auto s) { return some_time(s, of(t).timeout); }},
    {"pipeline", "N", "requests under way on a connection (1)",
     [](void* t, auto s) { return number(s, 1U, 1024U, of(t).pipeline); }},
    {"no-keep-alive", "", "a connection for each request",
     [](void* t, auto) { return of(t).keep_alive = false, std::string(); }},
    {"source-addresses", "N", "of 127/8 to come from, when the target is there (as needed)",
     [](void* t, auto s) { return number(s, 0U, 60000U, of(t).source_addresses.emplace()); }},
    {"backend", "NAME", "auto, uring or epoll (auto)", set_backend},
    {"seed", "N", "decides all chance (1)",
     [](void* t, auto s) { return number<std::uint64_t>(s, 0, UINT64_MAX, of(t).seed); }},
};

constexpr option request_options[] = {
    {"method", "NAME", "of the request (GET)",
     [](void* t, auto s) { return of(t).method = s, std::string(); }},
    {"header", "'NAME: VALUE'", "one more header field; may be repeated", set_header},
    {"body", "TEXT", "of the request",
     [](void* t, auto s) { return of(t).body = s, std::string(); }},
    {"body-file", "FILE", "the same from a file", set_body_file},
    {"expect-status", "N", "what an answer must have (any below 400)",
     [](void* t, auto s) { return number(s, 100, 599, of(t).expect_status.emplace()); }},
    {"expect-body", "TEXT", "what an answer's body must contain",
     [](void* t, auto s) { return of(t).expect_body = s, std::string(); }},
    {"requests", "FILE", "weighted requests as JSON instead of one",
     [](void* t, auto s) { return of(t).requests_file = s, std::string(); }},
    {"openapi", "FILE|URL", "all operations of an OpenAPI document instead",
     [](void* t, auto s) { return of(t).openapi = s, std::string(); }},
    {"openapi-methods", "LIST", "which of them (GET,HEAD)",
     [](void* t, auto s) { return of(t).openapi_methods = s, std::string(); }},
};

constexpr option task_options[] = {
    {"find-max", "", "search the highest rate that keeps --slo",
     [](void* t, auto) { return set_task(t, task_kind::find_max); }},
    {"slo", "CLAUSES", "such as p99=1ms or p50=500us,p99.9=5ms (p99=10ms)", set_slo},
    {"precision", "PERCENT", "of the rate that is found (2%)",
     [](void* t, auto s) { return percentage(s, of(t).precision); }},
    {"curve", "", "latency over throughput: at the rates of --rate, or up to what it can",
     [](void* t, auto) { return set_task(t, task_kind::curve); }},
    {"rounds", "N", "of compare, each ABBA (4)",
     [](void* t, auto s) { return number(s, 1U, 100U, of(t).rounds); }},
    {"tolerance", "PERCENT", "how much worse B may be in compare (5%)",
     [](void* t, auto s) { return percentage(s, of(t).tolerance); }},
};

constexpr option report_options[] = {
    {"json", "", "the report as JSON on standard output",
     [](void* t, auto) { return of(t).json = true, std::string(); }},
    {"html", "FILE", "the report as one page",
     [](void* t, auto s) { return of(t).html_file = s, std::string(); }},
    {"quiet", "", "no live view", [](void* t, auto) { return of(t).quiet = true, std::string(); }},
    {"lag-max", "TIME", "by how much the tool's own p99 lag may be late (1ms)",
     [](void* t, auto s) { return time(s, of(t).lag_max); }},
    {"pid", "N", "a local server's process: its CPU, memory, context switches",
     [](void* t, auto s) { return number(s, 1, 1 << 30, of(t).server_pid); }},
    {"metrics", "URL", "the server's metrics page: the same, and what it counts",
     [](void* t, auto s) { return of(t).metrics_url = s, std::string(); }},
};

/// What does not go together; empty when all does.
std::string contradiction(const settings& s) {
  const std::size_t wanted = s.task == task_kind::compare ? 2 : 1;
  if (s.targets.empty()) return "no URL was given; --help shows how";
  if (s.targets.size() < wanted) return "compare needs two: URLs, or runs recorded by --json";
  if (s.targets.size() > wanted) return fmt::format("'{}' is one too many", s.targets[wanted]);
  if (s.has_two_tasks) return "--find-max, --curve and compare exclude each other";
  if (!s.body.empty() && s.body_file) return "--body and --body-file exclude each other";
  if (s.closed_loop && s.rate) return "--closed and --rate exclude each other";
  if (s.closed_loop && (s.task == task_kind::find_max || s.task == task_kind::curve)) {
    return "--closed has no rate to search or to walk";
  }
  if (!s.keep_alive && s.pipeline > 1) return "--pipeline needs connections that are kept";
  if (s.threads > s.connections) return "--threads must not be more than --connections";
  const bool has_flags = !s.body.empty() || s.body_file || s.method != "GET";
  const int sources = !s.requests_file.empty() + !s.openapi.empty() + has_flags;
  if (sources > 1) return "requests come from --requests, from --openapi or from flags, not both";
  return {};
}

}  // namespace

command_line read_command_line(int argc, const char* const* argv) {
  command_line read;
  constexpr command_line_form form{
      .usage =
          "[options] URL\n       ferrule-load compare [options] A B\n\n"
          "Sends requests over HTTP/1.1 at a given rate and tells how long they took, from\n"
          "when they were due (response time) and from when they were sent (service time).\n"
          "In a target, {1..1000} stands for a number drawn at random.",
      .has_variables = false,
      .allows_others = true};
  const option_group groups[] = {{load_options, &read.chosen},
                                 {request_options, &read.chosen},
                                 {task_options, &read.chosen},
                                 {report_options, &read.chosen}};
  const parsed_options parsed = parse_options(argc, argv, nullptr, groups, form);
  if (parsed.help_wanted) {
    read.help = options_help("ferrule-load", groups, form);
    return read;
  }
  read.error = parsed.error;
  if (!read.error.empty()) return read;
  read.chosen.targets.assign(parsed.others.begin(), parsed.others.end());
  if (!read.chosen.targets.empty() && read.chosen.targets.front() == "compare") {
    set_task(&read.chosen, task_kind::compare);
    read.chosen.targets.erase(read.chosen.targets.begin());
  }
  if (read.chosen.promise.empty()) read.chosen.promise = {{0.99, std::chrono::milliseconds(10)}};
  read.error = contradiction(read.chosen);
  if (read.chosen.body_file) read.chosen.body = *std::exchange(read.chosen.body_file, {});
  return read;
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || !(value >= 0)) return std::nullopt;
  const std::string_view unit(parsed.ptr, end);
  const double ns = unit == "us"   ? 1e3
                    : unit == "ms" ? 1e6
                    : unit == "s"  ? 1e9
                    : unit == "m"  ? 60e9
                    : unit == "h"  ? 3600e9
                                   : 0;
  if (ns == 0 || value * ns > 1e18) return std::nullopt;
  return nanoseconds(static_cast<std::int64_t>(value * ns));
}

}  // namespace ferrule::load
