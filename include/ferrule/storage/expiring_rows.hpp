#pragma once
/// @file
/// Rows that are of no use any more once they have an age: keys, sessions, what was sent. Deleting
/// a million of them in one statement would keep every other write waiting for seconds; here they
/// go so many at a time.
///
/// ```cpp
/// // CREATE TABLE sessions (id TEXT PRIMARY KEY, made_at INTEGER NOT NULL) …
/// // CREATE INDEX sessions_by_age ON sessions (made_at)
/// using old_sessions = ferrule::storage::expiring_rows<"sessions", "id", "made_at">;
/// void add(ferrule::storage::connection& c, std::string_view id, std::int64_t now) {
///   old_sessions::delete_some(c, now - 3600);        // each write tidies up after several others
///   c.execute("INSERT INTO sessions VALUES (?, ?)", id, now);
/// }
/// ferrule::task<> tidy_up(ferrule::storage::database& db, std::int64_t now) {
///   co_await old_sessions::delete_all(db, now - 3600);  // others write in between
/// }
/// ```

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/core/fixed_string.hpp"
#include "ferrule/storage/database.hpp"

namespace ferrule::storage {

/// The rows of `Table` by their column `Age`, a whole number that grows with time and has an index.
/// `Key` is the column that tells them apart.
/// Whoever reads the table has to ask for the age as well: rows that are too old are there for as
/// long as nobody has deleted them.
template <fixed_string Table, fixed_string Key, fixed_string Age>
struct expiring_rows {
  /// How many `delete_some` deletes at most unless it is told: well under a millisecond of work.
  static constexpr std::int64_t rows_max_default = 100;

  /// Deletes those with an age below `oldest`, the oldest first, and `rows_max` of them at most.
  /// Returns how many. Inside of a function that writes; throws `error`.
  static std::int64_t delete_some(connection& c, std::int64_t oldest,
                                  std::int64_t rows_max = rows_max_default) {
    return c.execute(sql, oldest, rows_max);
  }

  /// Deletes all of them, in writes of `rows_max` each, between which those of others come.
  /// Gives how many; errors and cancellation as those of `database::write`: what was deleted by
  /// then stays so.
  static task<result<std::int64_t, error>> delete_all(database& from, std::int64_t oldest,
                                                      std::int64_t rows_max = rows_max_default) {
    std::int64_t sum = 0;
    for (;;) {
      const auto slice = co_await from.write(
          [=](connection& c) { return delete_some(c, oldest, rows_max); });
      if (!slice) co_return fail(slice.error());
      sum += *slice;
      if (*slice < rows_max) co_return sum;
    }
  }

 private:
  static constexpr std::string_view parts[] = {
      "DELETE FROM ", Table.view(), " WHERE ",    Key.view(), " IN (SELECT ", Key.view(), " FROM ",
      Table.view(),   " WHERE ",    Age.view(), " < ? ORDER BY ", Age.view(), " LIMIT ?)"};
  static constexpr std::size_t sql_size = [] {
    std::size_t sum = 0;
    for (const std::string_view part : parts) sum += part.size();
    return sum;
  }();
  static constexpr auto sql_chars = [] {
    std::array<char, sql_size> chars{};
    char* at = chars.data();
    for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
    return chars;
  }();

 public:
  /// The statement; its parameters are `oldest` and `rows_max`.
  static constexpr std::string_view sql{sql_chars.data(), sql_chars.size()};
};

}  // namespace ferrule::storage
