// Who waits for whom, how long, and who does not have to: while another process holds the file,
// while functions of this process take long, and when more come than can wait.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include "ferrule/core/now.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/io/blocking.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/storage/database.hpp"
#include "support/temporary_folder.hpp"

namespace ferrule::storage {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr const char* one_table[] = {"CREATE TABLE numbers (value INTEGER PRIMARY KEY)"};

/// What holds a function up until it is let go.
class gate {
 public:
  ~gate() { open(); }
  void wait() const { open_.wait(false); }
  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> open_ = false;
};

/// How a function ended, and when.
struct ending {
  bool has_value = false;
  std::optional<error_kind> failed;
  mono_time at{};
};

class waiting : public testing::Test {
 protected:
  std::unique_ptr<database> open(database_options options) {
    options.migrations = one_table;
    auto opened = database::open(path_, options);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(opened).value();
  }
  void hold() { other_.emplace(path_).execute("BEGIN IMMEDIATE"); }
  void let_go() { other_->execute("ROLLBACK"); }

  static task<> note(task<result<void, error>> work, ending& end) {
    const auto ended = co_await std::move(work);
    end.has_value = ended.has_value();
    if (!ended) end.failed = ended.error().kind;
    end.at = (co_await now()).mono;
  }
  /// `count` writes of different numbers.
  void write(database& to, int count) { write(to, count, children_); }
  void write(database& to, int count, scope& in) {
    const std::size_t first = ends_.size();
    for (int i = 0; i != count; ++i) {
      ending& end = ends_.emplace_back();
      auto f = [value = static_cast<int>(first) + i](connection& c) {
        c.execute("INSERT INTO numbers VALUES (?)", value);
      };
      in.spawn(note(to.write(f), end));
    }
  }
  void read(database& from, const gate& until) {
    ending& end = ends_.emplace_back();
    children_.spawn(note(from.read([&until](connection&) { until.wait(); }), end));
  }
  int count(database& in) {
    auto counted =
        in.read([](connection& c) { return *c.first<int>("SELECT count(*) FROM numbers"); });
    return sync_wait(*loop_, std::move(counted)).value().value();
  }
  /// What is ready may be all that there is: no step sleeps for long.
  void run_while(const scope& in, std::size_t more_than) {
    while (in.size() > more_than) loop_->run_once(loop_->now() + milliseconds(1));
  }
  void run_all() { run_while(children_, 0); }
  int kept() const { return static_cast<int>(std::ranges::count(ends_, true, &ending::has_value)); }

  const temporary_folder folder_;
  const std::string path_ = folder_.file("numbers.db");
  std::optional<connection> other_;
  const std::unique_ptr<reactor> loop_ = std::make_unique<reactor>(io::make_backend({}).io, 1);
  stop_source stop_;
  const environment env_{.loop = loop_.get(), .stop = &stop_};
  std::deque<ending> ends_;
  scope children_{env_};
};

TEST_F(waiting, reads_go_on_while_writes_wait_for_another_process) {
  const auto db = open({.busy_timeout = hours(1)});
  hold();
  write(*db, 8);
  EXPECT_EQ(count(*db), 0);
  EXPECT_EQ(children_.size(), 8U);
  let_go();
  run_all();
  EXPECT_EQ(kept(), 8);
  EXPECT_EQ(count(*db), 8);
}

TEST_F(waiting, does_not_add_up) {
  const auto db = open({.busy_timeout = milliseconds(50)});
  hold();
  write(*db, 32);
  run_all();
  EXPECT_EQ(kept(), 0);
  for (const ending& each : ends_) {
    EXPECT_EQ(each.failed, error_kind::busy);
    EXPECT_EQ(each.at, ends_.front().at) << "whoever came first and last waited as long";
  }
  let_go();
  write(*db, 1);
  run_all();
  EXPECT_EQ(count(*db), 1);
}

TEST_F(waiting, ends_with_a_stop) {
  const auto db = open({.busy_timeout = hours(1)});
  hold();
  write(*db, 8);
  EXPECT_EQ(count(*db), 0);
  children_.request_stop();
  run_all();
  for (const ending& each : ends_) EXPECT_FALSE(each.has_value || each.failed) << "it unwound";
  let_go();
  EXPECT_EQ(count(*db), 0);
}

TEST_F(waiting, takes_no_worker_from_what_blocks_and_none_from_the_database) {
  const auto db = open({.busy_timeout = hours(1)});
  gate end;
  const auto block = [](const gate& until) -> task<> {
    co_await run_blocking([&until] { until.wait(); });
  };
  for (int i = 0; i != 8; ++i) children_.spawn(block(end));
  EXPECT_EQ(count(*db), 0);
  EXPECT_EQ(children_.size(), 8U);
  hold();
  end.open();
  write(*db, 8);
  const auto blocked = []() -> task<int> { co_return co_await run_blocking([] { return 1; }); };
  EXPECT_EQ(sync_wait(*loop_, blocked()).value(), 1);
  EXPECT_GE(children_.size(), 8U);
  let_go();
  run_all();
}

TEST_F(waiting, lasts_until_the_deadline_of_who_asked) {
  const auto db = open({.busy_timeout = hours(1)});
  hold();
  environment hurried = env_;
  hurried.deadline = loop_->now() + milliseconds(5);
  scope in_a_hurry(hurried);
  write(*db, 2, in_a_hurry);
  run_while(in_a_hurry, 0);
  write(*db, 1, in_a_hurry);  // when it has passed
  run_while(in_a_hurry, 0);
  for (const ending& each : ends_) EXPECT_EQ(each.failed, error_kind::deadline);
  let_go();
  EXPECT_EQ(count(*db), 0);
}

TEST_F(waiting, is_for_so_many_and_no_more) {
  const auto db = open({.busy_timeout = hours(1), .waiting_max = 2, .readers_max = 1});
  hold();
  write(*db, 3);
  run_while(children_, 2);
  EXPECT_EQ(ends_.back().failed, error_kind::overloaded);
  let_go();
  run_all();
  EXPECT_EQ(kept(), 2);

  gate end;
  std::atomic<bool> begun = false;
  const auto occupy = [&](connection&) {
    begun = true;
    begun.notify_all();
    end.wait();
  };
  children_.spawn(note(db->read(occupy), ends_.emplace_back()));
  begun.wait(false);
  for (int i = 0; i != 3; ++i) read(*db, end);
  run_while(children_, 3);
  EXPECT_EQ(ends_.back().failed, error_kind::overloaded);
  end.open();
  run_all();
  EXPECT_EQ(kept(), 5);
}

TEST_F(waiting, readers_are_so_many_at_once) {
  const auto db = open({.readers_max = 3});
  std::atomic<int> reading = 0;
  std::atomic<int> most = 0;
  const auto f = [&](connection&) {
    most = std::max(most.load(), ++reading);
    while (most != 3) most.wait(most);  // so all three have to come
    most.notify_all();
    --reading;
  };
  for (int i = 0; i != 12; ++i) children_.spawn(note(db->read(f), ends_.emplace_back()));
  run_all();
  EXPECT_EQ(most, 3);
}

TEST_F(waiting, an_end_waits_for_what_has_begun_and_forgets_nobody) {
  for (int i = 0; i != 20; ++i) {
    auto db = open({.durable = false});
    write(*db, 4);
    const auto loop = std::make_unique<reactor>(io::make_backend({}).io, 1);
    auto read = db->read([](connection&) {});
    EXPECT_TRUE(sync_wait(*loop, std::move(read)).value());
    run_all();
  }
  EXPECT_EQ(kept(), 80);
}

}  // namespace
}  // namespace ferrule::storage
