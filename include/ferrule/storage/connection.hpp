#pragma once
/// @file
/// SQL as typed calls: what a function that was handed to a `database` works with. Everything here
/// blocks; it runs on a worker thread.
///
/// ```cpp
/// struct user { std::uint64_t id; std::string name; };
/// std::optional<user> rename(ferrule::storage::connection& c, std::uint64_t id,
///                            std::string_view name) {
///   c.execute("UPDATE users SET name = ? WHERE id = ?", name, id);
///   return c.first<user>("SELECT id, name FROM users WHERE id = ?", id);
/// }
/// ```
///
/// Parameters and columns: whole numbers (beyond the range of the C++ type: `mismatch`), bool and
/// enums as whole numbers, floating point, texts, `std::span<const std::byte>` and
/// `std::vector<std::byte>` as blobs, and `std::optional` of those for what may be NULL. Durations
/// and times of `std::chrono::system_clock` are numbers of their own ticks, times since 1970: for
/// `std::chrono::sys_seconds` that is what SQL's `unixepoch()` gives. A column of another type than
/// asked for is a `mismatch`, never converted. So is what SQLite would keep as something else than
/// it is:
///
/// - a text with a NUL: collations and functions stop there, so that two such texts may count as
///   equal. Bind a blob, or refuse it where it comes from. Other bytes are kept as they are;
///   whether they are UTF-8 nobody asks;
/// - NaN, which would become NULL: bind an empty `std::optional<double>`;
/// - a whole number beyond 2^53 read as `double`, and a number beyond `float` read as that.
///
/// Source: https://sqlite.org/nulinstr.html, https://sqlite.org/c3ref/bind_blob.html

#include <algorithm>
#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/storage/statement.hpp"

namespace ferrule::storage {

/// An id from outside that may be looked for: SQLite's ids end at 2^63 - 1, a greater one would be
/// a `mismatch`. Returns that last id in its place, which AUTOINCREMENT gives to no row before all
/// others were used.
constexpr std::uint64_t row_id(std::uint64_t id) noexcept {
  return std::min(id, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

/// One connection to an SQLite database. Its functions throw `error`.
/// Statements are prepared once: `sql` should be a literal, with `?` for what varies.
/// Thread rule: one thread at a time; `database` sees to it.
class connection {
 public:
  /// Statements kept prepared; the one that was not used for longest makes room.
  static constexpr std::size_t statements_max = 64;

  /// Opens the file, or ":memory:"; it is made when it is not there. It is a path and no URI: one
  /// that begins with "file:" is refused. Statements do not wait for another process: they fail
  /// with `busy`.
  explicit connection(const std::string& path);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Runs one statement. Returns how many rows it inserted, updated or deleted.
  template <class... Args>
  std::int64_t execute(std::string_view sql, const Args&... args) {
    detail::statement& s = prepared(sql);
    const detail::statement::run once(s);
    detail::bind_all(s, args...);
    while (s.step()) {
    }
    return s.only_reads() ? 0 : changes();
  }
  /// The first row, as a struct whose members are the columns in their order, or as a single value;
  /// nothing when there is no row.
  template <class T, class... Args>
  std::optional<T> first(std::string_view sql, const Args&... args) {
    detail::statement& s = prepared(sql);
    const detail::statement::run once(s);
    detail::bind_all(s, args...);
    if (!s.step()) return std::nullopt;
    return detail::row_value<T>(s);
  }
  /// All rows. Say LIMIT where there could be many.
  template <class T, class... Args>
  std::vector<T> all(std::string_view sql, const Args&... args) {
    detail::statement& s = prepared(sql);
    const detail::statement::run once(s);
    detail::bind_all(s, args...);
    std::vector<T> rows;
    while (s.step()) rows.push_back(detail::row_value<T>(s));
    return rows;
  }
  /// Runs any number of statements, separated by ';', without parameters. No NUL may be in it.
  void script(const std::string& sql);
  /// The id of the row that was inserted last.
  std::int64_t last_insert_id() const noexcept;

  /// Whether a transaction is open. Some errors (a full disk) end it by themselves.
  bool in_transaction() const noexcept;
  /// Whether a row refers to one that is not there, as a deferred foreign key allows until the end
  /// of the transaction.
  bool has_unresolved_foreign_keys() const noexcept;
  /// Asked again and again while another process holds the database: whether to go on waiting (0:
  /// no, the statement fails with `busy`). `tries` counts from 0; the function does the waiting.
  using busy_function = int (*)(void* context, int tries);
  void while_busy(busy_function wait, void* context) noexcept;

  /// The savepoint that a confined function cannot touch.
  static constexpr std::string_view savepoint = "ferrule_function";
  /// Whether statements are kept to the data of the open transaction, as those of a function are
  /// that a `database` runs: to begin or end a transaction, attach a database or give a PRAGMA a
  /// value is an error (`statement`), and so is any statement once the transaction has ended.
  /// Savepoints are allowed.
  void confine(bool wanted) noexcept { is_confined_ = wanted; }
  /// Whether the file was removed or replaced since it was opened, so that nobody else sees what
  /// is written.
  bool has_lost_its_file() const noexcept;

 private:
  struct cached {
    std::string sql;
    bool is_confined;  // what one may is not for the other
    detail::statement statement;
  };

  detail::statement& prepared(std::string_view sql);
  std::int64_t changes() const noexcept;
  void check_transaction() const;
  static int authorize(void* self, int action, const char* first, const char* second, const char*,
                       const char*) noexcept;

  sqlite3* handle_ = nullptr;
  bool is_confined_ = false;
  std::list<cached> statements_;  // the last used first
};

}  // namespace ferrule::storage
