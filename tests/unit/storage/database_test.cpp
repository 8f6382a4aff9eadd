#include "ferrule/storage/database.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "ferrule/core/scope.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim.hpp"
#include "support/temporary_folder.hpp"

namespace ferrule::storage {
namespace {

constexpr const char* number_tables[] = {
    "CREATE TABLE numbers (value INTEGER PRIMARY KEY);"
    "CREATE TABLE heirs (of INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)",
};

std::unique_ptr<reactor> make_reactor() {
  return std::make_unique<reactor>(io::make_backend({}).io, 1);
}

FERRULE_CORO_WRAPPER
task<result<std::int64_t, error>> add(database& to, int value) {
  return to.write(
      [value](connection& c) { return c.execute("INSERT INTO numbers VALUES (?)", value); });
}
FERRULE_CORO_WRAPPER
task<result<std::vector<int>, error>> all_of(database& from) {
  return from.read(
      [](connection& c) { return c.all<int>("SELECT value FROM numbers ORDER BY value"); });
}

/// Each test runs on a file, and in memory.
class database_test : public testing::TestWithParam<const char*> {
 protected:
  std::string path() const {
    return *GetParam() == ':' ? std::string(GetParam()) : folder_.file(GetParam());
  }
  std::unique_ptr<database> open(const database_options& options = {.migrations = number_tables}) {
    auto opened = database::open(path(), options);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(opened).value();
  }
  template <class T>
  T run(task<T> work) {
    return sync_wait(*loop_, std::move(work)).value();
  }

  const temporary_folder folder_;
  const std::unique_ptr<reactor> loop_ = make_reactor();
};
INSTANTIATE_TEST_SUITE_P(, database_test, testing::Values("numbers.db", ":memory:"),
                         [](const auto& where) {
                           return std::string(*where.param == ':' ? "memory" : "file");
                         });

TEST_P(database_test, keeps_what_is_written) {
  const auto db = open();
  EXPECT_EQ(run(add(*db, 2)).value(), 1);
  EXPECT_EQ(run(add(*db, 1)).value(), 1);
  EXPECT_EQ(run(all_of(*db)).value(), (std::vector<int>{1, 2}));
}

TEST_P(database_test, gives_errors_as_values) {
  const auto db = open();
  EXPECT_TRUE(run(add(*db, 1)));
  EXPECT_EQ(run(add(*db, 1)).error().kind, error_kind::unique);
  EXPECT_EQ(run(db->read([](connection& c) { return c.first<int>("SELEC"); })).error().kind,
            error_kind::statement);
}

TEST_P(database_test, keeps_all_of_a_write_or_nothing) {
  const auto db = open();
  const auto add_two = [](int how) {
    return [how](connection& c) -> result<int, std::string> {
      c.execute("INSERT INTO numbers VALUES (1)");
      c.execute("INSERT INTO numbers VALUES (2)");
      if (how == 1) throw std::runtime_error("changed its mind");
      if (how == 2) return fail(std::string("refused"));
      if (how == 3) c.execute("INSERT INTO numbers VALUES (1)");
      return 2;
    };
  };
  EXPECT_THROW(static_cast<void>(run(db->write(add_two(1)))), std::runtime_error);
  EXPECT_EQ(run(db->write(add_two(2))).value().error(), "refused");
  EXPECT_EQ(run(db->write(add_two(3))).error().kind, error_kind::unique);
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{});
  EXPECT_EQ(run(db->write(add_two(0))).value().value(), 2);
  EXPECT_EQ(run(all_of(*db)).value(), (std::vector<int>{1, 2}));
}

TEST_P(database_test, a_function_that_reads_cannot_write) {
  const auto db = open();
  const auto write = [](connection& c) { c.execute("INSERT INTO numbers VALUES (1)"); };
  EXPECT_EQ(run(db->read(write)).error().kind, error_kind::read_only);
  EXPECT_TRUE(run(db->write(write)));
}

TEST_P(database_test, a_function_is_confined_to_its_transaction) {
  const auto db = open();
  EXPECT_TRUE(run(db->write([](connection&) {})));  // what the threads execute is prepared
  for (const char* const sql :
       {"COMMIT", "commit", "END", "ROLLBACK", "BEGIN", "COMMIT; BEGIN", "BEGIN IMMEDIATE",
        "RELEASE ferrule_function", "SAVEPOINT Ferrule_Function", "ROLLBACK TO ferrule_function",
        "ATTACH ':memory:' AS other", "PRAGMA query_only=ON", "PRAGMA query_only(0)",
        "PRAGMA user_version=7", "PRAGMA main.synchronous=OFF", "PRAGMA foreign_keys=OFF"}) {
    const auto meddle = [sql](connection& c) {
      try {
        c.execute("INSERT INTO numbers VALUES (1)");
      } catch (const error&) {  // it may only read
      }
      if (std::string_view(sql).find(';') == std::string_view::npos)
        c.execute(sql);
      else
        c.script(sql);
    };
    const auto written = run(db->write(meddle));
    ASSERT_FALSE(written) << sql;
    EXPECT_EQ(written.error().kind, error_kind::statement) << sql;
    const auto seen = run(db->read(meddle));
    ASSERT_FALSE(seen) << sql;
    EXPECT_EQ(seen.error().kind, error_kind::statement) << sql;
  }
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{});
  EXPECT_TRUE(run(add(*db, 1)));
}

