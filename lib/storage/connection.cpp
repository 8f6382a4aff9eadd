#include "ferrule/storage/connection.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace ferrule::storage {

connection::connection(const std::string& path) {
  if (path.empty()) throw error(error_kind::cannot_open, "the path of a database is empty");
  if (path.find('\0') != path.npos) throw error(error_kind::cannot_open, "a NUL in the path");
  // The program guards a connection itself, so SQLite need not lock it (NOMUTEX).
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (code == SQLITE_OK) return;
  const std::string text = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  sqlite3_close(handle_);
  throw detail::error_of(code, text);
}

connection::~connection() {
  statements_.clear();
  sqlite3_close(handle_);
}

void connection::script(const std::string& sql) {
  detail::check_sql(sql);
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw detail::error_of(code, sqlite3_errmsg(handle_));
}

std::int64_t connection::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(handle_);
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

bool connection::has_unresolved_foreign_keys() const noexcept {
  int count = 0;
  int unused = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_DEFERRED_FKS, &count, &unused, 0);
  return count != 0;
}

void connection::while_busy(busy_function wait, void* context) noexcept {
  sqlite3_busy_handler(handle_, wait, context);
}

detail::statement& connection::prepared(std::string_view sql) {
  const auto found = std::ranges::find(statements_, sql, &cached::sql);
  if (found != statements_.end()) {
    statements_.splice(statements_.begin(), statements_, found);
  } else {
    statements_.push_front({std::string(sql), detail::statement(handle_, sql)});
    if (statements_.size() > statements_max) statements_.pop_back();
  }
  return statements_.front().statement;
}

std::int64_t connection::changes() const noexcept { return sqlite3_changes64(handle_); }

}  // namespace ferrule::storage
