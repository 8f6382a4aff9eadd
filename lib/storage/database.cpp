#include "ferrule/storage/database.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ferrule::storage {
namespace {

constexpr std::string_view memory = ":memory:";

/// Calls what may throw an `error`, and returns that.
template <class F>
std::optional<error> attempt(F&& f) {
  try {
    f();
    return std::nullopt;
  } catch (const error& e) {
    return e;
  }
}

/// The same for a job's function; true when what it wrote is to be kept.
bool call(detail::job& wanted, connection& c) noexcept {
  try {
    return wanted.call(c);
  } catch (const error& e) {
    wanted.failed = e;
  } catch (...) {
    wanted.thrown = std::current_exception();
  }
  return false;
}

/// Lets `wanted` see one moment of the database, and change nothing.
void read_on(connection& c, detail::job& wanted) {
  c.execute("BEGIN");
  call(wanted, c);
  if (c.in_transaction()) c.execute("ROLLBACK");
}

void use_wal(connection& c) {
  const auto mode = c.first<std::string>("PRAGMA journal_mode=WAL");
  if (mode != "wal" && mode != "memory") {
    throw error(error_kind::cannot_open,
                "WAL is not possible here: is the file on a network, or its folder read-only?");
  }
  c.script("PRAGMA journal_size_limit=67108864");  // a burst must not leave a huge -wal behind
}

void limit_size(connection& c, std::uint64_t bytes_max) {
  if (bytes_max == 0) return;
  const auto page_bytes = c.first<std::uint64_t>("PRAGMA page_size").value();
  c.script(
      fmt::format("PRAGMA max_page_count={}", std::max(bytes_max / page_bytes, std::uint64_t{1})));
}

void migrate(connection& c, std::span<const char* const> migrations) {
  const auto known = static_cast<std::int64_t>(migrations.size());
  const auto version = [&c] { return c.first<std::int64_t>("PRAGMA user_version").value_or(0); };
  if (version() == known) return;
  c.execute("BEGIN IMMEDIATE");
  const std::int64_t from = version();  // another process may have been first
  if (from > known) {
    throw error(error_kind::statement,
                fmt::format("made by a newer program: its tables are of version {}, known are {}",
                            from, known));
  }
  for (const char* const each : migrations.subspan(static_cast<std::size_t>(from))) c.script(each);
  c.script(fmt::format("PRAGMA user_version={}", known));
  c.execute("COMMIT");
}

}  // namespace

result<std::unique_ptr<database>, error> database::open(const std::string& path,
                                                        const database_options& options) {
  try {
    return std::unique_ptr<database>(new database(path, options));
  } catch (const error& e) {
    return fail(e);
  }
}

database::database(const std::string& path, const database_options& options)
    : path_(path), busy_timeout_(options.busy_timeout), writer_(path) {
  writer_.set_busy_timeout(static_cast<int>(busy_timeout_.count()));
  use_wal(writer_);
  writer_.script(options.durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  writer_.script("PRAGMA trusted_schema=OFF");
  limit_size(writer_, options.bytes_max);
  migrate(writer_, options.migrations);
  writer_.script("PRAGMA foreign_keys=ON");  // after the migrations, which may remake tables
}

database::~database() = default;

void database::run_read(detail::job& wanted) noexcept {
  const auto failed = attempt([&] {
    if (path_ == memory) {
      const std::lock_guard lock(writing_);
      writer_.execute("PRAGMA query_only=ON");
      const auto failed_read = attempt([&] { read_on(writer_, wanted); });
      writer_.execute("PRAGMA query_only=OFF");
      if (failed_read) throw error(*failed_read);
      return;
    }
    std::unique_ptr<connection> reader = take_reader();
    read_on(*reader, wanted);
    const std::lock_guard lock(mutex_);
    idle_readers_.push_back(std::move(reader));
  });
  if (failed && wanted.ended_well()) wanted.failed = failed;
}

std::unique_ptr<connection> database::take_reader() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<connection> taken = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return taken;
    }
  }
  auto made = std::make_unique<connection>(path_);
  made->set_busy_timeout(static_cast<int>(busy_timeout_.count()));
  made->script("PRAGMA query_only=ON; PRAGMA trusted_schema=OFF");
  return made;
}

void database::run_write(detail::job& wanted) noexcept {
  {
    const std::lock_guard lock(mutex_);
    *last_waiting_ = &wanted;
    last_waiting_ = &wanted.next;
  }
  const std::lock_guard lock(writing_);
  if (wanted.done) return;  // whoever held the lock took this job along
  detail::job* first;
  {
    const std::lock_guard queue_lock(mutex_);
    first = std::exchange(first_waiting_, nullptr);
    last_waiting_ = &first_waiting_;
  }
  while (first != nullptr) first = commit_together(first);
}

/// Runs the jobs from `first` on in one transaction, so that they share its end, which is what
/// costs. Returns the first that is still to be run: an error such as a full disk ends a
/// transaction early, and with it all that ran in it.
detail::job* database::commit_together(detail::job* first) noexcept {
  std::optional<error> lost = attempt([&] { writer_.execute("BEGIN IMMEDIATE"); });
  detail::job* last = nullptr;
  detail::job* at = first;
  if (lost) {
    at = nullptr;  // no job can begin
  } else {
    for (; at != nullptr && writer_.in_transaction(); at = at->next) {
      run_in_savepoint(*at);
      last = at;
    }
    if (writer_.in_transaction()) {
      lost = attempt([&] { writer_.execute("COMMIT"); });
      if (lost) attempt([&] { writer_.execute("ROLLBACK"); });
    } else {
      lost = last->failed.value_or(
          error(error_kind::statement, "a function ended the transaction that it ran in"));
    }
  }
  for (detail::job* each = first; each != at;) {
    if (lost && each->ended_well()) each->failed = lost;
    each->done = true;
    each = each->next;
  }
  return at;
}

/// Runs one job such that it can fail alone.
void database::run_in_savepoint(detail::job& wanted) noexcept {
  const auto failed = attempt([&] {
    writer_.execute("SAVEPOINT job");
    bool keep = call(wanted, writer_);
    if (!writer_.in_transaction()) return;
    if (keep && writer_.has_unresolved_foreign_keys()) {
      wanted.failed.emplace(error_kind::foreign_key, "FOREIGN KEY constraint failed");
      keep = false;
    }
    if (!keep) writer_.execute("ROLLBACK TO job");
    writer_.execute("RELEASE job");
  });
  if (!failed) return;
  if (wanted.ended_well()) wanted.failed = failed;
  attempt([&] { writer_.execute("ROLLBACK"); });
}

}  // namespace ferrule::storage
