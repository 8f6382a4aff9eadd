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
/// - WAL: readers and the writer do not wait for each other.
/// - One thread writes and a few read, all of the database's own: whoever waits for a database
///   that another process holds keeps no reader waiting, and no worker of `run_blocking`.
/// - Functions wait in two queues, for the writer and for a reader, and leave when they are
///   stopped, at their deadline, or when their time is over. The writer lets them be until it holds
///   the database: so what waits for another process can still leave.
/// - `synchronous` FULL: a commit that was told survives a loss of power. `durable = false`
///   (NORMAL) is quicker and may then lose the last ones, but never the file.
/// - Writes that wait are committed together: they share the one `fsync` that FULL costs.
/// - Foreign keys on, as a program would expect.
///
/// Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/storage/job.hpp"

namespace ferrule::storage {

namespace detail {
class engine;
}

/// How a database is opened.
struct database_options {
  /// How long a function waits until it begins, for what others of this process do and for other
  /// processes together; then `busy`. A task with an earlier deadline waits until that, and gets
  /// `deadline`. Opening waits as long for other processes. At least 1 ms, in which what finds the
  /// database idle begins.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  /// How many functions may wait to write, and how many to read; one more gets `overloaded`.
  /// At least 1.
  std::size_t waiting_max = 1024;
  /// How many functions read at once, each on a thread of its own, which starts when it is first
  /// needed. At least 1; a database in memory has none.
  std::size_t readers_max = 4;
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
/// machine. A file and, beside it while in use, `-wal` and `-shm`; or ":memory:", where reads and
/// writes take turns. The files stay where they are while it is open: what is written after the
/// file was removed or replaced fails (`cannot_open`), and to remove the others alone loses data.
/// In the simulated world functions run inline, as those of `run_blocking` do.
/// Thread rule: any thread; it must outlive what runs on it. Its end waits for what has begun.
class database {
 public:
  static constexpr bool thread_safe = true;

  /// Opens `path`, making it when it is not there, and brings its tables up to date. Blocks, and
  /// tries again while other processes open or change the file, until the busy timeout.
  /// Errors: `cannot_open` (no such folder, no thread could be started), `read_only`, `corrupt`,
  /// `busy`, `full`, and what a migration meets; `statement` when the file has had migrations that
  /// this program does not know.
  static result<std::unique_ptr<database>, error> open(const std::string& path,
                                                       const database_options& options = {});
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database();

  /// `co_await read(f)` gives what `f(connection&)` returns. `f` sees the database as of one moment
  /// and cannot change it (`read_only`).
  ///
  /// `f` is a plain function that runs on a thread of the database: it must not refer to what
  /// another thread may change. Errors of SQLite are values, and so are `busy`, `deadline` and
  /// `overloaded` (see `database_options`), after which `f` has not run; what else `f` throws is
  /// thrown by the await. Always suspends; resumes on the awaiting thread.
  /// Cancellation: what has not begun never does, and the task unwinds; what has begun is not
  /// interrupted, its end is awaited and its result given. The deadline is heeded likewise.
  template <class F>
  task<result<std::invoke_result_t<F&, connection&>, error>> read(F f) {
    detail::job_of<F> job(std::move(f), detail::access::read);
    co_await run(job);
    co_return job.take();
  }

  /// The same for an `f` that writes. What it wrote is kept, all of it, when it returns, and
  /// nothing of it when it throws or returns a `result` that holds an error. When the await gives a
  /// value, it is committed. Cancellation as above: what has begun is committed.
  /// `f` can neither end this transaction nor begin another (`statement`); for a part that may
  /// fail alone there is `SAVEPOINT`. Nor can it attach a database or change a setting, which would
  /// be that of all who write after it.
  template <class F>
  task<result<std::invoke_result_t<F&, connection&>, error>> write(F f) {
    detail::job_of<F> job(std::move(f), detail::access::write);
    co_await run(job);
    co_return job.take();
  }

 private:
  explicit database(std::unique_ptr<detail::engine> opened) noexcept;
  task<> run(detail::job& wanted);

  std::unique_ptr<detail::engine> engine_;
};

}  // namespace ferrule::storage
