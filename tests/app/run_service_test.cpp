#include "ferrule/app/run_service.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "ferrule/core/sleep.hpp"

namespace ferrule {
namespace {

// Answers /slow after 200 ms and everything else at once.
class slow_service final : public reactor_service, http::service {
 public:
  http::service& handlers() noexcept override { return *this; }
  void match(http::exchange& ex) noexcept override {
    static constexpr http::route_traits at_once{};
    static constexpr http::route_traits later{.suspends = true};
    ex.match().traits = ex.request().path == "/slow" ? &later : &at_once;
  }
  void invoke(http::exchange& ex) noexcept override {
    if (ex.match().traits->suspends) return ex.run<done>(slow());
    ex.respond({.status = 200, .content_type = "text/plain"}, "at once");
  }

 private:
  static task<> slow() { co_await sleep(std::chrono::milliseconds(200)); }
  static void done(http::exchange& ex, task<>&) {
    ex.respond({.status = 200, .content_type = "text/plain"}, "slowly");
  }
};

struct factory final : service_factory {
  std::unique_ptr<reactor_service> make(reactor&) override {
    return std::make_unique<slow_service>();
  }
};

// A service in a process of its own, its standard error in a pipe.
class process {
 public:
  explicit process(std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      arguments.insert(arguments.begin(), "/somewhere/slow");
      std::vector<char*> argv;
      for (std::string& each : arguments) argv.push_back(each.data());
      factory all;
      const int code = run_service({}, static_cast<int>(argv.size()), argv.data(), all);
      std::fflush(nullptr);
      ::_exit(code);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  process(const process&) = delete;
  ~process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }

  /// The next line it writes, without its end; empty when it writes no more.
  std::string line() const {
    std::string text;
    for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  std::string everything() const {
    std::string text;
    for (std::string next = line(); !next.empty(); next = line()) text += next + "\n";
    return text;
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// Waits for its end: the exit code, or 128 and the signal.
  int end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

int connect_to(const std::string& start_line) {
  const auto port =
      static_cast<std::uint16_t>(std::stoi(start_line.substr(start_line.rfind(':') + 1)));
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const address to = address::loopback_v4(port);
  EXPECT_EQ(::connect(socket, to.data(), to.size()), 0);
  return socket;
}

void send_text(int socket, std::string_view text) {
  EXPECT_EQ(::send(socket, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
}

std::string receive_all(int socket) {
  std::string text;
  char part[1024];
  for (ssize_t size = 0; (size = ::recv(socket, part, sizeof part, 0)) > 0;) {
    text.append(part, static_cast<std::size_t>(size));
  }
  ::close(socket);
  return text;
}

const std::string last_request = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST(run_service, says_where_it_listens_and_ends_on_sigterm) {
  process p({"--threads", "1"});
  const std::string line = p.line();
  EXPECT_TRUE(line.starts_with("info: slow on ")) << line;
  EXPECT_NE(line.find(", 1 thread, http://127.0.0.1:"), line.npos) << line;
  const int socket = connect_to(line);
  send_text(socket, "GET /" + last_request);
  EXPECT_TRUE(receive_all(socket).ends_with("at once"));
  p.signal(SIGTERM);
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, serves_on_every_thread_and_ends_on_sigint) {
  process p({"--threads=3", "--backend=epoll"});
  const std::string line = p.line();
  EXPECT_NE(line.find("on epoll"), line.npos) << line;
  EXPECT_NE(line.find(", 3 threads, "), line.npos) << line;
  for (int i = 0; i < 20; ++i) {
    const int socket = connect_to(line);
    send_text(socket, "GET /" + last_request);
    EXPECT_TRUE(receive_all(socket).ends_with("at once"));
  }
  p.signal(SIGINT);
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, answers_what_was_begun_before_it_ends) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--threads", "1", "--backend", backend});
    const std::string line = p.line();
    const int socket = connect_to(line);
    send_text(socket, "GET /slow" + last_request);
    const int probe = connect_to(line);  // accepted and read behind the other
    send_text(probe, "GET /" + last_request);
    EXPECT_TRUE(receive_all(probe).ends_with("at once"));
    p.signal(SIGTERM);
    EXPECT_TRUE(receive_all(socket).ends_with("slowly")) << backend;
    EXPECT_EQ(p.end(), 0) << backend;
  }
}

TEST(run_service, a_second_signal_ends_it_at_once) {
  process p({"--threads", "1", "--drain", "10m"});
  const int socket = connect_to(p.line());
  send_text(socket, "GET /sl");  // a request that is never finished
  p.signal(SIGINT);
  p.signal(SIGTERM);  // another number, since the kernel merges equal signals that wait
  EXPECT_GT(p.end(), 128);
  ::close(socket);
}

TEST(run_service, reports_a_taken_port) {
  process first({"--threads", "1"});
  const std::string line = first.line();
  const std::string port = line.substr(line.rfind(':') + 1);
  for (const char* threads : {"1", "2"}) {
    process second({"--port", port, "--threads", threads});
    EXPECT_EQ(second.everything(),
              "slow: cannot listen on 127.0.0.1:" + port +
                  ": Address already in use; end what holds the port or choose another with "
                  "--port\n");
    EXPECT_EQ(second.end(), 1);
  }
}

TEST(run_service, reports_wrong_options) {
  process p({"--prot", "80"});
  EXPECT_EQ(p.everything(), "slow: unknown argument '--prot'; --help lists the options\n");
  EXPECT_EQ(p.end(), 2);
  process help({"--help"});
  EXPECT_TRUE(help.everything().starts_with("Usage: slow [options]"));
  EXPECT_EQ(help.end(), 0);
}

TEST(run_service, reports_an_address_that_is_not_here) {
  process p({"--host", "192.0.2.1", "--threads", "1"});
  EXPECT_NE(p.everything().find("cannot listen on 192.0.2.1:0: Cannot assign requested address"),
            std::string::npos);
  EXPECT_EQ(p.end(), 1);
}

}  // namespace
}  // namespace ferrule
