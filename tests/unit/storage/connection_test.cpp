#include "ferrule/storage/connection.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace ferrule::storage {
namespace {

/// Of what kind `f` fails.
template <class F>
error_kind kind_of_failure(F&& f) {
  try {
    f();
  } catch (const error& e) {
    EXPECT_FALSE(e.text.empty());
    return e.kind;
  }
  ADD_FAILURE() << "it did not fail";
  return {};
}

class connection_test : public testing::Test {
 protected:
  connection_test() {
    c.script(
        "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, legs,"
        " CHECK (name <> 'Nobody'));"
        "CREATE TABLE toys (name TEXT, pet INTEGER NOT NULL REFERENCES pets (id));"
        "PRAGMA foreign_keys=ON");
  }
  template <class T>
  T legs_of(std::string_view name) {
    return c.first<T>("SELECT legs FROM pets WHERE name = ?", name).value();
  }
  template <class T>
  T there_and_back(const T& value) {
    c.execute("INSERT OR REPLACE INTO pets (name, legs) VALUES ('Rex', ?)", value);
    return legs_of<T>("Rex");
  }

  connection c{":memory:"};
};

using namespace std::string_literals;

enum class size : std::uint8_t { small, big };

TEST_F(connection_test, carries_values_there_and_back) {
  EXPECT_EQ(there_and_back(4), 4);
  EXPECT_EQ(there_and_back(std::int8_t{-128}), -128);
  EXPECT_EQ(there_and_back(std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(there_and_back(std::uint64_t{1} << 62U), std::uint64_t{1} << 62U);
  EXPECT_EQ(there_and_back(true), true);
  EXPECT_EQ(there_and_back(2.5), 2.5);
  EXPECT_EQ(there_and_back(size::big), size::big);
  EXPECT_EQ(there_and_back(std::string()), "");
  EXPECT_EQ(there_and_back(std::optional<int>()), std::nullopt);
  EXPECT_EQ(there_and_back(std::optional<int>(3)), 3);
  c.execute("UPDATE pets SET legs = ?", nullptr);
  EXPECT_EQ(legs_of<std::optional<int>>("Rex"), std::nullopt);
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  EXPECT_EQ(there_and_back(bytes), bytes);
  EXPECT_EQ(there_and_back(std::vector<std::byte>()), std::vector<std::byte>());
}

TEST_F(connection_test, keeps_times_as_numbers_of_their_ticks) {
  using namespace std::chrono;
  const sys_seconds now = sys_days(2026y / November / 29) + 20h + 30min;
  EXPECT_EQ(there_and_back(now), now);
  EXPECT_EQ(c.first<std::int64_t>("SELECT unixepoch('2026-11-29 20:30:00')"),
            now.time_since_epoch().count());
  EXPECT_EQ(c.first<sys_seconds>("SELECT unixepoch('2026-11-29 20:30:00')"), now);
  EXPECT_EQ(there_and_back(sys_days(1815y / December / 10)), sys_days(1815y / December / 10));
  const sys_time<nanoseconds> precise = now + 1ns;
  EXPECT_EQ(there_and_back(precise), precise);
  EXPECT_EQ(there_and_back(std::optional<sys_seconds>()), std::nullopt);
  EXPECT_EQ(there_and_back(1500ms), 1500ms);
  EXPECT_EQ(there_and_back(duration<double>(0.25)), duration<double>(0.25));
  EXPECT_EQ(kind_of_failure([&] { there_and_back(duration<double>(NAN)); }), error_kind::mismatch);
}

TEST_F(connection_test, an_empty_view_is_a_text_and_not_null) {
  c.execute("INSERT INTO pets (name) VALUES (?)", std::string_view());
  EXPECT_EQ(c.first<std::string>("SELECT name FROM pets"), "");
}

TEST_F(connection_test, converts_nothing) {
  const auto kind = [&]<class T>(T, auto stored) {
    c.execute("INSERT OR REPLACE INTO pets (name, legs) VALUES ('Rex', ?)", stored);
    return kind_of_failure([&] { legs_of<T>("Rex"); });
  };
  EXPECT_EQ(kind(std::uint8_t{}, 256), error_kind::mismatch);
  EXPECT_EQ(kind(std::uint64_t{}, -1), error_kind::mismatch);
  EXPECT_EQ(kind(std::int8_t{}, -129), error_kind::mismatch);
  EXPECT_EQ(kind(int{}, "4"), error_kind::mismatch);
  EXPECT_EQ(kind(int{}, 4.0), error_kind::mismatch);
  EXPECT_EQ(kind(int{}, std::optional<int>()), error_kind::mismatch);
  EXPECT_EQ(kind(double{}, "4"), error_kind::mismatch);
  EXPECT_EQ(kind(std::string{}, 4), error_kind::mismatch);
  EXPECT_EQ(kind(std::vector<std::byte>{}, "4"), error_kind::mismatch);
  EXPECT_EQ(kind_of_failure([&] { there_and_back(std::uint64_t{1} << 63U); }),
            error_kind::mismatch);
}

TEST_F(connection_test, looks_for_any_id_from_outside) {
  constexpr std::uint64_t last = (std::uint64_t{1} << 63U) - 1;
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{42}, last}) {
    EXPECT_EQ(there_and_back(row_id(id)), id);
  }
  EXPECT_EQ(there_and_back(row_id(last + 1)), last);
  EXPECT_EQ(there_and_back(row_id(std::numeric_limits<std::uint64_t>::max())), last);
}

struct pet {
  std::uint64_t id;
  std::string name;
  std::optional<int> legs;
  friend bool operator==(const pet&, const pet&) = default;
};

TEST_F(connection_test, reads_rows_as_structs_and_values) {
  EXPECT_EQ(c.execute("INSERT INTO pets (name, legs) VALUES ('Rex', 4), ('Kaa', NULL)"), 2);
  EXPECT_EQ(c.last_insert_id(), 2);
  EXPECT_EQ(c.first<pet>("SELECT * FROM pets WHERE id = ?", 1), (pet{1, "Rex", 4}));
  EXPECT_EQ(c.first<pet>("SELECT * FROM pets WHERE id = ?", 3), std::nullopt);
  EXPECT_EQ(c.all<pet>("SELECT * FROM pets ORDER BY id"),
            (std::vector<pet>{{1, "Rex", 4}, {2, "Kaa", std::nullopt}}));
  EXPECT_EQ(c.first<int>("SELECT count(*) FROM pets"), 2);
  EXPECT_EQ(c.first<pet>("INSERT INTO pets (name) VALUES (?) RETURNING *", "Tux")->id, 3U);
  EXPECT_EQ(c.execute("UPDATE pets SET legs = 2"), 3);
  EXPECT_EQ(c.execute("DELETE FROM pets WHERE id > ?", 1), 2);
  EXPECT_EQ(c.execute("SELECT * FROM pets"), 0);
}

TEST_F(connection_test, tells_constraints_apart) {
  c.execute("INSERT INTO pets (id, name) VALUES (1, 'Rex')");
  const auto kind = [&](const char* sql) { return kind_of_failure([&] { c.execute(sql); }); };
  EXPECT_EQ(kind("INSERT INTO pets (name) VALUES ('Rex')"), error_kind::unique);
  EXPECT_EQ(kind("INSERT INTO pets (id, name) VALUES (1, 'Kaa')"), error_kind::unique);
  EXPECT_EQ(kind("INSERT INTO pets (name) VALUES (NULL)"), error_kind::constraint);
  EXPECT_EQ(kind("INSERT INTO pets (name) VALUES ('Nobody')"), error_kind::constraint);
  EXPECT_EQ(kind("INSERT INTO toys VALUES ('ball', 2)"), error_kind::foreign_key);
  c.execute("INSERT INTO toys VALUES ('ball', 1)");
  EXPECT_EQ(kind("DELETE FROM pets"), error_kind::foreign_key);
}

TEST_F(connection_test, says_what_is_wrong_with_a_statement) {
  for (const char* sql : {"SELEC", "", ";", "SELECT 1; SELECT 2", "SELECT * FROM nothing"}) {
    EXPECT_EQ(kind_of_failure([&] { c.execute(sql); }), error_kind::statement) << sql;
  }
  EXPECT_EQ(kind_of_failure([&] { c.execute("SELECT ?", 1, 2); }), error_kind::statement);
  EXPECT_EQ(kind_of_failure([&] { c.execute("SELECT ?"); }), error_kind::statement);
  EXPECT_EQ(kind_of_failure([&] { c.first<int>("SELECT 1, 2"); }), error_kind::statement);
  EXPECT_EQ(kind_of_failure([&] { c.first<pet>("SELECT 1, 2"); }), error_kind::statement);
}

TEST_F(connection_test, takes_a_statement_with_whatever_stands_around_it) {
  for (const char* sql :
       {"SELECT 1 ;\n", "SELECT 1; -- one", "SELECT 1 -- one", "SELECT 1; /* one */ ; -- one\n",
        "-- one\nSELECT 1", " ;; SELECT 1;;;", "/* ; */ ; SELECT 1; /* never ends",
        "SELECT 1; -- SELECT 2"}) {
    EXPECT_EQ(c.first<int>(sql), 1) << sql;
  }
  for (const char* sql : {"-- one", "/* one */", " \t\r\n\f", "; -- one\n;", "SELECT 1; SELEC",
                          "SELECT 1; /* one */ SELECT 2", "SELECT 1; -- one\nSELECT 2"}) {
    EXPECT_EQ(kind_of_failure([&] { c.execute(sql); }), error_kind::statement) << sql;
  }
}

// SQLite would stop at the NUL and run what stands before it.
TEST_F(connection_test, refuses_sql_with_a_nul) {
  using namespace std::string_view_literals;
  for (const auto sql : {"SELECT 1\0"sv, "SELECT 1\0; DROP TABLE pets"sv, "\0SELECT 1"sv}) {
    EXPECT_EQ(kind_of_failure([&] { c.execute(sql); }), error_kind::statement);
    EXPECT_EQ(kind_of_failure([&] { c.script(std::string(sql)); }), error_kind::statement);
  }
  EXPECT_EQ(kind_of_failure([] { connection("a\0b"s); }), error_kind::cannot_open);
}

// Its collations and functions stop there: to NOCASE both of these would be equal.
TEST_F(connection_test, refuses_a_text_with_a_nul_and_keeps_it_as_a_blob) {
  using namespace std::string_view_literals;
  c.script("CREATE TABLE users (email TEXT COLLATE NOCASE UNIQUE)");
  for (const auto text : {"a\0b@h"sv, "a\0c@h"sv, "\0"sv, "a\0"sv}) {
    EXPECT_EQ(kind_of_failure([&] { c.execute("INSERT INTO users VALUES (?)", text); }),
              error_kind::mismatch);
    EXPECT_EQ(kind_of_failure([&] { c.first<int>("SELECT ? = 'a'", std::string(text)); }),
              error_kind::mismatch);
    const auto bytes = std::as_bytes(std::span(text));
    const std::vector<std::byte> blob(bytes.begin(), bytes.end());
    EXPECT_EQ(there_and_back(blob), blob);
  }
  EXPECT_EQ(c.first<std::string>("SELECT 'a' || char(0) || 'b'"), "a\0b"sv)
      << "what another program has written is read whole";
}

// SQLite would keep NULL, and infinities as they are.
TEST_F(connection_test, keeps_a_number_as_it_is_or_refuses_it) {
  using limits = std::numeric_limits<double>;
  EXPECT_EQ(there_and_back(limits::infinity()), limits::infinity());
  EXPECT_EQ(there_and_back(limits::max()), limits::max());
  EXPECT_EQ(there_and_back(limits::denorm_min()), limits::denorm_min());
  EXPECT_EQ(there_and_back(-limits::infinity()), -limits::infinity());
  EXPECT_EQ(kind_of_failure([&] { there_and_back(limits::quiet_NaN()); }), error_kind::mismatch);
  EXPECT_EQ(kind_of_failure([&] {
              c.execute("INSERT OR REPLACE INTO pets (name, legs) VALUES ('Rex', 1e300)");
              legs_of<float>("Rex");
            }),
            error_kind::mismatch);
  EXPECT_EQ(there_and_back(std::numeric_limits<float>::infinity()),
            std::numeric_limits<float>::infinity());
  constexpr std::int64_t exact = std::int64_t{1} << 53U;
  c.execute("INSERT OR REPLACE INTO pets (name, legs) VALUES ('Rex', ?)", exact);
  EXPECT_EQ(legs_of<double>("Rex"), static_cast<double>(exact));
  c.execute("INSERT OR REPLACE INTO pets (name, legs) VALUES ('Rex', ?)", exact + 1);
  EXPECT_EQ(kind_of_failure([&] { legs_of<double>("Rex"); }), error_kind::mismatch);
}

TEST_F(connection_test, a_null_pointer_is_null) {
  const char* const none = nullptr;
  c.execute("INSERT INTO pets (name, legs) VALUES ('Rex', ?)", none);
  EXPECT_EQ(legs_of<std::optional<int>>("Rex"), std::nullopt);
}

TEST_F(connection_test, a_statement_that_failed_can_be_run_again) {
  constexpr std::string_view add = "INSERT INTO pets (name) VALUES (?)";
  c.execute(add, "Rex");
  for (int i = 0; i != 3; ++i) {
    EXPECT_EQ(kind_of_failure([&] { c.execute(add, "Rex"); }), error_kind::unique);
  }
  EXPECT_EQ(c.execute(add, "Kaa"), 1);
}

TEST_F(connection_test, keeps_so_many_statements_and_no_more) {
  for (std::size_t round = 0; round != 2; ++round) {
    for (std::size_t i = 0; i != 2 * connection::statements_max; ++i) {
      EXPECT_EQ(c.first<std::size_t>("SELECT " + std::to_string(i)), i);
    }
  }
}

}  // namespace
}  // namespace ferrule::storage
