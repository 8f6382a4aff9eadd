// What becomes of the file when the world is hostile: processes that are killed, disks that are
// full, files that are damaged or may only be read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "ferrule/io/sync_wait.hpp"
#include "ferrule/storage/database.hpp"
#include "support/temporary_folder.hpp"

namespace ferrule::storage {
namespace {

constexpr const char* tables[] = {
    "CREATE TABLE pairs (value INTEGER, half INTEGER, filler TEXT, PRIMARY KEY (value, half))"};

result<std::unique_ptr<database>, error> open(const std::string& path) {
  return database::open(path, {.migrations = tables});
}

/// Both halves of a pair, or neither.
result<void, error> add_pair(reactor& loop, database& to, int value) {
  auto written = to.write([value](connection& c) {
    constexpr std::string_view add = "INSERT INTO pairs VALUES (?, ?, ?)";
    c.execute(add, value, 0, std::string(500, 'x'));
    c.execute(add, value, 1, std::string(500, 'x'));
  });
  return sync_wait(loop, std::move(written)).value();
}

/// Runs `work` in a process of its own, whose exit code says whether it returned true.
pid_t start_process(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  return child;
}
int end_of(pid_t process) {
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
int run_process(const std::function<bool()>& work) { return end_of(start_process(work)); }

/// Writes pairs from `first` on for ever, and tells of each that was committed.
bool write_pairs(const std::string& path, int first, int told) {
  auto db = open(path);
  reactor loop(io::make_backend({}).io, 1);
  for (int value = first; db && add_pair(loop, **db, value); ++value) {
    if (::write(told, &value, sizeof value) != sizeof value) return false;
  }
  return false;
}

TEST(durability, a_process_that_is_killed_leaves_whole_writes_and_all_that_were_told) {
  const temporary_folder folder;
  const std::string path = folder.file("pairs.db");
  int last_told = 0;
  for (int kill = 0; kill != 8; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t writer =
        start_process([&] { return write_pairs(path, last_told + 1000, ends[1]); });
    ::close(ends[1]);
    const int enough = last_told + 1000 + 5 + 7 * kill;
    for (int value = 0; value < enough;) {
      ASSERT_EQ(::read(ends[0], &value, sizeof value), ssize_t{sizeof value});
      last_told = value;
    }
    ::kill(writer, SIGKILL);
    EXPECT_EQ(end_of(writer), 128 + SIGKILL);
    for (int value = 0; ::read(ends[0], &value, sizeof value) > 0;) last_told = value;
    ::close(ends[0]);

    auto db = open(path);
    ASSERT_TRUE(db) << db.error().text;
    connection c(path);
    EXPECT_EQ(c.first<std::string>("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(c.first<int>("SELECT count(*) FROM pairs AS a WHERE NOT EXISTS"
                           " (SELECT * FROM pairs WHERE value = a.value AND half = 1 - a.half)"),
              0);
    EXPECT_EQ(c.first<int>("SELECT count(*) FROM pairs WHERE half = 0 AND value BETWEEN ? AND ?",
                           enough - 5 - 7 * kill, last_told),
              last_told - (enough - 5 - 7 * kill) + 1);
  }
}

TEST(durability, two_processes_share_one_file) {
  const temporary_folder folder;
  const std::string path = folder.file("pairs.db");
  constexpr int count = 100;
  const auto add_from = [&](int first) {
    return [&path, first] {
      auto db = open(path);  // at the same time as the other makes the file
      if (!db) return false;
      reactor loop(io::make_backend({}).io, 1);
      for (int value = first; value != first + count; ++value) {
        if (!add_pair(loop, **db, value)) return false;
      }
      return true;
    };
  };
  for (int round = 0; round != 3; ++round) {
    const pid_t one = start_process(add_from(2 * round * count));
    const pid_t other = start_process(add_from((2 * round + 1) * count));
    EXPECT_EQ(end_of(one), 0);
    EXPECT_EQ(end_of(other), 0);
  }
  EXPECT_EQ(connection(path).first<int>("SELECT count(*) FROM pairs"), 3 * 4 * count);
}

TEST(durability, many_processes_open_one_file_at_once) {
  const temporary_folder folder;
  for (int round = 0; round != 16; ++round) {
    const std::string path = folder.file(("pairs" + std::to_string(round) + ".db").c_str());
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::vector<pid_t> processes;
    for (int i = 0; i != 6; ++i) {
      processes.push_back(start_process([&] {
        char start;
        ::close(ends[1]);
        if (::read(ends[0], &start, 1) != 0) return false;  // all go on when nobody writes
        auto db = open(path);
        if (!db) std::fprintf(stderr, "%s\n", db.error().what());
        reactor loop(io::make_backend({}).io, 1);
        return db && add_pair(loop, **db, i).has_value();
      }));
    }
    ::close(ends[0]);
    ::close(ends[1]);
    for (const pid_t each : processes) EXPECT_EQ(end_of(each), 0) << "round " << round;
    EXPECT_EQ(connection(path).first<int>("SELECT count(*) FROM pairs"), 12);
  }
}

TEST(durability, a_file_that_another_holds_opens_when_it_is_let_go_or_is_busy) {
  const temporary_folder folder;
  for (const char* mode : {"delete", "wal"}) {
    const std::string path = folder.file(mode);
    connection other(path);
    other.script(std::string("PRAGMA journal_mode=") + mode + "; CREATE TABLE t (a)");
    other.execute("BEGIN EXCLUSIVE");
    const auto refused = database::open(
        path, {.busy_timeout = std::chrono::milliseconds(20), .migrations = tables});
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().kind, error_kind::busy) << refused.error().text;
    bool opened = false;
    std::thread patient([&] {
      opened = database::open(path, {.busy_timeout = std::chrono::hours(1), .migrations = tables})
                   .has_value();
    });
    other.execute("ROLLBACK");
    patient.join();
    EXPECT_TRUE(opened) << mode;
  }
}

TEST(durability, a_file_that_another_holds_is_busy_after_the_timeout) {
  const temporary_folder folder;
  const std::string path = folder.file("pairs.db");
  auto db =
      database::open(path, {.busy_timeout = std::chrono::milliseconds(20), .migrations = tables});
  ASSERT_TRUE(db);
  reactor loop(io::make_backend({}).io, 1);
  connection other(path);
  other.execute("BEGIN IMMEDIATE");
  EXPECT_EQ(add_pair(loop, **db, 1).error().kind, error_kind::busy);
  other.execute("ROLLBACK");
  EXPECT_TRUE(add_pair(loop, **db, 1));
}

/// Fills a disk of one megabyte until it is full, frees it, and writes again.
bool fill_disk(const std::filesystem::path& disk) {
  std::ofstream ballast(disk / "ballast");
  ballast << std::string(400'000, 'x') << std::flush;
  auto db = open(disk / "pairs.db");
  reactor loop(io::make_backend({}).io, 1);
  int value = 0;
  result<void, error> added;
  while (added && value != 10'000) added = add_pair(loop, **db, ++value);
  if (added || added.error().kind != error_kind::full) return false;
  const auto count = [&db, &loop] {
    auto counted =
        (*db)->read([](connection& c) { return *c.first<int>("SELECT count(*) FROM pairs"); });
    return sync_wait(loop, std::move(counted)).value();
  };
  if (count().value_or(0) != 2 * (value - 1)) return false;
  std::filesystem::remove(disk / "ballast");
  ballast.close();
  return add_pair(loop, **db, value).has_value() && count().value_or(0) == 2 * value;
}

TEST(durability, a_full_disk_is_told_and_passes) {
  constexpr int no_mount = 77;
  const temporary_folder folder;
  const int end = run_process([&] {
    // A name space of its own, so that the mount is gone with the process.
    const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(flags) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("disk", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
      ::_exit(no_mount);
    }
    return fill_disk(folder.path());
  });
  if (end == no_mount) GTEST_SKIP() << "this machine lets us mount nothing";
  EXPECT_EQ(end, 0);
}

TEST(durability, a_file_that_may_only_be_read_is_told) {
  const temporary_folder folder;
  const std::string path = folder.file("pairs.db");
  ASSERT_TRUE(open(path));
  ::chmod(path.c_str(), 0444);
  ::chmod(folder.path().c_str(), 0555);
  const int end = run_process([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return false;  // root may write everything
    const auto db = open(path);
    return !db &&
           (db.error().kind == error_kind::read_only || db.error().kind == error_kind::cannot_open);
  });
  EXPECT_EQ(end, 0);
  ::chmod(folder.path().c_str(), 0755);
}

TEST(durability, a_place_where_no_file_can_be_is_told) {
  const temporary_folder folder;
  for (const std::string& path : {folder.file("no/such/folder.db"), folder.path().string(),
                                  folder.file("a.db") + std::string("\0b", 2), std::string()}) {
    const auto db = open(path);
    ASSERT_FALSE(db) << path;
    EXPECT_EQ(db.error().kind, error_kind::cannot_open) << db.error().text;
  }
}

TEST(durability, a_file_that_is_no_database_is_told_and_left_alone) {
  const temporary_folder folder;
  const std::string path = folder.file("letter.txt");
  const std::string text(5000, 'a');
  std::ofstream(path) << text;
  const auto db = open(path);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().kind, error_kind::corrupt) << db.error().text;
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST(durability, a_damaged_file_is_told_when_the_damage_is_met) {
  const temporary_folder folder;
  const std::string path = folder.file("pairs.db");
  reactor loop(io::make_backend({}).io, 1);
  {
    auto db = open(path);
    for (int value = 0; value != 200; ++value) ASSERT_TRUE(add_pair(loop, **db, value));
  }  // the last connection copies the log into the file
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  for (int i = 0; i != 20'000; ++i) file.put(static_cast<char>(i * 7));
  file.close();
  auto db = open(path);
  ASSERT_TRUE(db) << db.error().text;
  auto sum = (*db)->read([](connection& c) { return c.first<int>("SELECT sum(half) FROM pairs"); });
  EXPECT_EQ(sync_wait(loop, std::move(sum)).value().error().kind, error_kind::corrupt);
  EXPECT_EQ(add_pair(loop, **db, 1000).error().kind, error_kind::corrupt);
}

}  // namespace
}  // namespace ferrule::storage
