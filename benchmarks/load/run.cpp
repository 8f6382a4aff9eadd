#include "load/run.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ferrule::load {
namespace {

using clock = mono_time::clock;

double thread_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// What the threads and the one that looks on tell each other.
struct meeting {
  std::mutex mutex;
  std::condition_variable changed;
  unsigned ready = 0;  // threads whose connections are settled
  unsigned ended = 0;
  std::optional<mono_time> begin;  // once all are ready
  bool called_off = false;         // some thread cannot begin
  std::atomic<bool> stop = false;
};

/// One thread of the load.
class worker {
 public:
  worker(const run_settings& settings, unsigned number, meeting& with)
      : settings_(settings),
        number_(number),
        meeting_(with),
        books_(settings.requests->all().size()) {}

  /// The whole life of the thread.
  void run() {
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // else every arrival is 50 µs late
    io::made_backend made = io::make_backend(backend_options());
    if (made.io == nullptr) {
      error_ = fmt::format("the requested backend is not available ({})", made.why);
      arrive();
      return;
    }
    backend_name_ = made.io->name();
    reactor loop(std::move(made.io), settings_.seed * 1000 + number_);
    driver load(loop, share(), books_);
    load.connect();
    while (!load.has_connected() && !meeting_.stop) loop.run_once(loop.now() + tick);
    if (load.connect_error() != 0) {
      error_ = fmt::format("cannot connect to {}: {}", settings_.connection.to.text(),
                           std::strerror(load.connect_error()));
    }
    if (const auto begin = arrive()) {
      drive(loop, load, *begin);
    } else {
      load.stop(clock::now());
    }
    while (!load.is_finished()) loop.run_once(loop.now() + tick);
    leave();
  }

  const std::string& error() const noexcept { return error_; }
  const recorder& books() const noexcept { return books_; }
  double cpu_seconds() const noexcept { return cpu_end_ - cpu_begin_; }
  const std::string& backend_name() const noexcept { return backend_name_; }

  /// What it counted lately; any thread.
  void add_progress(run_progress& to) {
    const std::lock_guard lock(progress_mutex_);
    to.counts.merge(published_counts_);
    if (published_number_ == to.interval_number) to.interval.merge(published_interval_);
  }
  void publishes(bool wanted) noexcept { publishes_ = wanted; }

 private:
  static constexpr nanoseconds tick = std::chrono::milliseconds(20);
  static constexpr nanoseconds publish_every = std::chrono::milliseconds(100);

  io::backend_options backend_options() const {
    io::backend_options options = settings_.backend;
    options.queue_entries = 4096;
    options.receive_buffers = 512;
    return options;
  }

  drive_settings share() const {
    const unsigned rest = settings_.connections % settings_.threads;
    return {.connection = settings_.connection,
            .requests = settings_.requests,
            .connections = settings_.connections / settings_.threads + (number_ < rest ? 1 : 0),
            .source_addresses = settings_.source_addresses};
  }

  /// Waits for the others. Nothing when the run cannot begin.
  std::optional<mono_time> arrive() {
    std::unique_lock lock(meeting_.mutex);
    ++meeting_.ready;
    if (!error_.empty()) meeting_.called_off = true;
    if (backend_name_.empty()) ++meeting_.ended;
    meeting_.changed.notify_all();
    meeting_.changed.wait(lock, [&] { return meeting_.begin || meeting_.called_off; });
    return meeting_.called_off ? std::nullopt : meeting_.begin;
  }
  void leave() {
    const std::lock_guard lock(meeting_.mutex);
    ++meeting_.ended;
    meeting_.changed.notify_all();
  }

  void drive(reactor& loop, driver& load, mono_time begin) {
    const measured_window window{begin + settings_.warmup,
                                 begin + settings_.warmup + settings_.duration};
    books_.set_window(window);
    std::optional<schedule> arrivals;
    if (settings_.rate) {
      arrivals.emplace(*settings_.rate, settings_.arrivals, number_, settings_.threads,
                       settings_.seed * 7919 + number_);
    }
    load.start(begin, window.end, std::move(arrivals));
    mono_time now = clock::now();
    mono_time publish_at = begin;
    bool is_measuring = false;
    bool has_measured = false;
    while (!load.is_finished()) {
      loop.run_once(std::min(load.due(), loop.now() + tick));
      now = clock::now();
      load.advance(now);
      if (meeting_.stop.load(std::memory_order_relaxed)) load.stop(now);
      if (!is_measuring && now >= window.begin) {
        is_measuring = true;
        cpu_begin_ = cpu_end_ = thread_cpu_seconds();
      }
      const bool is_over = now >= window.end || load.is_finished();
      if (is_measuring && !has_measured && is_over) {
        has_measured = true;
        cpu_end_ = thread_cpu_seconds();
      }
      if (publishes_ && now >= publish_at) {
        publish(now);
        publish_at = now + publish_every;
      }
    }
  }

  void publish(mono_time now) {
    if (!books_.window().contains(now)) return;
    const std::lock_guard lock(progress_mutex_);
    published_counts_ = books_.counts();
    published_number_ = books_.window().interval_of(now);
    published_interval_ = books_.intervals()[published_number_];
  }

