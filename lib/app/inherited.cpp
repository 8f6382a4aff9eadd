#include "inherited.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "io/kernel_sockets.hpp"
#include "option_values.hpp"

namespace ferrule {
namespace {

constexpr int first_of_systemd = 3;  // SD_LISTEN_FDS_START
constexpr int systemd_max = 1024;

std::string_view environment_value(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

/// The next of the names of LISTEN_FDNAMES, which ends up without it.
std::string_view next_name(std::string_view& names) {
  const std::string_view name = names.substr(0, names.find(':'));
  names.remove_prefix(std::min(name.size() + 1, names.size()));
  return name;
}

}  // namespace

/// sd_listen_fds(3).
result<std::vector<int>, std::string> inherited_sockets::of_systemd(std::string_view name) const {
  const auto process = whole_number<int>(environment_value("LISTEN_PID"), 1, 1 << 30);
  const auto count = whole_number<int>(environment_value("LISTEN_FDS"), 1, systemd_max);
  if (process != ::getpid() || !count) {
    return fail(std::string("no sockets were passed to this process (LISTEN_PID, LISTEN_FDS)"));
  }
  std::vector<int> found;
  std::string_view names = environment_value("LISTEN_FDNAMES");
  for (int fd = first_of_systemd; fd != first_of_systemd + *count; ++fd) {
    const std::string_view its_name = next_name(names);
    const bool is_rest = !is_taken(fd) && !is_expected(fd, its_name);
    if (name.empty() ? is_rest : name == its_name) found.push_back(fd);
  }
  if (!found.empty()) return found;
  return fail(name.empty() ? std::string("all sockets that were passed go to other places")
                           : fmt::format("no socket that was passed has the name {}", name));
}

bool inherited_sockets::is_taken(int descriptor) const {
  return std::ranges::find(taken_, descriptor) != taken_.end();
}

bool inherited_sockets::is_expected(int descriptor, std::string_view name) const {
  return std::ranges::find(expected_, fmt::format("fd:{}", descriptor)) != expected_.end() ||
         std::ranges::find(expected_, fmt::format("systemd:{}", name)) != expected_.end();
}

result<std::vector<int>, std::string> inherited_sockets::take(std::string_view what) {
  const std::size_t colon = std::min(what.find(':'), what.size() - 1);
  const std::string_view rest = what.substr(colon + 1);
  std::vector<int> found;
  if (what.starts_with("fd:")) {
    found.push_back(whole_number<int>(rest, 0, 1 << 30).value_or(-1));
  } else {
    auto passed = of_systemd(rest);
    if (!passed) return passed;
    found = *std::move(passed);
  }
  for (const int fd : found) {
    if (is_taken(fd)) return fail(fmt::format("descriptor {} is given to two listeners", fd));
    if (const std::int32_t failed = io::kernel::take_listener(io::handle{fd}, options_);
        failed < 0) {
      return fail(failed == -EINVAL
                      ? fmt::format("descriptor {} is no listening TCP or Unix socket", fd)
                      : fmt::format("descriptor {}: {}", fd, std::strerror(-failed)));
    }
    taken_.push_back(fd);
  }
  return found;
}

}  // namespace ferrule
