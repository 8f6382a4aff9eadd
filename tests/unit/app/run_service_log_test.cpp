#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/ferrule.hpp"

namespace ferrule {
namespace {

std::string fail_with(std::string_view why) { throw std::runtime_error(std::string(why)); }
constexpr auto routes = route_table(route<"GET /throw/{x}">(fail_with));

// A service in a process of its own, with standard error in a pipe of one page, which is read no
// further than its first line unless asked for.
class service {
 public:
  explicit service(std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      std::signal(SIGPIPE, SIG_DFL);
      ::_exit(run(arguments));
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  ~service() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    close_output();
  }

  static int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "thrower");
    std::vector<char*> argv;
    for (std::string& each : arguments) argv.push_back(each.data());
    return serve<routes>(static_cast<int>(argv.size()), argv.data());
  }

  std::string line() const {
    std::string text;
    for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  void close_output() {
    if (output_ >= 0) ::close(output_);
    output_ = -1;
  }
  /// Ends it by SIGTERM: the exit code, or 128 and the signal.
  int end() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// The status codes of as many requests on one connection.
std::vector<std::string> ask(const std::string& start_line, int count) {
  const auto port =
      static_cast<std::uint16_t>(std::stoi(start_line.substr(start_line.rfind(':') + 1)));
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const address to = address::loopback_v4(port);
  EXPECT_EQ(::connect(socket, to.data(), to.size()), 0);
  std::vector<std::string> codes;
  const std::string request = "GET /throw/x%0ainfo:%20forged HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i != count; ++i) {
    ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    std::string text;
    char part[4096];
    while (!text.ends_with("}")) {  // the end of a problem
      const ssize_t size = ::recv(socket, part, sizeof part, 0);
      if (size <= 0) break;
      text.append(part, static_cast<std::size_t>(size));
    }
    codes.push_back(text.substr(0, text.find("\r\n")));
  }
  ::close(socket);
  return codes;
}

const std::vector<std::string> failures(1000, "HTTP/1.1 500 Internal Server Error");

TEST(run_service_log, a_pipe_that_nobody_reads_holds_up_no_request) {
  for (const char* backend : {"auto", "epoll"}) {
    service thrower({"--threads", "1", "--backend", backend});
    EXPECT_EQ(ask(thrower.line(), 1000), failures);
    EXPECT_EQ(thrower.end(), 0);
  }
}

TEST(run_service_log, a_pipe_whose_reader_is_gone_ends_nothing) {
  for (const char* backend : {"auto", "epoll"}) {
    service thrower({"--threads", "2", "--backend", backend});
    const std::string line = thrower.line();
    thrower.close_output();
    EXPECT_EQ(ask(line, 1000), failures);
    EXPECT_EQ(thrower.end(), 0);
  }
}

TEST(run_service_log, a_client_cannot_forge_a_line) {
  service thrower({"--threads", "1"});
  ask(thrower.line(), 1);
  const std::string line = thrower.line();
  EXPECT_TRUE(line.starts_with("error: GET /throw/{x}: unhandled exception (trace ")) << line;
  EXPECT_TRUE(line.ends_with("): x?info: forged")) << line;
}

TEST(run_service_log, a_start_that_fails_still_says_so_by_its_exit_code) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    ::_exit(service::run({"--host", "192.0.2.1"}));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

}  // namespace
}  // namespace ferrule