  const run_settings& settings_;
  unsigned number_;
  meeting& meeting_;
  recorder books_;
  std::string error_;
  std::string backend_name_;
  double cpu_begin_ = 0;
  double cpu_end_ = 0;
  bool publishes_ = false;

  std::mutex progress_mutex_;
  tally published_counts_;
  std::size_t published_number_ = 0;
  interval_record published_interval_;
};

/// The thread that called: starts the others, looks on, gathers.
class overseer {
 public:
  overseer(const run_settings& settings, run_watch& watch) : settings_(settings), watch_(watch) {
    for (unsigned i = 0; i != settings.threads; ++i) {
      workers_.push_back(std::make_unique<worker>(settings_, i, meeting_));
      workers_.back()->publishes(watch_.wants_progress());
    }
  }

  run_outcome run() {
    std::vector<std::thread> threads;
    for (auto& each : workers_) threads.emplace_back([&each] { each->run(); });
    watch_over();
    for (std::thread& each : threads) each.join();
    return gather();
  }

 private:
  static constexpr nanoseconds look_every = std::chrono::milliseconds(100);

  void watch_over() {
    std::unique_lock lock(meeting_.mutex);
    while (meeting_.ended != workers_.size()) {
      if (!meeting_.begin && meeting_.ready == workers_.size() && !meeting_.called_off) {
        meeting_.begin = begin_ = clock::now() + std::chrono::milliseconds(10);
        meeting_.changed.notify_all();
      }
      meeting_.changed.wait_until(lock, next_look());
      lock.unlock();
      look();
      lock.lock();
    }
    end_window();
  }

  mono_time next_look() const {
    const mono_time soon = clock::now() + look_every;
    if (begin_ == mono_time{}) return soon;
    if (!window_began_) return std::min(soon, begin_ + settings_.warmup);
    if (!window_ended_) return std::min(soon, begin_ + settings_.warmup + settings_.duration);
    return soon;
  }

  void look() {
    if (!meeting_.stop && watch_.wants_stop()) {
      meeting_.stop = true;
      broken_off_at_ = clock::now();
      end_window();
    }
    if (begin_ == mono_time{}) return;
    const mono_time now = clock::now();
    if (!window_began_ && now >= begin_ + settings_.warmup) {
      window_began_ = true;
      watch_.window_begins();
    }
    if (now >= begin_ + settings_.warmup + settings_.duration) end_window();
    if (watch_.wants_progress()) show(now);
  }

  void end_window() {
    if (!window_began_ || window_ended_) return;
    window_ended_ = true;
    watch_.window_ends();
  }

  void show(mono_time now) {
    const mono_time window_begin = begin_ + settings_.warmup;
    const measured_window window{window_begin, window_begin + settings_.duration};
    run_progress progress{.elapsed = now - begin_,
                          .whole = settings_.warmup + settings_.duration,
                          .is_warm = now >= window_begin,
                          .counts = {},
                          .interval = {},
                          .interval_number = window.contains(now) ? window.interval_of(now) : 0};
    for (auto& each : workers_) each->add_progress(progress);
    watch_.progressed(progress);
  }

  run_outcome gather() {
    run_outcome outcome;
    outcome.books = workers_.front()->books();
    outcome.backend_name = workers_.front()->backend_name();
    for (std::size_t i = 0; i != workers_.size(); ++i) {
      const worker& each = *workers_[i];
      if (outcome.error.empty()) outcome.error = each.error();
      if (i != 0) outcome.books.merge(each.books());
      outcome.cpu_seconds += each.cpu_seconds();
      outcome.busiest_share = std::max(outcome.busiest_share, each.cpu_seconds());
    }
    const measured_window& window = outcome.books.window();
    mono_time end = window.end;
    if (broken_off_at_) {
      outcome.broken_off = true;
      end = std::clamp(*broken_off_at_, window.begin, window.end);
    }
    outcome.seconds = std::chrono::duration<double>(end - window.begin).count();
    if (outcome.seconds > 0) outcome.busiest_share /= outcome.seconds;
    if (settings_.rate) {
      const double warm = std::chrono::duration<double>(settings_.warmup).count();
      const double measured = std::chrono::duration<double>(settings_.duration).count();
      const double before = settings_.rate->front().from * warm;
      outcome.offered = (requests_in(*settings_.rate) - before) / measured;
    }
    return outcome;
  }

  const run_settings& settings_;
  run_watch& watch_;
  meeting meeting_;
  std::vector<std::unique_ptr<worker>> workers_;
  mono_time begin_{};
  std::optional<mono_time> broken_off_at_;
  bool window_began_ = false;
  bool window_ended_ = false;
};

}  // namespace

double run_outcome::rate() const {
  std::uint64_t completed = 0;
  for (const interval_record& each : books.intervals()) completed += each.completed;
  return seconds > 0 ? static_cast<double>(completed) / seconds : 0;
}

run_outcome run_load(const run_settings& settings, run_watch& watch) {
  return overseer(settings, watch).run();
}

}  // namespace ferrule::load
