#include "ferrule/storage/statement.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>

namespace ferrule::storage::detail {
namespace {

error_kind kind_of(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return error_kind::unique;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return error_kind::foreign_key;
    default:
      break;
  }
  switch (code & 0xff) {  // the primary code
    case SQLITE_CONSTRAINT:
      return error_kind::constraint;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return error_kind::mismatch;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:  // others begin to use the file just now
      return error_kind::busy;
    case SQLITE_FULL:
      return error_kind::full;
    case SQLITE_READONLY:
      return error_kind::read_only;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error_kind::corrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return error_kind::cannot_open;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return error_kind::io;
    default:
      return error_kind::statement;
  }
}

/// Takes the first statement off `rest`, or white space and comments up to a semicolon, which
/// leave `made` null. Returns SQLite's code.
int try_prepare(sqlite3* database, std::string_view& rest, sqlite3_stmt*& made) noexcept {
  const char* const end = rest.data() + rest.size();
  const char* after = end;
  const int code = sqlite3_prepare_v3(database, rest.data(), static_cast<int>(rest.size()),
                                      SQLITE_PREPARE_PERSISTENT, &made, &after);
  rest = {after, static_cast<std::size_t>(end - after)};
  return code;
}

sqlite3_stmt* prepare(sqlite3* database, std::string_view& rest) {
  sqlite3_stmt* made = nullptr;
  const int code = try_prepare(database, rest, made);
  if (code != SQLITE_OK) throw error_of(code, sqlite3_errmsg(database));
  return made;
}

}  // namespace

error error_of(int code, std::string text) {
  if (code == SQLITE_AUTH) {
    text = "a function can neither begin nor end transactions, nor attach databases, nor change "
           "settings";
  }
  return {kind_of(code), std::move(text)};
}

void throw_out_of_range(std::string_view what, std::int64_t value) {
  throw error(error_kind::mismatch, fmt::format("{} is not in the range of {}", value, what));
}

void check_sql(std::string_view sql) {
  if (sql.find('\0') != sql.npos) throw error(error_kind::statement, "a NUL in the statement");
  if (sql.size() > sql_bytes_max) throw error(error_kind::statement, "the statement is too long");
}

void throw_wrong_count(std::string_view what, int given, std::size_t wanted) {
  throw error(error_kind::statement,
              fmt::format("the statement has {} {}, the program {}", given, what, wanted));
}

statement::statement(sqlite3* database, std::string_view sql) {
  check_sql(sql);
  std::string_view rest = sql;
  while (handle_ == nullptr && !rest.empty()) handle_ = prepare(database, rest);
  while (handle_ != nullptr && !rest.empty()) {
    sqlite3_stmt* second = nullptr;
    const bool is_blank = try_prepare(database, rest, second) == SQLITE_OK && second == nullptr;
    sqlite3_finalize(second);
    if (!is_blank) sqlite3_finalize(std::exchange(handle_, nullptr));
  }
  if (handle_ == nullptr) {
    throw error(error_kind::statement, "not exactly one statement; use script() for several");
  }
}

statement::~statement() { sqlite3_finalize(handle_); }

void statement::bind(int at, std::nullptr_t) { check(sqlite3_bind_null(handle_, at)); }
void statement::bind(int at, std::int64_t value) { check(sqlite3_bind_int64(handle_, at, value)); }
void statement::bind(int at, double value) {
  if (std::isnan(value)) throw error(error_kind::mismatch, "a parameter is NaN");
  check(sqlite3_bind_double(handle_, at, value));
}
void statement::bind(int at, std::string_view text) {
  if (text.find('\0') != text.npos) throw error(error_kind::mismatch, "a NUL in a text");
  const char* const bytes = text.data() != nullptr ? text.data() : "";  // null would be NULL
  check(sqlite3_bind_text64(handle_, at, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}
void statement::bind(int at, std::span<const std::byte> blob) {
  if (blob.empty()) return check(sqlite3_bind_zeroblob(handle_, at, 0));
  check(sqlite3_bind_blob64(handle_, at, blob.data(), blob.size(), SQLITE_STATIC));
}
int statement::parameter_count() const noexcept { return sqlite3_bind_parameter_count(handle_); }

bool statement::step() {
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
  return code == SQLITE_ROW;
}

int statement::column_count() const noexcept { return sqlite3_column_count(handle_); }
bool statement::is_null(int at) const noexcept {
  return sqlite3_column_type(handle_, at) == SQLITE_NULL;
}
std::int64_t statement::integer(int at) const {
  check_type(at, SQLITE_INTEGER, "a whole number");
  return sqlite3_column_int64(handle_, at);
}
double statement::real(int at) const {
  if (sqlite3_column_type(handle_, at) != SQLITE_INTEGER) {
    check_type(at, SQLITE_FLOAT, "a number");
    return sqlite3_column_double(handle_, at);
  }
  constexpr std::int64_t exact_max = std::int64_t{1} << std::numeric_limits<double>::digits;
  const std::int64_t whole = sqlite3_column_int64(handle_, at);
  if (whole > exact_max || whole < -exact_max) throw_out_of_range("double", whole);
  return static_cast<double>(whole);
}
std::string_view statement::text(int at) const {
  check_type(at, SQLITE_TEXT, "a text");
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, at));
  if (bytes == nullptr) throw error_of(SQLITE_NOMEM, "out of memory");
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, at))};
}
std::span<const std::byte> statement::blob(int at) const {
  check_type(at, SQLITE_BLOB, "a blob");
  const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle_, at));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, at))};
}

bool statement::only_reads() const noexcept { return sqlite3_stmt_readonly(handle_) != 0; }

void statement::check(int code) const {
  if (code != SQLITE_OK) throw error_of(code, sqlite3_errmsg(sqlite3_db_handle(handle_)));
}

void statement::check_type(int at, int wanted, const char* name) const {
  if (sqlite3_column_type(handle_, at) == wanted) return;
  throw error(error_kind::mismatch,
              fmt::format("column {} is {}, not {}", sqlite3_column_name(handle_, at),
                          is_null(at) ? "NULL" : "of another type", name));
}

void statement::reset() noexcept {
  sqlite3_reset(handle_);  // repeats the error of the last step, which was told already
  sqlite3_clear_bindings(handle_);
}

}  // namespace ferrule::storage::detail
