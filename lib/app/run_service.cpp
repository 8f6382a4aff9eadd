#include "ferrule/app/run_service.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <vector>

#include "crew.hpp"
#include "end_watch.hpp"
#include "ferrule/app/cores.hpp"
#include "ferrule/core/standard_descriptors.hpp"
#include "ferrule/observe/log.hpp"

namespace ferrule {
namespace {

/// Connections are descriptors: take as many as the hard limit allows.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Whatever the process writes to a pipe or socket that nobody reads fails, and does not end it. A
/// function and not SIG_IGN, which programs that the service starts would inherit.
void survive_broken_pipes() noexcept {
  struct sigaction action{};
  if (::sigaction(SIGPIPE, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &action, nullptr);
}

std::string url_of(const address& at) {
  return at.is_unix() ? at.text() : fmt::format("http://{}", at.text());
}

/// A line for the first socket, with the program, and one for each further one.
void log_start(std::string_view program, worker& first, std::list<served_socket>& sockets,
               unsigned threads) {
  const std::string& why = first.backend_reason();
  log(log_level::info,
      fmt::format("{} on {}{}, {} thread{}, {}", program, first.backend_name(),
                  why.empty() ? "" : fmt::format(" ({})", why), threads, threads == 1 ? "" : "s",
                  url_of(sockets.front().at)));
  for (auto each = std::next(sockets.begin()); each != sockets.end(); ++each) {
    const std::string& name = each->table.settings.name;
    log(log_level::info, fmt::format("{} on {}", name.empty() ? program : name, url_of(each->at)));
  }
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Says why the program ends now, and gives its exit code.
int end_with(int code, std::string_view program, std::string_view error) {
  print_line(fmt::format("{}: {}", program, error));
  flush_log();
  return code;
}

int serve_until_signal(std::string_view program, const serve_settings& settings,
                       service_factory& factory) {
  const unsigned threads = settings.threads != 0 ? settings.threads : usable_cores();
  const further_listeners* const more = factory.listeners();
  if (more != nullptr && !more->error().empty()) return end_with(1, program, more->error());
  using none = std::span<const listener_settings>;
  listening_plan plan(settings, more != nullptr ? more->all() : none(), threads);
  if (!plan.error().empty()) return end_with(1, program, plan.error());
  crew all(settings, factory, plan, threads);
  const end_watch watch(all, settings.drain, program);  // also of what `factory` does first
  if (const std::string error = factory.start(); !error.empty()) {
    return end_with(1, program, error);
  }
  if (const std::string error = all.start(); !error.empty()) {
    ::_exit(end_with(1, program, error));  // workers that did start are still running
  }
  log_start(program, all.first(), plan.sockets(), threads);
  all.run();
  log(log_level::info, fmt::format("{} has ended", program));
  flush_log();
  return 0;
}

}  // namespace

int run_service(const serve_settings& defaults, int argc, char** argv, service_factory& factory,
                std::span<const option_group> more) {
  if (!open_standard_descriptors()) return 1;
  const std::string_view program = argc > 0 ? base_name(argv[0]) : "service";
  serve_settings settings = defaults;
  std::vector<option_group> groups{{serve_options(), &settings}, {limit_options(), &settings}};
  if (const further_listeners* const listeners = factory.listeners(); listeners != nullptr) {
    groups.insert(groups.end(), listeners->options().begin(), listeners->options().end());
  }
  groups.insert(groups.end(), more.begin(), more.end());
  const parsed_options parsed = parse_options(argc, argv, environ, groups);
  if (parsed.help_wanted) {
    std::fputs(options_help(program, groups).c_str(), stdout);  // fmt::print would throw
    return 0;
  }
  if (!parsed.error.empty()) return end_with(2, program, parsed.error);
  set_log_level(settings.least_logged);
  for (const std::string& note : parsed.notes) log(log_level::warn, note);
  raise_descriptor_limit();
  survive_broken_pipes();
  try {
    return serve_until_signal(program, settings, factory);
  } catch (...) {
    return end_with(1, program, thrown_at_start());
  }
}

}  // namespace ferrule
