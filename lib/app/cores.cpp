#include "ferrule/app/cores.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "app/affinity.hpp"

namespace ferrule {
namespace {

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text(16384, '\0');
  const auto size = ::read(fd, text.data(), text.size());
  ::close(fd);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::optional<double> number(std::string_view text) {
  text = text.substr(0, text.find_first_of(" \n"));
  long long value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return static_cast<double>(value);
}

/// Cores by "cpu.max": "150000 100000", or "max 100000" for no quota.
std::optional<double> quota_v2(const std::string& folder) {
  const std::string text = read_file(folder + "/cpu.max");
  const std::size_t space = text.find(' ');
  if (space == text.npos) return std::nullopt;
  const auto quota = number(text);
  const auto period = number(std::string_view(text).substr(space + 1));
  if (!quota || !period) return std::nullopt;
  return *quota / *period;
}

/// Cores by "cpu.cfs_quota_us", which is -1 for no quota, over "cpu.cfs_period_us".
std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = number(read_file(folder + "/cpu.cfs_quota_us"));
  const auto period = number(read_file(folder + "/cpu.cfs_period_us"));
  if (!quota || !period) return std::nullopt;
  return *quota / *period;
}

using quota_function = std::optional<double> (*)(const std::string& folder);

/// The tightest quota of a cgroup and everything above it.
double tightest(const std::string& mount, std::string path, quota_function quota_of, double cores) {
  for (;;) {
    if (const auto quota = quota_of(mount + path)) cores = std::min(cores, *quota);
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos) return cores;
    path.resize(slash);
  }
}

/// The comma-separated list of controllers of a version 1 hierarchy.
bool lists_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

/// Applies every line of /proc/self/cgroup, "hierarchy:controllers:path".
double under_quota(const std::string& root, double cores) {
  const std::string cgroups = read_file(root + "/proc/self/cgroup");
  std::string_view rest = cgroups;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    if (path == "/") path.clear();
    const std::string mount = root + "/sys/fs/cgroup";
    if (controllers.empty()) {
      cores = tightest(mount, path, quota_v2, cores);
    } else if (lists_cpu(controllers)) {
      // Inside a container the path is the host's, and the mount shows the container's own group.
      cores = tightest(mount + "/cpu", path, quota_v1, cores);
    }
  }
  return cores;
}

}  // namespace

/// The kernel wants room for every processor that the machine could have: a `cpu_set_t` is too
/// small for more than 1,024.
unsigned affinity_cores(affinity_function affinity) {
  constexpr std::size_t processors_max = std::size_t{1} << 20U;
  for (std::size_t processors = CPU_SETSIZE; processors <= processors_max; processors *= 2) {
    std::vector<cpu_set_t> sets(processors / CPU_SETSIZE);
    const std::size_t bytes = sets.size() * sizeof(cpu_set_t);
    if (affinity(0, bytes, sets.data()) == 0) {
      return static_cast<unsigned>(std::max(CPU_COUNT_S(bytes, sets.data()), 1));
    }
    if (errno != EINVAL) break;
  }
  return 1;
}

unsigned usable_cores(std::string_view root) {
  const double cores = under_quota(std::string(root), affinity_cores(::sched_getaffinity));
  return std::max(1U, static_cast<unsigned>(cores));
}

}  // namespace ferrule
