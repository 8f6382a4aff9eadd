#pragma once
// A service in a process of its own, for tests of `run_service`.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <vector>

#include "ferrule/app/run_service.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/io/blocking.hpp"

namespace ferrule {

/// What runs beside the requests.
class test_work final : public background_work {
 public:
  explicit test_work(task<> (*function)()) : background_work("test work", {}), run_(function) {}
  FERRULE_CORO_WRAPPER task<> run() override { return run_(); }

 private:
  task<> (*run_)();
};

/// /slow    answers after 200 ms
/// /block   runs on a worker thread for a minute
/// /hold    holds what blocks a thread across an await: the second stops the reactor
/// /loop    of the first reactor never returns
/// Everything else is answered at once. The last three tell of it in the log.
class slow_service final : public reactor_service, http::service {
 public:
  explicit slow_service(int number, task<> (*work)() = nullptr) : number_(number) {
    if (work != nullptr) work_.emplace(work);
  }
  void add_background(background_runner& to) override {
    if (work_) to.add(*work_);
  }
  http::service& handlers() noexcept override { return *this; }
  void match(http::exchange& ex) noexcept override {
    static constexpr http::route_traits at_once{};
    static constexpr http::route_traits later{.suspends = true, .pattern = "GET /{later}"};
    const std::string_view path = ex.request().path;
    const bool suspends = path == "/slow" || path == "/block" || path == "/hold";
    ex.match().traits = suspends ? &later : &at_once;
  }
  void invoke(http::exchange& ex) noexcept override {
    const std::string_view path = ex.request().path;
    if (path == "/slow") return ex.run<done>(slow());
    if (path == "/block") return ex.run<done>(block());
    if (path == "/hold") return ex.run<done>(hold());
    if (path == "/loop" && number_ == 0) loop();
    ex.respond({.status = 200, .content_type = "text/plain"}, "at once");
  }

 private:
  static task<> slow() { co_await sleep(std::chrono::milliseconds(200)); }
  static task<> block() {
    co_await run_blocking([] {
      log(log_level::info, "blocks");
      ::sleep(60);
    });
  }
  static task<> hold() {
    static std::binary_semaphore one(1);
    log(log_level::info, "blocks");
    one.acquire();
    co_await sleep(std::chrono::hours(1));
    one.release();
  }
  static void loop() {
    log(log_level::info, "blocks");
    for (volatile bool always = true; always;) {
    }
  }
  static void done(http::exchange& ex, task<>&) {
    ex.respond({.status = 200, .content_type = "text/plain"}, "slowly");
  }

  int number_;
  std::optional<test_work> work_;
};

struct factory final : service_factory {
  std::string start() override {
    if (before_start != nullptr) before_start();
    return {};
  }
  std::unique_ptr<reactor_service> make(reactor&) override {
    const int number = made++;
    if (number == throws_at) throw std::runtime_error("no database");
    if (before_making != nullptr) before_making();
    return std::make_unique<slow_service>(number, work);
  }
  std::atomic<int> made{0};
  int throws_at = -1;
  void (*before_start)() = nullptr;
  void (*before_making)() = nullptr;
  task<> (*work)() = nullptr;
};

// A service in a process of its own, its standard error in a pipe.
class process {
 public:
  /// `prepare` is called in the process, before the service.
  explicit process(std::vector<std::string> arguments, void (*prepare)(factory&) = nullptr) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    std::fflush(nullptr);  // or the process would say it again
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
      if (prepare != nullptr) prepare(all);
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

  int output() const { return output_; }
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

inline int connect_to(const std::string& start_line, const char* host = "127.0.0.1") {
  const auto port =
      static_cast<std::uint16_t>(std::stoi(start_line.substr(start_line.rfind(':') + 1)));
  const address to = address::parse(host, port).value();
  const int socket = ::socket(to.family(), SOCK_STREAM, 0);
  EXPECT_EQ(::connect(socket, to.data(), to.size()), 0);
  return socket;
}

inline void send_text(int socket, std::string_view text) {
  EXPECT_EQ(::send(socket, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
}

inline std::string receive_all(int socket) {
  std::string text;
  char part[1024];
  for (ssize_t size = 0; (size = ::recv(socket, part, sizeof part, 0)) > 0;) {
    text.append(part, static_cast<std::size_t>(size));
  }
  ::close(socket);
  return text;
}

inline const std::string last_request = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

}  // namespace ferrule
