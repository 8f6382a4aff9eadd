#pragma once
// All workers of the process. The first runs on the main thread.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "worker.hpp"

namespace ferrule {

/// Made, started and run on the main thread; `drain` and `still_running` are for any.
class crew {
 public:
  /// All must outlive it; `plan` was made for so many threads.
  crew(const serve_settings& settings, service_factory& factory, listening_plan& plan,
       unsigned threads);

  /// Starts all workers; returns what went wrong with the first that could not. Then others may
  /// run, and the process has to end; nothing that other processes see is left of it.
  std::string start();
  /// The first worker, until `run`.
  worker& first() noexcept { return *members_[0].at_work; }
  /// Serves until every worker was drained and is gone.
  void run();
  /// Every worker begins to end, one that is yet to start as soon as it has.
  void drain() noexcept;
  /// What keeps the process from having ended, for its operator: a line without an end.
  std::string still_running();

 private:
  enum class stage : std::uint8_t { starting, at_work, leaving, gone };
  struct member {
    std::unique_ptr<worker> at_work;
    std::string error;
    stage now = stage::starting;
  };

  std::string start_all();
  std::unique_ptr<worker> make_worker(std::size_t i);
  void enter(std::size_t i, std::unique_ptr<worker> made);
  void leave(std::size_t i);
  void run_other(std::size_t i);
  std::string start_thread(std::size_t i);

  const serve_settings& settings_;
  service_factory& factory_;
  listening_plan& plan_;
  reactor_group group_;
  std::uint64_t seed_ = 0;
  std::vector<std::thread> threads_;
  std::mutex mutex_;  // guards what follows
  std::vector<member> members_;
  std::condition_variable entered_;
  bool draining_ = false;
};

}  // namespace ferrule
