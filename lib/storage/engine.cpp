#include "storage/engine.hpp"

#include <algorithm>
#include <system_error>

#include "core/signals_blocked.hpp"
#include "storage/attempt.hpp"
#include "storage/opening.hpp"

namespace ferrule::storage::detail {
namespace {

/// Less than that would let nobody begin who finds the database idle.
constexpr std::chrono::milliseconds busy_timeout_min(1);
constexpr auto busy_timeout_max =
    std::chrono::duration_cast<std::chrono::milliseconds>(mono_time::duration::max());

constexpr const char* savepoint = "SAVEPOINT ferrule_function";
constexpr const char* release = "RELEASE ferrule_function";
constexpr const char* rollback_to = "ROLLBACK TO ferrule_function";
static_assert(std::string_view(savepoint).ends_with(connection::savepoint) &&
              std::string_view(release).ends_with(connection::savepoint) &&
              std::string_view(rollback_to).ends_with(connection::savepoint));

/// Calls a job's function; true when what it wrote is to be kept.
bool call(job& wanted, connection& c) noexcept {
  struct confinement {
    explicit confinement(connection& whose) noexcept : c(whose) { c.confine(true); }
    confinement(const confinement&) = delete;
    ~confinement() { c.confine(false); }
    connection& c;
  };
  try {
    const confinement until_it_returns(c);
    return wanted.call(c);
  } catch (const error& e) {
    wanted.failed = e;
  } catch (...) {
    wanted.thrown = std::current_exception();
  }
  return false;
}

void begin_write(connection& c) {
  c.execute("BEGIN IMMEDIATE");
  if (!c.has_lost_its_file()) return;
  c.execute("ROLLBACK");
  throw error(error_kind::cannot_open, "its file was removed or replaced since it was opened");
}

/// Lets `wanted` see one moment of the database, and change nothing.
void read_on(connection& c, job& wanted) {
  c.execute("BEGIN");
  call(wanted, c);
  if (c.in_transaction()) c.execute("ROLLBACK");
}

}  // namespace

void reader::run(job& wanted, mono_time until) noexcept {
  patience_.last_until(until);
  const auto failed = attempt([&] {
    if (connection_ == nullptr) {
      auto made = std::make_unique<connection>(path_);
      patience_.attach(*made);
      made->script("PRAGMA query_only=ON; PRAGMA trusted_schema=OFF");
      connection_ = std::move(made);
    }
    read_on(*connection_, wanted);
  });
  if (!failed) return;
  connection_.reset();
  if (wanted.ended_well()) wanted.failed = failed;
}

engine::engine(std::string path, const database_options& options)
    : path_(std::move(path)),
      busy_timeout_(std::clamp(options.busy_timeout, busy_timeout_min, busy_timeout_max)),
      readers_max_(std::max(options.readers_max, std::size_t{1})),
      writes_(std::max(options.waiting_max, std::size_t{1})),
      reads_(std::max(options.waiting_max, std::size_t{1})) {
  writer_patience_.last_until(busy_end());
  writer_ = open_writer(path_, options, writer_patience_);
  try {
    const signals_blocked in_the_thread_too;
    write_thread_ = std::thread([this]() noexcept { write_loop(); });
    if (!in_memory()) read_threads_.emplace_back([this]() noexcept { read_loop(); });
  } catch (const std::system_error&) {
    end_threads();
    throw error(error_kind::cannot_open, "the system has no thread for it");
  }
}

bool engine::in_memory() const noexcept { return path_ == memory_path; }

mono_time engine::busy_end() const noexcept {
  return saturating_add(std::chrono::steady_clock::now(), busy_timeout_);
}

/// Those that run do when no other can be had.
void engine::start_reader() {
  const std::lock_guard lock(starting_);
  if (read_threads_.size() == readers_max_) return;
  const signals_blocked in_the_thread_too;
  try {
    read_threads_.emplace_back([this]() noexcept { read_loop(); });
  } catch (const std::system_error&) {
  }
}

void engine::end_threads() noexcept {
  writes_.close();
  reads_.close();
  if (write_thread_.joinable()) write_thread_.join();
  for (std::thread& each : read_threads_) each.join();
}

turn engine::on_thread(job& wanted) {
  if (wanted.how == access::write || in_memory()) return {writes_, wanted, busy_timeout_};
  if (reads_.is_short_of_threads()) start_reader();
  return {reads_, wanted, busy_timeout_};
}

void engine::run_inline(job& wanted) noexcept {
  const std::lock_guard lock(writing_);
  if (wanted.how == access::read) {
    in_memory() ? read_on_writer(wanted) : inline_reader_.run(wanted, busy_end());
    return;
  }
  writer_patience_.last_until(busy_end());
  wanted.failed = attempt([&] { begin_write(*writer_); });
  if (wanted.failed) return;
  run_in_savepoint(wanted);
  jobs batch;
  batch.push_back(wanted);
  commit(batch);
  wanted.unlink();
}

void engine::read_loop() noexcept {
  reader mine(path_);
  while (job* const wanted = reads_.wait_and_take()) {
    mine.run(*wanted, wanted->patience);
    jobs ended;
    ended.push_back(*wanted);
    reads_.tell(ended);
  }
}

void engine::write_loop() noexcept {
  while (writes_.wait()) {
    const std::lock_guard lock(writing_);
    if (job* const read = writes_.take(access::read)) {
      read_on_writer(*read);
      jobs ended;
      ended.push_back(*read);
      writes_.tell(ended);
    } else {
      write_waiting();
    }
  }
}

/// Runs the jobs that wait in one transaction, so that they share its end, which is what costs.
void engine::write_waiting() noexcept {
  // They stay in the queue, which they can leave, until the database is this thread's.
  writer_patience_.last_while_wanted_by(writes_);
  const auto failed = attempt([&] { begin_write(*writer_); });
  if (failed && failed->kind == error_kind::busy) {
    writer_patience_.sleep(0);  // where SQLite has not
    return;
  }
  writer_patience_.last_until(busy_end());
  jobs batch;
  // Those that come meanwhile are for the next: nobody waits for ever to be committed.
  for (std::size_t left = writes_.size(); left != 0; --left) {
    if (!failed && !writer_->in_transaction()) break;
    job* const next = writes_.take(access::write);
    if (next == nullptr) break;
    batch.push_back(*next);
    if (failed) {
      next->failed = failed;
    } else {
      run_in_savepoint(*next);
    }
  }
  if (!failed) commit(batch);
  writes_.tell(batch);
}

/// Ends the transaction in which the jobs ran. An error such as a full disk has ended it already,
/// and with it all that ran in it.
void engine::commit(jobs& batch) noexcept {
  std::optional<error> lost;
  if (writer_->in_transaction()) {
    lost = attempt([&] { writer_->execute("COMMIT"); });
    if (lost) attempt([&] { writer_->execute("ROLLBACK"); });
  } else {
    lost = batch.back().failed.value_or(
        error(error_kind::statement, "a function ended the transaction that it ran in"));
  }
  if (!lost) return;
  jobs failed;
  while (!batch.empty()) {
    job& each = batch.front();
    if (each.ended_well()) each.failed = lost;
    failed.push_back(each);
  }
  batch.append(failed);
}

/// Runs one job such that it can fail alone.
void engine::run_in_savepoint(job& wanted) noexcept {
  const auto failed = attempt([&] {
    writer_->execute(savepoint);
    bool keep = call(wanted, *writer_);
    if (!writer_->in_transaction()) return;
    if (keep && writer_->has_unresolved_foreign_keys()) {
      wanted.failed.emplace(error_kind::foreign_key, "FOREIGN KEY constraint failed");
      keep = false;
    }
    if (!keep) writer_->execute(rollback_to);
    writer_->execute(release);
  });
  if (!failed) return;
  if (wanted.ended_well()) wanted.failed = failed;
  attempt([&] { writer_->execute("ROLLBACK"); });
}

/// Of a database in memory, which nobody else can see.
void engine::read_on_writer(job& wanted) noexcept {
  auto failed = attempt([&] {
    writer_->execute("PRAGMA query_only=ON");
    const auto failed_read = attempt([&] { read_on(*writer_, wanted); });
    writer_->execute("PRAGMA query_only=OFF");
    if (failed_read) throw error(*failed_read);
  });
  if (failed && wanted.ended_well()) wanted.failed = std::move(failed);
}

}  // namespace ferrule::storage::detail
