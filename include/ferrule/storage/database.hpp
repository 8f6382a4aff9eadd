#pragma once
/// @file
/// A coroutine face on SQLite: hand it a plain function of a connection, and `co_await` what that
/// returns. The function runs on a worker thread, in a transaction.
///
/// ```cpp
/// struct user { std::uint64_t id; std::string name; };
/// using ferrule::storage::connection;
/// ferrule::task<std::uint64_t> add(ferrule::storage::database& all, std::string name) {
///   auto made = co_await all.write([name = std::move(name)](connection& c) {
///     return c.first<user>("INSERT INTO users (name) VALUES (?) RETURNING id, name", name);
///   });
///   co_return made && *made ? (*made)->id : 0;
/// }
/// ```
///
/// How it is set up, and why:
///
/// | what | why |
/// | --- | --- |
/// | WAL | readers and the writer do not wait for each other |
/// | one connection that writes, a few that read | SQLite has one writer at a time anyway; those of
/// one process take turns by a mutex, not by trying again and again | | `synchronous` FULL | a
/// commit that was told survives a loss of power; `durable = false` (NORMAL) is quicker and may
/// then lose the last ones, but never the file | | writes that wait are committed together | they
/// share the one `fsync` that FULL costs | | foreign keys on, busy timeout 5 s | as a program would
/// expect; for other processes on the same file |
///
/// Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/blocking.hpp"
#include "ferrule/storage/connection.hpp"

namespace ferrule::storage {

namespace detail {

/// One function on its way through a worker thread, and how it went. It lives in the frame that
/// awaits it.
struct job {
  job() = default;
  job(const job&) = delete;
  job& operator=(const job&) = delete;

  /// Calls the function. False: nothing that it wrote is to be kept.
  virtual bool call(connection& c) = 0;
  bool ended_well() const noexcept { return !failed && thrown == nullptr; }

  std::optional<error> failed;
  std::exception_ptr thrown;  // anything but an `error`
  // For the writers' queue.
  job* next = nullptr;
  bool done = false;

 protected:
  ~job() = default;
};

template <class F>
class job_of final : public job {
 public:
  using called = std::invoke_result_t<F&, connection&>;
  using value_type = std::conditional_t<std::is_void_v<called>, std::monostate, called>;

  explicit job_of(F&& f) : function_(std::move(f)) {}

  bool call(connection& c) override {
    if constexpr (std::is_void_v<called>) {
      function_(c);
    } else {
      value_.emplace(function_(c));
      if constexpr (ferrule::detail::is_result<called>) return value_->has_value();
    }
    return true;
  }

  result<called, error> take() {
    if (thrown != nullptr) std::rethrow_exception(thrown);
    if (failed) return fail(*std::move(failed));
    if constexpr (std::is_void_v<called>) {
      return {};
    } else {
      return *std::move(value_);
    }
  }

 private:
  F function_;
  std::optional<value_type> value_;
};

}  // namespace detail

/// How a database is opened.
struct database_options {
  /// How long to wait for another process that writes; then `busy`. Other work of this process
  /// waits as well.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  /// Whether a commit survives a loss of power. What a crash of the process leaves is whole
  /// either way.
  bool durable = true;
  /// How large the file may grow, in bytes; then `full`. 0: as large as the disk lets it.
  std::uint64_t bytes_max = 0;
  /// Scripts that make the tables: the n-th turns version n of the database into version n + 1.
  /// Each is run once in the database's life (`PRAGMA user_version` counts them), all that are due
  /// in one transaction. Append; never change what was released. They need not live on.
  std::span<const char* const> migrations{};
};

/// An SQLite database, shared by all threads of a process, and with other processes on the same
/// machine. A file and, beside it while in use, `-wal` and `-shm`; or ":memory:".
/// Thread rule: any thread; it must outlive what runs on it.
class database {
 public:
  static constexpr bool thread_safe = true;

  /// Opens `path`, making it when it is not there, and brings its tables up to date. Blocks.
  /// Errors: `cannot_open`, `read_only`, `corrupt`, `busy`, `full`, and what a migration meets;
  /// `statement` when the file has had migrations that this program does not know.
  static result<std::unique_ptr<database>, error> open(const std::string& path,
                                                       const database_options& options = {});
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database();

  /// `co_await read(f)` gives what `f(connection&)` returns. `f` sees the database as of one moment
  /// and cannot change it (`read_only`).
  ///
  /// `f` is a plain function that runs on a worker thread: it must not refer to what another thread
  /// may change. Errors of SQLite are values; what else `f` throws is thrown by the await.
  /// Resumes on the awaiting thread. Cancellation: what has not begun never does, and the task
  /// unwinds; what has begun is not interrupted, its end is awaited and its result given.
  template <class F>
  task<result<std::invoke_result_t<F&, connection&>, error>> read(F f) {
    detail::job_of<F> job(std::move(f));
    co_await run_blocking([this, &job]() noexcept { run_read(job); });
    co_return job.take();
  }

  /// The same for an `f` that writes. What it wrote is kept, all of it, when it returns, and
  /// nothing of it when it throws or returns a `result` that holds an error. When the await gives a
  /// value, it is committed. Cancellation as above: what has begun is committed.
  template <class F>
  task<result<std::invoke_result_t<F&, connection&>, error>> write(F f) {
    detail::job_of<F> job(std::move(f));
    co_await run_blocking([this, &job]() noexcept { run_write(job); });
    co_return job.take();
  }

 private:
  database(const std::string& path, const database_options& options);

  void run_read(detail::job& wanted) noexcept;
  void run_write(detail::job& wanted) noexcept;
  /// Both are for whoever holds `writing_`.
  detail::job* commit_together(detail::job* first) noexcept;
  void run_in_savepoint(detail::job& wanted) noexcept;
  std::unique_ptr<connection> take_reader();

  const std::string path_;
  const std::chrono::milliseconds busy_timeout_;
  std::mutex writing_;  ///< held by the thread that uses `writer_`
  connection writer_;

  std::mutex mutex_;  ///< guards what follows, for a moment
  detail::job* first_waiting_ = nullptr;
  detail::job** last_waiting_ = &first_waiting_;
  std::vector<std::unique_ptr<connection>> idle_readers_;  ///< as many as ever read at once
};

}  // namespace ferrule::storage
