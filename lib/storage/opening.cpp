#include "storage/opening.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ferrule::storage::detail {
namespace {

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

std::unique_ptr<connection> try_to_open(const std::string& path, const database_options& options,
                                        patience& waits) {
  auto writer = std::make_unique<connection>(path);
  waits.attach(*writer);
  use_wal(*writer);
  writer->script(options.durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  writer->script("PRAGMA trusted_schema=OFF");
  limit_size(*writer, options.bytes_max);
  migrate(*writer, options.migrations);
  writer->script("PRAGMA foreign_keys=ON");  // after the migrations, which may remake tables
  return writer;
}

}  // namespace

std::unique_ptr<connection> open_writer(const std::string& path, const database_options& options,
                                        patience& waits) {
  // Where two processes would wait for each other, as when both turn a new file to WAL, SQLite lets
  // neither wait.
  for (int tries = 0;; ++tries) {
    try {
      return try_to_open(path, options, waits);
    } catch (const error& e) {
      if (e.kind != error_kind::busy || !waits.sleep(tries)) throw;
    }
  }
}

}  // namespace ferrule::storage::detail
