// Standard error may be a pipe that nobody reads, a terminal that was stopped, or gone. Whether a
// write to it waits is a property of the open file, which other processes share: setting O_NONBLOCK
// would change it for them too, and no write(2) of a pipe or terminal can be asked on every kernel
// not to wait. So one thread does nothing but write. It is started with the first line, has no
// signals (SIGPIPE and SIGXFSZ become errors of the write, SIGTTOU is passed over), and owns
// nothing that anybody waits for, except in a flush, which is bounded.
#include "standard_error.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "ferrule/core/assert.hpp"

namespace ferrule::detail {
namespace {

// What may wait to be written: 500 lines of a usual length and more.
constexpr std::size_t waiting_bytes_max = 64 * 1024;
// For what is left at the end of the process.
constexpr auto last_flush = std::chrono::seconds(1);

/// While it lives, the calling thread, and threads that it starts, get no signals.
class no_signals {
 public:
  no_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  no_signals(const no_signals&) = delete;
  no_signals& operator=(const no_signals&) = delete;
  ~no_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

/// Waits until standard error takes something, or has an error to tell.
bool wait_until_writable(int timeout_ms) noexcept {
  pollfd what{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&what, 1, timeout_ms) > 0;
}

/// Writes to standard error; without room there it waits. Returns how much of `text` it took before
/// it failed.
std::size_t write_to_the_end(std::string_view text) noexcept {
  std::size_t done = 0;
  while (done != text.size()) {
    const ssize_t size = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (size > 0) {
      done += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {  // whoever it is shared with has made it non-blocking
      wait_until_writable(-1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

std::uint64_t count_lines(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

/// As many whole lines from the start of `lines` as one write takes in one piece.
std::string_view leading_lines(std::string_view lines) noexcept {
  if (lines.size() <= line_bytes_max) return lines;
  return lines.substr(0, lines.rfind('\n', line_bytes_max - 1) + 1);
}

/// The lines of the process. There is one, never destroyed: lines may be put until the very end.
class line_queue {
 public:
  static line_queue& instance() noexcept {
    alignas(line_queue) static std::byte place[sizeof(line_queue)];
    static line_queue& made = *::new (place) line_queue;
    return made;
  }

  void put(std::string_view line) noexcept {
    std::unique_lock lock(mutex_);
    if (line.size() > waiting_bytes_max - waiting_->size) {
      ++unsaid_;
      ++dropped_;
      return;
    }
    std::memcpy(waiting_->text.data() + waiting_->size, line.data(), line.size());
    waiting_->size += line.size();
    put_ += line.size();
    if (!has_thread_) has_thread_ = start_thread();
    if (!has_thread_) return write_here();
    lock.unlock();
    filled_.notify_one();
  }

  bool flush(std::chrono::nanoseconds within) noexcept {
    std::unique_lock lock(mutex_);
    const std::uint64_t wanted = put_;
    // Of one who waits after another that gave up, with nothing written since, only what he would
    // wait longer: or the end of a process would last twice as long.
    if (std::exchange(written_when_flushed_, written_) != written_) in_vain_ = {};
    const auto left = std::max(within - in_vain_, std::chrono::nanoseconds(0));
    const bool done =
        written_changed_.wait_for(lock, left, [&] { return written_ >= wanted; });
    if (!done && written_ == written_when_flushed_) in_vain_ = std::max(in_vain_, within);
    return done;
  }

  std::uint64_t dropped() noexcept {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  struct lines {
    std::array<char, waiting_bytes_max> text;
    std::size_t size = 0;
    std::string_view view() const noexcept { return {text.data(), size}; }
  };

  line_queue() noexcept {
    // The child of a fork has no thread that writes; what waits is its parent's to write.
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] { instance().begin_anew(); });
    std::atexit([] { instance().flush(last_flush); });
    before_abort.store([]() noexcept { instance().flush(last_flush); }, std::memory_order_relaxed);
  }

  void begin_anew() noexcept {
    has_thread_ = false;
    waiting_->size = writing_->size = 0;
    is_cut_ = false;
    put_ = written_ = unsaid_ = written_when_flushed_ = 0;
    in_vain_ = {};
    ::new (&filled_) std::condition_variable;  // the old ones know of threads that are not here
    ::new (&written_changed_) std::condition_variable;
    mutex_.unlock();
  }

  bool start_thread() noexcept {
    const no_signals inherited;
    constexpr std::size_t stack_bytes = 256 * 1024;  // virtual; two pages of it get used
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t made{};
    const int failed = ::pthread_create(
        &made, &attributes,
        [](void* self) -> void* {
          ::pthread_setname_np(::pthread_self(), "ferrule-log");
          static_cast<line_queue*>(self)->write_for_ever();
        },
        this);
    ::pthread_attr_destroy(&attributes);
    return failed == 0;
  }

  [[noreturn]] void write_for_ever() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
      filled_.wait(lock, [this] { return waiting_->size != 0; });
      std::swap(waiting_, writing_);
      const std::uint64_t unsaid = std::exchange(unsaid_, 0);
      lock.unlock();
      const std::uint64_t lost = write_all(writing_->view());
      const bool said = unsaid + lost == 0 || (lost == 0 && say_dropped(unsaid));
      lock.lock();
      dropped_ += lost;
      if (!said) unsaid_ += unsaid + lost;
      written_ += std::exchange(writing_->size, 0);
      written_changed_.notify_all();
    }
  }

  /// For a process that cannot have another thread: writes as much as standard error takes now.
  /// Only what another process writes between the look and the write can make it wait.
  void write_here() noexcept {
    const no_signals here;
    std::string_view left = waiting_->view();
    while (!left.empty() && wait_until_writable(0)) {
      const std::string_view part = leading_lines(left);
      dropped_ += write_all(part);
      left.remove_prefix(part.size());
    }
    written_ += waiting_->size - left.size();
    std::memmove(waiting_->text.data(), left.data(), left.size());
    waiting_->size = left.size();
  }

  /// Returns how many of `text` standard error did not take.
  std::uint64_t write_all(std::string_view text) noexcept {
    std::uint64_t lost = 0;
    while (!text.empty()) {
      const std::string_view part = leading_lines(text);
      if (is_cut_) is_cut_ = write_to_the_end("\n") == 0;
      const std::size_t done = write_to_the_end(part);
      if (done != part.size()) {
        is_cut_ = is_cut_ || (done != 0 && part[done - 1] != '\n');
        lost += count_lines(part.substr(done));
      }
      text.remove_prefix(part.size());
    }
    return lost;
  }

  static bool say_dropped(std::uint64_t count) noexcept {
    std::array<char, 128> text;
    constexpr auto* format = "warn: %llu lines were dropped: standard error did not take them\n";
    const int size = std::snprintf(text.data(), text.size(), format,
                                   static_cast<unsigned long long>(count));
    const std::string_view line(text.data(), static_cast<std::size_t>(size));
    return write_to_the_end(line) == line.size();
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable written_changed_;
  std::uint64_t put_ = 0;      // bytes
  std::uint64_t written_ = 0;  // bytes, given up or written
  std::uint64_t written_when_flushed_ = 0;
  std::chrono::nanoseconds in_vain_{0};  // that a flush has waited since
  std::uint64_t dropped_ = 0;
  std::uint64_t unsaid_ = 0;  // dropped, and nothing written about it yet
  bool has_thread_ = false;
  bool is_cut_ = false;  // the last line that was written has no end
  std::array<lines, 2> both_;
  lines* waiting_ = &both_[0];
  lines* writing_ = &both_[1];
};

}  // namespace

void put_line(std::string_view line) noexcept { line_queue::instance().put(line); }
bool flush_lines(std::chrono::nanoseconds within) noexcept {
  return line_queue::instance().flush(within);
}
std::uint64_t lines_dropped() noexcept { return line_queue::instance().dropped(); }

}  // namespace ferrule::detail
