#include "load/tool.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>

#include "ferrule/json/write.hpp"
#include "load/files.hpp"
#include "load/session.hpp"

namespace ferrule::load {
namespace {

enum exit_code { all_well = 0, failed = 1, wrong_option = 2, not_to_be_believed = 3 };

int complain(std::string_view what, int code = failed) {
  fmt::print(stderr, "ferrule-load: {}\n", what);
  return code;
}

/// Connections are descriptors: take as many as the hard limit allows.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run_once(const settings& asked, session& on) {
  const rate_profile default_rate = {{1, 1000, 1000}};
  std::optional<rate_profile> rate = asked.rate.value_or(default_rate);
  if (asked.closed_loop) rate.reset();
  const measured_run run = on.measure(rate, asked.duration_or(std::chrono::seconds(10)), "");
  if (!run.error.empty()) return complain(run.error);
  fmt::print("{}", asked.json ? json::write(run.report) + "\n" : report_text(run.report));
  if (!run.report.valid) return not_to_be_believed;
  return run.report.ok == 0 ? failed : all_well;
}

int run_on_target(const settings& asked) {
  const auto found = find_target(asked, asked.targets.front());
  if (!found) return complain(found.error());
  const std::string problem = try_target(*found, asked.timeout);
  if (!problem.empty()) return complain(problem);
  const interrupts ctrl_c;
  session on(asked, *found);
  return run_once(asked, on);
}

}  // namespace

int run_tool(int argc, const char* const* argv) {
  const command_line read = read_command_line(argc, argv);
  if (!read.error.empty()) return complain(read.error, wrong_option);
  if (!read.help.empty()) {
    fmt::print("{}", read.help);
    return all_well;
  }
  raise_descriptor_limit();
  return run_on_target(read.chosen);
}

}  // namespace ferrule::load
