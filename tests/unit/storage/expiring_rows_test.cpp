#include "ferrule/storage/expiring_rows.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/scope.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/temporary_folder.hpp"

namespace ferrule::storage {
namespace {

using old_notes = expiring_rows<"notes", "name", "age">;

constexpr const char* note_tables[] = {
    "CREATE TABLE notes (name TEXT PRIMARY KEY, age INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX notes_by_age ON notes (age);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    " INSERT INTO notes SELECT 'note ' || i, (i * 7) % 1000 FROM n"};

class expiring_rows_test : public testing::Test {
 protected:
  template <class F>
  auto write(F f) {
    return sync_wait(loop_, all_->write(f)).value().value();
  }
  static int count(connection& c) { return c.first<int>("SELECT count(*) FROM notes").value(); }
  static int youngest(connection& c) { return c.first<int>("SELECT min(age) FROM notes").value(); }

  const temporary_folder folder_;
  reactor loop_{io::make_backend({}).io, 1};
  const std::unique_ptr<database> all_ =
      database::open(folder_.file("notes.db"), {.migrations = note_tables}).value();
};

TEST_F(expiring_rows_test, go_so_many_at_a_time_the_oldest_first) {
  EXPECT_EQ(write([](connection& c) { return old_notes::delete_some(c, 500); }), 100);
  EXPECT_EQ(write(count), 900);
  EXPECT_EQ(write(youngest), 100);
  EXPECT_EQ(write([](connection& c) { return old_notes::delete_some(c, 105, 50); }), 5);
  EXPECT_EQ(write([](connection& c) { return old_notes::delete_some(c, 105, 50); }), 0);
  EXPECT_EQ(write(youngest), 105);
}

TEST_F(expiring_rows_test, go_all_while_others_write) {
  stop_source stop;
  const environment env{.loop = &loop_, .stop = &stop};
  scope children(env);
  std::int64_t deleted = 0;
  const auto purge = [](database& from, std::int64_t& sum) -> task<> {
    sum = (co_await old_notes::delete_all(from, 900, 10)).value();
  };
  children.spawn(purge(*all_, deleted));
  const auto seen = write(count);
  EXPECT_GT(seen, 800) << "it did not wait for the last slice";
  while (!children.empty()) loop_.run_once();
  EXPECT_EQ(deleted, 900);
  EXPECT_EQ(write(youngest), 900);
}

// Without it each slice would look at every row.
TEST_F(expiring_rows_test, are_found_by_the_index) {
  const auto plan = write([](connection& c) {
    struct step {
      int id, parent, unused;
      std::string detail;
    };
    const std::string explain = "EXPLAIN QUERY PLAN " + std::string(old_notes::sql);
    std::string all;
    for (const step& each : c.all<step>(explain, 0, 1)) all += each.detail + "; ";
    return all;
  });
  EXPECT_NE(plan.find("SEARCH notes USING PRIMARY KEY (name=?)"), plan.npos) << plan;
  EXPECT_NE(plan.find("INDEX notes_by_age (age<?)"), plan.npos) << plan;
}

}  // namespace
}  // namespace ferrule::storage
