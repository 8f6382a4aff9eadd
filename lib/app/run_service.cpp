#include "ferrule/app/run_service.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "ferrule/app/cores.hpp"
#include "io/kernel_sockets.hpp"
#include "worker.hpp"

namespace ferrule {
namespace {

/// SO_REUSEPORT lets another process of this user share a port without a word: so a port that the
/// workers are to share is first taken without it. Returns what is wrong, or an empty text.
std::string check_free(const address& at, io::socket_options options) {
  options.reuse_port = false;
  const std::int32_t listener = io::kernel::listen(at, options);
  if (listener < 0) return cannot_listen(at, listener);
  io::kernel::close(io::handle{listener});
  return {};
}

/// All workers of the process. The first runs on the main thread, where signals arrive too.
class crew {
 public:
  crew(const serve_settings& settings, service_factory& factory, unsigned threads)
      : settings_(settings), factory_(factory), workers_(threads) {
    if (::getrandom(&seed_, sizeof seed_, 0) != sizeof seed_) seed_ = 1;
  }

  /// Starts all workers; returns what went wrong with the first that could not.
  std::string start() {
    address at = settings_.host;
    at.set_port(settings_.port);
    const bool share_port = workers_.size() > 1;
    if (share_port && settings_.port != 0) {
      if (std::string error = check_free(at, settings_.socket); !error.empty()) return error;
    }
    workers_[0] = std::make_unique<worker>(settings_, factory_, at, share_port, seed_);
    if (!workers_[0]->error().empty()) return workers_[0]->error();
    at = workers_[0]->local();  // the real port
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      threads_.emplace_back([this, i, at] { run_other(i, at); });
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ + 1 == workers_.size(); });
    for (const auto& each : workers_) {
      if (!each->error().empty()) return each->error();
    }
    return {};
  }

  worker& first() noexcept { return *workers_[0]; }
  /// On the main thread.
  void drain() noexcept {
    first().drain();
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 1; i < workers_.size(); ++i) {
      if (workers_[i] != nullptr) workers_[i]->ask_to_drain();
    }
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  // Rings and coroutine frames belong to the thread that made them: a worker lives and dies here.
  void run_other(std::size_t i, const address& at) {
    auto made = std::make_unique<worker>(settings_, factory_, at, true, seed_ + i);
    worker& mine = *made;
    {
      const std::lock_guard lock(mutex_);
      workers_[i] = std::move(made);
      ++started_;
      changed_.notify_one();
    }
    if (mine.error().empty()) mine.run();
    const std::lock_guard lock(mutex_);
    workers_[i].reset();
  }

  const serve_settings& settings_;
  service_factory& factory_;
  std::uint64_t seed_ = 0;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t started_ = 0;
};

/// Turns the first SIGTERM or SIGINT into a drain; the second ends the process.
class signal_watch : posted {
 public:
  explicit signal_watch(crew& all)
      : posted([](posted& p) noexcept { static_cast<signal_watch&>(p).all_.drain(); }), all_(all) {
    watching_ = this;
    struct sigaction action{};
    action.sa_handler = on_signal;
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
  }

 private:
  static void on_signal(int number) {
    if (watching_->asked_) ::_exit(128 + number);
    watching_->asked_ = 1;
    watching_->all_.first().loop().post(*watching_);
  }

  static inline signal_watch* watching_ = nullptr;
  crew& all_;
  volatile std::sig_atomic_t asked_ = 0;
};

/// While it lives, the calling thread and those it starts leave SIGTERM and SIGINT pending.
class signals_blocked {
 public:
  signals_blocked() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &ends, &before_);
  }
  signals_blocked(const signals_blocked&) = delete;
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

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

std::string start_line(std::string_view program, worker& first, unsigned threads) {
  const std::string& why = first.backend_reason();
  return fmt::format("{} on {}{}, {} thread{}, http://{}", program, first.backend_name(),
                     why.empty() ? "" : fmt::format(" ({})", why), threads, threads == 1 ? "" : "s",
                     first.local().text());
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Says why the program ends now.
void say_why(std::string_view program, std::string_view error) {
  print_line(fmt::format("{}: {}", program, error));
  flush_log();
}

int serve_until_signal(std::string_view program, const serve_settings& settings,
                       service_factory& factory) {
  const unsigned threads = settings.threads != 0 ? settings.threads : usable_cores();
  crew all(settings, factory, threads);
  std::string error;
  {
    const signals_blocked here;  // threads inherit it, so that signals reach only this one
    error = all.start();
  }
  if (!error.empty()) {
    say_why(program, error);
    ::_exit(1);  // workers that did start are still running
  }
  signal_watch watch(all);
  log(log_level::info, start_line(program, all.first(), threads));
  all.first().run();
  all.join();
  log(log_level::info, fmt::format("{} has ended", program));
  flush_log();
  return 0;
}

}  // namespace

int run_service(const serve_settings& defaults, int argc, char** argv, service_factory& factory,
                std::span<const option_group> more) {
  const std::string_view program = argc > 0 ? base_name(argv[0]) : "service";
  serve_settings settings = defaults;
  std::vector<option_group> groups{{serve_options(), &settings}, {limit_options(), &settings}};
  groups.insert(groups.end(), more.begin(), more.end());
  const parsed_options parsed = parse_options(argc, argv, environ, groups);
  if (parsed.help_wanted) {
    fmt::print("{}", options_help(program, groups));
    return 0;
  }
  if (!parsed.error.empty()) return end_with(2, program, parsed.error);
  set_log_level(settings.least_logged);
  for (const std::string& note : parsed.notes) log(log_level::warn, note);
  raise_descriptor_limit();
  survive_broken_pipes();
  try {
    if (const std::string error = factory.start(); !error.empty()) {
      return end_with(1, program, error);
    }
    return serve_until_signal(program, settings, factory);
  } catch (...) {
    return end_with(1, program, thrown_at_start());
  }
}

}  // namespace ferrule
