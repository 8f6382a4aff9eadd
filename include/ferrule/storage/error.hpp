#pragma once
/// @file
/// What can go wrong with a database, told apart as far as a program would act on it.
///
/// ```cpp
/// int status_of(const ferrule::storage::error& e) {
///   return e.kind == ferrule::storage::error_kind::unique ? 409 : 500;
/// }
/// ```
///
/// Source: SQLite, "Result and Error Codes", https://sqlite.org/rescode.html

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace ferrule::storage {

/// What kind of failure.
enum class error_kind : std::uint8_t {
  unique,       ///< a value that must be unique, or a primary key, is there already
  foreign_key,  ///< it refers to a row that is not there, or is referred to
  constraint,   ///< another constraint of the table: NOT NULL, CHECK
  mismatch,     ///< a value has not the type or the range that was asked for
  busy,         ///< others held the database for longer than the busy timeout; nothing was done
  deadline,     ///< others held it until the deadline of who asked; nothing was done
  overloaded,   ///< as many as may wait for the database do already; nothing was done
  full,         ///< no room on the disk, or the database's own limit
  read_only,    ///< the file, or the function that wanted to write, may only read
  corrupt,      ///< the file is damaged, or is no database
  cannot_open,  ///< no such folder, no permission
  io,           ///< the disk failed
  statement,    ///< the SQL is wrong, and whatever else is a defect of the program
};

/// One failure, as a value; inside of a function that runs on a connection it is thrown.
struct error : std::exception {
  error(error_kind what_kind, std::string message) : kind(what_kind), text(std::move(message)) {}
  const char* what() const noexcept override { return text.c_str(); }

  error_kind kind;
  std::string text;  ///< for a log: "UNIQUE constraint failed: users.email"
};

}  // namespace ferrule::storage