TEST_P(database_test, a_function_may_ask_about_tables_and_try_a_part) {
  const auto db = open();
  const auto half = [](connection& c) {
    c.execute("INSERT INTO numbers VALUES (1)");
    c.execute("SAVEPOINT part");
    c.execute("INSERT INTO numbers VALUES (2)");
    c.execute("ROLLBACK TO part");
    return c.first<int>("PRAGMA user_version").value() +
           c.first<int>("SELECT count(*) FROM pragma_table_info('numbers')").value();
  };
  EXPECT_EQ(run(db->write(half)).value(), 2);
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{1});
}

TEST_P(database_test, nothing_is_kept_of_what_follows_the_end_of_a_transaction) {
  const auto db = open();
  EXPECT_TRUE(run(add(*db, 1)));
  const auto go_on = [](connection& c) {
    for (const char* const sql :
         {"INSERT OR ROLLBACK INTO numbers VALUES (1)", "INSERT INTO numbers VALUES (2)"}) {
      try {
        c.execute(sql);
      } catch (const error&) {
      }
    }
  };
  EXPECT_FALSE(run(db->write(go_on)));
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{1});
}

TEST_P(database_test, takes_limits_of_any_size) {
  for (const auto timeout : {std::chrono::milliseconds::max(), std::chrono::milliseconds::min(),
                             std::chrono::milliseconds(0)}) {
    const auto db = open({.busy_timeout = timeout, .waiting_max = 0, .migrations = number_tables});
    bool has_begun = false;  // a thread may need longer than a millisecond to wake
    for (int tries = 0; tries != 1000 && !has_begun; ++tries) {
      has_begun = run(all_of(*db)).has_value();
    }
    EXPECT_TRUE(has_begun) << timeout.count();
  }
}

TEST(database_file, that_is_gone_takes_no_more_writes) {
  for (const bool is_replaced : {false, true}) {
    const temporary_folder folder;
    const std::string path = folder.file("numbers.db");
    const auto db = database::open(path, {.migrations = number_tables}).value();
    const auto loop = make_reactor();
    EXPECT_TRUE(sync_wait(*loop, add(*db, 1)).value());
    std::filesystem::rename(path, folder.file("elsewhere"));
    if (is_replaced) std::filesystem::copy(folder.file("elsewhere"), path);
    EXPECT_EQ(sync_wait(*loop, add(*db, 2)).value().error().kind, error_kind::cannot_open);
    std::filesystem::rename(folder.file("elsewhere"), path);
    EXPECT_TRUE(sync_wait(*loop, add(*db, 2)).value());
  }
}

