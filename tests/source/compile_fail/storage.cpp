#include "ferrule/storage/connection.hpp"
using namespace ferrule::storage;

//! case: a text that is read as a view, which would outlive its row
//! expect: a column lives only until the next row: read a text as std::string
inline void read(connection& c) {
#ifdef REFUSED
  c.first<std::string_view>("SELECT 'a'");
#else
  c.first<std::string>("SELECT 'a'");
#endif
}

//! case: a member of a row that is a view
//! expect: a column lives only until the next row
struct row {
  int id;
#ifdef REFUSED
  std::span<const std::byte> bytes;
#else
  std::vector<std::byte> bytes;
#endif
};
inline void read(connection& c) { c.all<row>("SELECT 1, x'00'"); }

//! case: a character as a column
//! expect: a character is no value of SQL: read a text as std::string
inline void read_mark(connection& c) {
#ifdef REFUSED
  c.first<char>("SELECT 'a'");
#else
  c.first<std::string>("SELECT 'a'");
#endif
}

//! case: a character as a parameter
//! expect: a character is no value of SQL: bind a std::string_view of it
inline void write_mark(connection& c, char mark) {
#ifdef REFUSED
  c.execute("INSERT INTO t VALUES (?)", mark);
#else
  c.execute("INSERT INTO t VALUES (?)", std::string_view(&mark, 1));
#endif
}

//! case: a time that means nothing to whoever reads it later
//! expect: store a time of std::chrono::system_clock
inline void write_time(connection& c) {
#ifdef REFUSED
  c.execute("INSERT INTO t VALUES (?)", std::chrono::steady_clock::now());
#else
  c.execute("INSERT INTO t VALUES (?)", std::chrono::system_clock::now());
#endif
}
