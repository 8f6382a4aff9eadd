#include "ferrule/storage/connection.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace ferrule::storage {
namespace {

bool is_same_name(std::string_view a, std::string_view b) noexcept {
  return sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(b.size())) == 0 &&
         a.size() == b.size();
}

/// Whether a PRAGMA's value says what is asked for, rather than what is to be.
bool is_question(std::string_view pragma) noexcept {
  constexpr std::string_view questions[] = {
      "table_info", "table_xinfo",      "table_list",        "index_list",     "index_info",
      "index_xinfo", "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
      "optimize",   "incremental_vacuum"};
  return std::ranges::any_of(questions,
                             [&](std::string_view each) { return is_same_name(pragma, each); });
}

}  // namespace

connection::connection(const std::string& path) {
  if (path.empty()) throw error(error_kind::cannot_open, "the path of a database is empty");
  if (path.find('\0') != path.npos) throw error(error_kind::cannot_open, "a NUL in the path");
  // Some builds of SQLite take these for URIs, with settings in them, others for files.
  if (path.starts_with("file:")) {
    throw error(error_kind::cannot_open, "the path of a database is no URI: leave out 'file:'");
  }
  // The program guards a connection itself, so SQLite need not lock it (NOMUTEX).
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_set_authorizer(handle_, authorize, this);
    return;
  }
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
  check_transaction();
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

bool connection::has_lost_its_file() const noexcept {
  int moved = 0;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

/// Asked of each thing that a statement does, when it is prepared.
int connection::authorize(void* self, int action, const char* first, const char* second,
                          const char*, const char*) noexcept {
  if (!static_cast<connection*>(self)->is_confined_) return SQLITE_OK;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return SQLITE_DENY;
    case SQLITE_SAVEPOINT:  // `first` is what to do with it
      return is_same_name(second, savepoint) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      return second == nullptr || is_question(first) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_OK;
  }
}

/// In a transaction that an error has ended, each statement would be kept by itself.
void connection::check_transaction() const {
  if (is_confined_ && !in_transaction()) {
    throw error(error_kind::statement, "an error before has ended the transaction");
  }
}

detail::statement& connection::prepared(std::string_view sql) {
  check_transaction();
  const auto found = std::ranges::find_if(statements_, [&](const cached& each) {
    return each.is_confined == is_confined_ && each.sql == sql;
  });
  if (found != statements_.end()) {
    statements_.splice(statements_.begin(), statements_, found);
  } else {
    statements_.push_front({std::string(sql), is_confined_, detail::statement(handle_, sql)});
    if (statements_.size() > statements_max) statements_.pop_back();
  }
  return statements_.front().statement;
}

std::int64_t connection::changes() const noexcept { return sqlite3_changes64(handle_); }

}  // namespace ferrule::storage