TEST(database_file, is_named_by_a_path_and_no_uri) {
  for (const char* const path : {"file::memory:", "file:numbers.db", "file:/x?mode=memory"}) {
    const auto opened = database::open(path);
    ASSERT_FALSE(opened) << path;
    EXPECT_EQ(opened.error().kind, error_kind::cannot_open);
    EXPECT_EQ(opened.error().text, "the path of a database is no URI: leave out 'file:'");
  }
}

TEST_P(database_test, checks_foreign_keys) {
  const auto db = open();
  const auto heir = [](connection& c) { c.execute("INSERT INTO heirs VALUES (7)"); };
  EXPECT_EQ(run(db->write(heir)).error().kind, error_kind::foreign_key);
  EXPECT_TRUE(run(add(*db, 7)));
  EXPECT_TRUE(run(db->write(heir)));
}

TEST_P(database_test, writes_that_wait_are_committed_together_and_fail_alone) {
  const auto db = open();
  std::promise<void> let_go;
  std::promise<void> holding;
  std::thread other([&] {
    const auto loop = make_reactor();
    auto hold = db->write([&](connection&) {
      holding.set_value();
      let_go.get_future().wait();
    });
    EXPECT_TRUE(sync_wait(*loop, std::move(hold)).value());
  });
  holding.get_future().wait();
  const auto write = [](int value) {
    return [value](connection& c) {
      c.execute("INSERT INTO numbers VALUES (?)", value);
      if (value == 2) c.execute("INSERT INTO heirs VALUES (99)");
    };
  };
  // Four workers: all four writes are waiting, or about to, before the first can begin.
  stop_source stop;
  const environment env{.loop = loop_.get(), .stop = &stop};
  scope children(env);
  std::vector<std::optional<error_kind>> ends(4);
  auto note = [](database& to, auto f, std::optional<error_kind>& end) -> task<> {
    auto ended = co_await to.write(f);
    if (!ended) end = ended.error().kind;
  };
  const int values[] = {1, 2, 1, 3};
  for (std::size_t i = 0; i != 4; ++i) children.spawn(note(*db, write(values[i]), ends[i]));
  loop_->run_once(loop_->now() + std::chrono::milliseconds(20));
  EXPECT_EQ(children.size(), 4U);
  let_go.set_value();
  other.join();
  while (!children.empty()) loop_->run_once();
  std::ranges::sort(ends);
  EXPECT_EQ(ends, (std::vector<std::optional<error_kind>>{
                      std::nullopt, std::nullopt, error_kind::unique, error_kind::foreign_key}));
  EXPECT_EQ(run(all_of(*db)).value(), (std::vector<int>{1, 3}));
}

