#pragma once
// The threads of a database, and what they do with its connections.

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ferrule/storage/database.hpp"
#include "storage/job_queue.hpp"
#include "storage/patience.hpp"

namespace ferrule::storage::detail {

/// A connection that reads, opened when it is first needed.
/// Thread rule: one thread at a time.
class reader {
 public:
  explicit reader(const std::string& path) noexcept : path_(path) {}
  void run(job& wanted, mono_time until) noexcept;

 private:
  const std::string& path_;
  patience patience_;
  std::unique_ptr<connection> connection_;
};

/// Thread rule: any thread.
class engine {
 public:
  /// Opens the database. Blocks; throws `error`.
  engine(std::string path, const database_options& options);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine() { end_threads(); }

  /// Runs it on a thread of the engine: to be awaited.
  turn on_thread(job& wanted);
  /// Runs it on the calling thread.
  void run_inline(job& wanted) noexcept;

 private:
  using jobs = intrusive_list<job, job>;

  bool in_memory() const noexcept;
  mono_time busy_end() const noexcept;
  void start_reader();
  void end_threads() noexcept;

  void write_loop() noexcept;
  void read_loop() noexcept;
  // What follows is for whoever holds `writing_`.
  void write_waiting() noexcept;
  void run_in_savepoint(job& wanted) noexcept;
  void commit(jobs& batch) noexcept;
  void read_on_writer(job& wanted) noexcept;

  const std::string path_;
  const std::chrono::milliseconds busy_timeout_;
  const std::size_t readers_max_;
  job_queue writes_;  ///< in memory reads as well
  job_queue reads_;

  std::mutex writing_;  ///< guards what follows, against `run_inline`
  patience writer_patience_;
  std::unique_ptr<connection> writer_;
  reader inline_reader_{path_};

  std::thread write_thread_;
  std::mutex starting_;
  std::vector<std::thread> read_threads_;  ///< guarded by `starting_`
};

}  // namespace ferrule::storage::detail
