// How long a server takes from being started to its first answer: it is asked in a busy loop. Run
// this on another processor than the server's.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "common/exchange.hpp"

namespace {

using namespace bench;
using clock = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto patience = std::chrono::seconds(10);

cpu_set_t only(long processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  return set;
}

void run_on(const cpu_set_t& processors) {
  check(sched_setaffinity(0, sizeof processors, &processors), "sched_setaffinity");
}

std::uint16_t free_port() {
  const int fd = listen_on(0, 0);
  const std::uint16_t port = local_port(fd);
  close(fd);
  return port;
}

// The child is born on its processor. On this one it would have to wait for its turn beside the
// busy loop, which is the scheduler's tick: 4 ms.
pid_t start(const std::vector<char*>& command, long processor) {
  cpu_set_t own;
  check(sched_getaffinity(0, sizeof own, &own), "sched_getaffinity");
  run_on(only(processor));
  const pid_t child = check(fork(), "fork");
  if (child != 0) {
    run_on(own);
    return child;
  }
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, STDOUT_FILENO);
  execvp(command[0], command.data());
  fail(std::string("cannot run ") + command[0] + ": " + std::strerror(errno));
}

// True once the server has answered.
bool is_answering(std::uint16_t port, const std::string& request) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in self = loopback(0, 2);
  check(bind(fd, generic(self), sizeof self), "bind");
  const sockaddr_in server = loopback(port);
  const bool is_connected = connect(fd, generic(server), sizeof server) == 0;
  if (is_connected) ask(fd, request);
  close(fd);
  return is_connected;
}

double one_start(int argc, char** argv, const std::string& request, long processor) {
  const std::uint16_t port = free_port();
  std::string port_text = std::to_string(port);
  std::vector<char*> command(argv, argv + argc);
  std::replace_if(
      command.begin(), command.end(),
      [](const char* word) { return std::string_view(word) == "{port}"; }, port_text.data());
  command.push_back(nullptr);
  const auto begin = clock::now();
  const pid_t server = start(command, processor);
  while (!is_answering(port, request)) {
    if (waitpid(server, nullptr, WNOHANG) != 0) fail("the server ended without an answer");
    if (clock::now() - begin > patience) {
      kill(server, SIGKILL);
      fail("no response in ten seconds");
    }
  }
  const milliseconds taken = clock::now() - begin;
  kill(server, SIGTERM);
  int status = 0;
  check(waitpid(server, &status, 0), "waitpid");
  if (status != 0) fail("the server did not end by itself with status 0 after SIGTERM");
  return taken.count();
}

}  // namespace

int main(int argc, char** argv) {
  const auto is_separator = [](const char* word) { return std::string_view(word) == "--"; };
  char** const separator = std::find_if(argv, argv + argc, is_separator);
  flags given(static_cast<int>(separator - argv), argv,
              "[--rounds 20] [--path /] [--processor 0] -- server... {port} ...");
  const auto rounds = static_cast<std::size_t>(given.number("rounds", 20));
  const std::string request = get_request(given.text("path", "/"));
  const long processor = given.number("processor", 0);
  given.done();
  if (separator == argv + argc || separator + 1 == argv + argc || rounds == 0) given.reject("--");

  std::vector<double> taken_ms;
  const int words = static_cast<int>(argv + argc - separator) - 1;
  while (taken_ms.size() < rounds)
    taken_ms.push_back(one_start(words, separator + 1, request, processor));
  std::sort(taken_ms.begin(), taken_ms.end());
  std::printf("{\"rounds\":%zu,\"min_ms\":%.3f,\"median_ms\":%.3f,\"max_ms\":%.3f}\n", rounds,
              taken_ms.front(), taken_ms[rounds / 2], taken_ms.back());
}
