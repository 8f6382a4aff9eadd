#include "ferrule/io/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/sim_run.hpp"
#include "support/temporary_folder.hpp"

namespace ferrule {
namespace {

using read_result = result<std::string, file_error>;

class files : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) {
    const std::string path = folder_.file(name.c_str());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string now_in(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// What the folder has in it, hidden files too.
  std::size_t count() const {
    const std::filesystem::directory_iterator first(folder_.path());
    return static_cast<std::size_t>(std::distance(first, std::filesystem::directory_iterator()));
  }
  template <class T>
  T wait(task<T> work) {
    return sync_wait(loop_, std::move(work)).value();
  }
  std::string path(const char* name) const { return folder_.file(name); }

  temporary_folder folder_;
  reactor loop_{io::make_backend({}).io, 1};
};

task<read_result> read_whole(std::string path, std::size_t bytes_max) {
  co_return co_await read_file(std::move(path), bytes_max);
}
task<result<void, file_error>> write_whole(std::string path, std::string bytes) {
  co_return co_await write_file(std::move(path), std::move(bytes));
}
task<std::vector<std::string>> parts_of(std::string path, std::uint64_t offset = 0) {
  std::vector<std::string> parts;
  auto in = co_await file_reader::open(std::move(path));
  if (!in) co_return parts;
  in->seek(offset);
  for (;;) {
    const auto part = co_await in->read();
    if (!part || part->empty()) co_return parts;
    parts.emplace_back(*part);
  }
}
task<int> code_of_opening(std::string path) {
  const auto in = co_await file_reader::open(std::move(path));
  co_return in ? 0 : in.error().code;
}

TEST_F(files, are_read_whole_up_to_a_limit) {
  const std::string path = file("a", std::string("some\0bytes", 10));
  EXPECT_EQ(*wait(read_whole(path, 11)), std::string("some\0bytes", 10));
  EXPECT_EQ(*wait(read_whole(path, 10)), std::string("some\0bytes", 10));
  EXPECT_EQ(wait(read_whole(path, 9)).error(), file_error{EFBIG});
  EXPECT_EQ(wait(read_whole(path, 0)).error(), file_error{EFBIG});
  EXPECT_EQ(*wait(read_whole(file("none", ""), 0)), "");
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(*wait(read_whole(file("large", large), 1'000'000)), large);
}

TEST_F(files, that_say_no_size_are_read_to_their_end) {
  const auto told = wait(read_whole("/proc/self/status", 100'000));
  ASSERT_TRUE(told);
  EXPECT_NE(told->find("Name:"), std::string::npos);
  EXPECT_EQ(wait(read_whole("/proc/self/status", 20)).error(), file_error{EFBIG});
}

TEST_F(files, are_read_in_parts_from_any_place) {
  const std::string text = std::string(file_reader::part_bytes_max, 'a') + "rest";
  const std::string path = file("a", text);
  EXPECT_EQ(wait(parts_of(path)),
            (std::vector<std::string>{std::string(file_reader::part_bytes_max, 'a'), "rest"}));
  EXPECT_EQ(wait(parts_of(path, file_reader::part_bytes_max + 1)),
            (std::vector<std::string>{"est"}));
  EXPECT_EQ(wait(parts_of(path, text.size())), std::vector<std::string>());
  EXPECT_EQ(wait(parts_of(path, 1U << 30U)), std::vector<std::string>());
  EXPECT_EQ(wait(parts_of(file("none", ""))), std::vector<std::string>());
}

TEST_F(files, that_are_none_are_errors_and_wait_for_nobody) {
  EXPECT_EQ(wait(code_of_opening(path("missing"))), ENOENT);
  EXPECT_EQ(wait(code_of_opening(folder_.path())), EISDIR);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(wait(code_of_opening(path("pipe"))), EINVAL);
  EXPECT_EQ(wait(code_of_opening("/dev/zero")), EINVAL);
  EXPECT_EQ(wait(code_of_opening(std::string(5000, 'x'))), ENAMETOOLONG);
  EXPECT_EQ(wait(read_whole(path("missing"), 1)).error().message(), "No such file or directory");
  EXPECT_EQ(file_error{-5}.message(), "unknown error");
}

TEST_F(files, are_replaced_whole) {
  const std::string path = file("a", "before");
  EXPECT_TRUE(wait(write_whole(path, "after")));
  EXPECT_EQ(now_in(path), "after");
  EXPECT_TRUE(wait(write_whole(path, "")));
  EXPECT_EQ(now_in(path), "");
  EXPECT_TRUE(wait(write_whole(folder_.file(std::string(255, 'n').c_str()), "longest name")));
  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(wait(write_whole(path + "/b", "")).error(), file_error{ENOTDIR});
  EXPECT_EQ(wait(write_whole(this->path("no/b"), "")).error(), file_error{ENOENT});
  EXPECT_EQ(wait(write_whole(folder_.path(), "")).error(), file_error{EISDIR});
  EXPECT_EQ(count(), 2U) << "what could not be put in its place is gone";
}

task<bool> write_twice_and(std::string path, bool commits) {
  auto out = co_await file_writer::create(std::move(path));
  if (!out) co_return false;
  file_writer moved = *std::move(out);
  const bool written = (co_await moved.write("one ")).has_value() &&
                       (co_await moved.write("two")).has_value();
  if (commits && !co_await moved.commit()) co_return false;
  co_return written;
}

TEST_F(files, are_there_once_they_are_committed) {
  EXPECT_TRUE(wait(write_twice_and(path("a"), false)));
  EXPECT_EQ(count(), 0U);
  EXPECT_TRUE(wait(write_twice_and(path("a"), true)));
  EXPECT_EQ(now_in(path("a")), "one two");
  EXPECT_EQ(count(), 1U);
}

task<std::vector<int>> codes_after_commit(std::string path) {
  auto out = co_await file_writer::create(std::move(path));
  std::vector<int> codes;
  const auto add = [&codes](const result<void, file_error>& r) {
    codes.push_back(r ? 0 : r.error().code);
  };
  add(co_await out->commit());
  add(co_await out->write("late"));
  add(co_await out->commit());
  co_return codes;
}

TEST_F(files, take_nothing_after_the_commit) {
  EXPECT_EQ(wait(codes_after_commit(path("a"))), (std::vector<int>{0, EBADF, EBADF}));
  EXPECT_EQ(now_in(path("a")), "");
}

task<std::vector<int>> codes_beyond_the_limit(std::string path) {
  auto out = co_await file_writer::create(std::move(path));
  std::vector<int> codes;
  const auto add = [&codes](const result<void, file_error>& r) {
    codes.push_back(r ? 0 : r.error().code);
  };
  add(co_await out->write(std::string(1000, 'x')));
  add(co_await out->write(std::string(1000, 'x')));
  add(co_await out->write("x"));
  add(co_await out->commit());
  co_return codes;
}

TEST_F(files, that_do_not_fit_fail_and_stay_what_they_were) {
  const std::string path = file("a", "before");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1500, before.rlim_max};
  const auto kept = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::vector<int> codes = wait(codes_beyond_the_limit(path));
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, kept);
  EXPECT_EQ(codes, (std::vector<int>{0, EFBIG, EFBIG, EFBIG}));
  EXPECT_EQ(now_in(path), "before");
  EXPECT_EQ(count(), 1U);
}

task<int> write_for_ever(std::string path) {
  auto out = co_await file_writer::create(std::move(path));
  for (;;) {
    if (!co_await out->write("x")) co_return 1;
    co_await sleep(std::chrono::milliseconds(1));
  }
}
task<int> end_soon() {
  co_await sleep(std::chrono::milliseconds(20));
  co_return 2;
}
task<int> race_with_end(std::string path) {
  co_return (co_await race(write_for_ever(std::move(path)), end_soon())).index() == 1 ? 2 : 1;
}

TEST_F(files, of_a_task_that_is_stopped_leave_nothing) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  EXPECT_EQ(test::sim_run(world, loop, race_with_end(path("a"))), 2);
  EXPECT_EQ(count(), 0U);
}

}  // namespace
}  // namespace ferrule
