#pragma once
/// @file
/// Where users are kept: an SQLite database, and the service's own options.

#include <memory>
#include <string>
#include <vector>

#include "api.hpp"
#include "ferrule/app/options.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/storage/database.hpp"

namespace users {

using ferrule::fail;
using ferrule::result;
using ferrule::task;
using ferrule::storage::connection;
using ferrule::storage::row_id;

/// What the command line says besides what every service takes.
struct settings {
  std::string db = "./users.db";
};
inline constexpr ferrule::option options[] = {
    ferrule::value_option<&settings::db>("db", "FILE", "where users are kept, or :memory:"),
};

/// Users by id. Ids ascend, and none is given twice. What fails for a reason that is no fault of
/// the caller (a disk that is broken, a file that is damaged) is thrown: the caller gets a 500, and
/// the log the reason.
class store {
 public:
  static constexpr bool thread_safe = true;
  static constexpr std::uint64_t bytes_max_default = std::uint64_t{4} << 30U;

  /// A database that exceeds `bytes_max` refuses users with `error::store_full`.
  static result<std::unique_ptr<store>, std::string> open(
      const std::string& path, std::uint64_t bytes_max = bytes_max_default) {
    // NOCASE: ASCII letters of either case are equal. AUTOINCREMENT: no id comes back.
    static constexpr const char* migrations[] = {
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
        " email TEXT NOT NULL COLLATE NOCASE UNIQUE) STRICT",
    };
    auto opened =
        ferrule::storage::database::open(path, {.bytes_max = bytes_max, .migrations = migrations});
    if (!opened) return fail(fmt::format("cannot open {}: {}", path, opened.error().text));
    return std::make_unique<store>(std::move(opened).value());
  }
  explicit store(std::unique_ptr<ferrule::storage::database> all) : all_(std::move(all)) {}

  task<result<user, error>> find(std::uint64_t id) {
    auto found = co_await all_->read([id = row_id(id)](connection& c) {
      return c.first<user>("SELECT id, name, email FROM users WHERE id = ?", id);
    });
    co_return the_user(std::move(found));
  }

  /// The first `count_max` users with greater ids than `after`, in the order of their ids.
  task<result<std::vector<user>, error>> list(std::uint64_t after, std::uint32_t count_max) {
    auto page = co_await all_->read([after = row_id(after), count_max](connection& c) {
      return c.all<user>("SELECT id, name, email FROM users WHERE id > ? ORDER BY id LIMIT ?",
                         after, count_max);
    });
    if (!page) co_return fail(refusal(page.error()));
    co_return std::move(page).value();
  }

  task<result<user, error>> add(new_user said) {
    auto added = co_await all_->write([said = std::move(said)](connection& c) {
      return c.first<user>(
          "INSERT INTO users (name, email) VALUES (?, ?) RETURNING id, name, email", said.name,
          said.email);
    });
    co_return the_user(std::move(added));
  }

  task<result<user, error>> replace(std::uint64_t id, new_user said) {
    auto replaced = co_await all_->write([id = row_id(id), said = std::move(said)](connection& c) {
      return c.first<user>(
          "UPDATE users SET name = ?, email = ? WHERE id = ? RETURNING id, name, email", said.name,
          said.email, id);
    });
    co_return the_user(std::move(replaced));
  }

  task<result<void, error>> remove(std::uint64_t id) {
    auto removed = co_await all_->write([id = row_id(id)](connection& c) {
      return c.execute("DELETE FROM users WHERE id = ?", id);
    });
    if (!removed) co_return fail(refusal(removed.error()));
    if (*removed == 0) co_return fail(error::not_found);
    co_return {};
  }

 private:
  static result<user, error> the_user(
      result<std::optional<user>, ferrule::storage::error> statement) {
    if (!statement) return fail(refusal(statement.error()));
    if (!*statement) return fail(error::not_found);
    return **std::move(statement);
  }

  static error refusal(const ferrule::storage::error& e) {
    using enum ferrule::storage::error_kind;
    if (e.kind == unique) return error::email_taken;
    if (e.kind == full) return error::store_full;
    if (e.kind == busy || e.kind == deadline || e.kind == overloaded) return error::store_busy;
    throw e;
  }

  std::unique_ptr<ferrule::storage::database> all_;
};

}  // namespace users
