#include "crew.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <csignal>
#include <system_error>

namespace ferrule {
namespace {

/// While it lives, threads that are started leave SIGTERM and SIGINT to the main thread.
class end_signals_blocked {
 public:
  end_signals_blocked() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &ends, &before_);
  }
  end_signals_blocked(const end_signals_blocked&) = delete;
  ~end_signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

crew::crew(const serve_settings& settings, service_factory& factory, listening_plan& plan,
           unsigned threads)
    : settings_(settings), factory_(factory), plan_(plan), group_(threads), members_(threads) {
  if (::getrandom(&seed_, sizeof seed_, 0) != sizeof seed_) seed_ = 1;
}

std::string crew::start() {
  std::string error = start_all();
  if (!error.empty()) first().give_up();
  return error;
}

std::string crew::start_all() {
  const std::size_t count = members_.size();
  enter(0, make_worker(0));  // which makes real ports of those that were left open
  if (!members_[0].error.empty()) return members_[0].error;
  for (std::size_t i = 1; i < count; ++i) {
    if (std::string error = start_thread(i); !error.empty()) return error;
  }
  std::unique_lock lock(mutex_);
  for (std::size_t i = 1; i < count; ++i) {
    entered_.wait(lock, [&] { return members_[i].now != stage::starting; });
    const std::string& error = members_[i].error;
    if (!error.empty()) return fmt::format("reactor {} of {}: {}", i + 1, count, error);
  }
  return {};
}

std::unique_ptr<worker> crew::make_worker(std::size_t i) {
  const reactor_place place{static_cast<unsigned>(i), static_cast<unsigned>(members_.size())};
  return std::make_unique<worker>(settings_, factory_, plan_, group_, place, seed_);
}

std::string crew::start_thread(std::size_t i) {
  const end_signals_blocked in_the_thread;
  try {
    threads_.emplace_back([this, i] { run_other(i); });
    return {};
  } catch (const std::system_error& failed) {
    return fmt::format("cannot start the thread of reactor {} of {}: {}", i + 1, members_.size(),
                       failed.what());
  }
}

/// Rings and coroutine frames belong to the thread that made them: a worker lives and dies here.
void crew::run_other(std::size_t i) {
  auto made = make_worker(i);
  worker& mine = *made;
  const bool can_run = mine.error().empty();
  enter(i, std::move(made));
  if (!can_run) return;  // the process ends, and nobody drains what does listen
  mine.run();
  leave(i);
}

void crew::run() {
  first().run();
  leave(0);
  for (std::thread& thread : threads_) thread.join();
}

void crew::enter(std::size_t i, std::unique_ptr<worker> made) {
  const std::lock_guard lock(mutex_);
  member& mine = members_[i];
  mine.error = made->error();
  mine.at_work = std::move(made);
  mine.now = stage::at_work;
  if (draining_ && mine.error.empty()) mine.at_work->ask_to_drain();
  entered_.notify_one();
}

/// The worker is destroyed outside of the lock, for that may take long: it waits for blocking work.
void crew::leave(std::size_t i) {
  std::unique_ptr<worker> leaving;
  {
    const std::lock_guard lock(mutex_);
    leaving = std::move(members_[i].at_work);
    members_[i].now = stage::leaving;
  }
  leaving.reset();
  const std::lock_guard lock(mutex_);
  members_[i].now = stage::gone;
}

void crew::drain() noexcept {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  for (const member& each : members_) {
    if (each.at_work != nullptr && each.error.empty()) each.at_work->ask_to_drain();
  }
}

std::string crew::still_running() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const member& each = members_[i];
    if (each.now == stage::gone) continue;
    text += fmt::format("{}reactor {} of {} ", text.empty() ? "" : "; ", i + 1, members_.size());
    switch (each.now) {
      case stage::starting:
        text += "has not started";
        break;
      case stage::at_work:
        text += each.at_work->busy_with();
        break;
      default:
        text += "waits for blocking work, or for the destructor of its state";
    }
  }
  return text;
}

}  // namespace ferrule