TEST_P(database_test, a_full_database_fails_those_that_were_to_be_committed_with_it) {
  const auto db = open({.bytes_max = 100'000, .migrations = number_tables});
  EXPECT_TRUE(run(db->write([](connection& c) { c.execute("CREATE TABLE texts (text TEXT)"); })));
  const auto fill = [](connection& c) {
    c.execute("INSERT INTO texts VALUES (?)", std::string(200'000, 'x'));
  };
  EXPECT_EQ(run(db->write(fill)).error().kind, error_kind::full);
  EXPECT_TRUE(run(add(*db, 1)));
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{1});
}

TEST_P(database_test, is_one_for_all_threads) {
  const auto db = open({.durable = false, .migrations = number_tables});
  constexpr int thread_count = 4;
  constexpr int value_count = 50;
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t != thread_count; ++t) {
    threads.emplace_back([&] {
      const auto loop = make_reactor();
      for (int value = 0; value != value_count; ++value) {
        const auto made = sync_wait(*loop, add(*db, value)).value();
        if (made) {
          ++added;
        } else {
          EXPECT_EQ(made.error().kind, error_kind::unique);
        }
        const auto seen = sync_wait(*loop, all_of(*db)).value();
        EXPECT_GT(seen.value().size(), static_cast<std::size_t>(value));
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(added, value_count);
}

// In memory reads and writes take turns.
TEST(database_file, shows_a_read_one_moment) {
  const temporary_folder folder;
  const auto db = database::open(folder.file("numbers.db"), {.migrations = number_tables}).value();
  const auto loop = make_reactor();
  const auto count = [](connection& c) { return *c.first<int>("SELECT count(*) FROM numbers"); };
  const auto count_around_a_write = [&](connection& c) {
    const int before = count(c);
    const auto own_loop = make_reactor();
    EXPECT_TRUE(sync_wait(*own_loop, add(*db, 1)).value());
    return before == 0 && count(c) == 0;
  };
  EXPECT_TRUE(sync_wait(*loop, db->read(count_around_a_write)).value().value());
  EXPECT_EQ(sync_wait(*loop, db->read(count)).value().value(), 1);
}

TEST_P(database_test, works_in_the_simulated_world) {
  const auto db = open();
  test::sim_world world(7);
  reactor& host = world.add_host("10.0.0.1");
  stop_source stop;
  const environment env{.loop = &host, .stop = &stop};
  scope children(env);
  auto work = [](database& to, std::vector<int>& seen) -> task<> {
    co_await when_all(add(to, 1), add(to, 2), add(to, 3));
    auto listed = co_await all_of(to);
    seen = listed.value();
  };
  std::vector<int> seen;
  children.spawn(work(*db, seen));
  EXPECT_TRUE(world.run_until([&] { return children.empty(); }));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST_P(database_test, a_write_that_has_begun_is_committed_in_spite_of_a_stop) {
  const auto db = open();
  std::atomic<bool> begun = false;
  std::atomic<bool> let_go = false;
  stop_source stop;
  const environment env{.loop = loop_.get(), .stop = &stop};
  scope children(env);
  bool went_on = false;
  auto work = [](database& to, auto f, bool& after) -> task<> {
    auto written = co_await to.write(f);
    after = written.has_value();
  };
  const auto slow = [&begun, &let_go](connection& c) {
    begun = true;
    begun.notify_all();
    let_go.wait(false);
    c.execute("INSERT INTO numbers VALUES (1)");
  };
  children.spawn(work(*db, slow, went_on));
  begun.wait(false);
  stop.request_stop();
  loop_->run_once(loop_->now() + std::chrono::milliseconds(1));
  EXPECT_EQ(children.size(), 1U);
  let_go = true;
  let_go.notify_all();
  while (!children.empty()) loop_->run_once();
  EXPECT_TRUE(went_on);
  EXPECT_EQ(run(all_of(*db)).value(), std::vector<int>{1});
}

TEST(database_migrations, run_once_each_and_in_order) {
  const temporary_folder folder;
  const std::string path = folder.file("grown.db");
  const char* const scripts[] = {
      "CREATE TABLE t (a TEXT)",
      "INSERT INTO t VALUES ('one')",
      "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = a || '!'",
  };
  const auto loop = make_reactor();
  for (const std::size_t known : {2U, 2U, 3U, 3U}) {
    auto opened = database::open(path, {.migrations = std::span(scripts, known)});
    ASSERT_TRUE(opened) << opened.error().text;
    auto count =
        (*opened)->read([](connection& c) { return *c.first<int>("SELECT count(*) FROM t"); });
    EXPECT_EQ(sync_wait(*loop, std::move(count)).value().value(), 1);
  }
  const auto older = database::open(path, {.migrations = std::span(scripts, 1)});
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().text,
            "made by a newer program: its tables are of version 3, known are 1");
}

TEST(database_migrations, that_fail_leave_the_database_as_it_was) {
  const temporary_folder folder;
  const std::string path = folder.file("kept.db");
  const char* const good[] = {"CREATE TABLE t (a TEXT)"};
  const char* const bad[] = {"CREATE TABLE t (a TEXT)", "CREATE TABLE u (a TEXT)", "nonsense"};
  ASSERT_TRUE(database::open(path, {.migrations = good}));
  const auto failed = database::open(path, {.migrations = bad});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, error_kind::statement);
  connection c(path);
  EXPECT_EQ(c.first<int>("PRAGMA user_version"), 1);
  EXPECT_EQ(c.first<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'u'"), 0);
}

}  // namespace
}  // namespace ferrule::storage
