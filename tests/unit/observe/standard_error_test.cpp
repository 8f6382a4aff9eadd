#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "ferrule/core/assert.hpp"
#include "ferrule/observe/log.hpp"
#include "unread_pipe.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

std::ptrdiff_t lines_in(std::string_view text) { return std::ranges::count(text, '\n'); }

// More than a pipe of one page and what may wait have room for.
constexpr int many_lines = 10'000;
void log_many() {
  for (int i = 0; i != many_lines; ++i) {
    log(log_level::error, "a line of some length: " + std::to_string(i));
  }
}

class standard_error : public testing::Test {
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void TearDown() override { flush_log(10s); }
};

TEST_F(standard_error, that_nobody_reads_holds_up_nobody_and_what_is_lost_is_said) {
  unread_pipe pipe;
  const std::uint64_t before = log_lines_dropped();
  log_many();
  const std::uint64_t dropped = log_lines_dropped() - before;
  EXPECT_GT(dropped, 0U);
  EXPECT_FALSE(flush_log(1ms));
  const std::string text = pipe.read_until("did not take them\n");
  const std::string last_line = "\nwarn: " + std::to_string(dropped) +
                                " lines were dropped: standard error did not take them\n";
  EXPECT_TRUE(text.ends_with(last_line)) << text.substr(text.size() - 300);
  EXPECT_EQ(static_cast<std::uint64_t>(lines_in(text)) - 1 + dropped, many_lines);
  EXPECT_TRUE(text.starts_with("error: a line of some length: 0\nerror: a line"));
  log(log_level::error, "again");
  EXPECT_EQ(pipe.read_until("\n"), "error: again\n");
}

TEST_F(standard_error, that_nobody_reads_is_waited_for_once) {
  unread_pipe pipe;
  pipe.fill();
  log(log_level::error, "waits");
  const auto waited = [](std::chrono::milliseconds within) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(flush_log(within));
    return std::chrono::steady_clock::now() - start;
  };
  EXPECT_GE(waited(300ms), 300ms);
  EXPECT_LT(waited(300ms), 300ms) << "nothing was written since another gave up";
  EXPECT_GE(waited(400ms), 100ms) << "but who would wait longer does";
  pipe.read_until("waits\n");
  EXPECT_TRUE(flush_log(10s));
  pipe.fill();
  log(log_level::error, "again");
  EXPECT_GE(waited(100ms), 100ms) << "it has taken lines in between";
  pipe.read_until("again\n");
}

TEST_F(standard_error, whose_reader_is_gone_ends_nobody) {
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  const std::uint64_t before = log_lines_dropped();
  {
    unread_pipe pipe;
    pipe.close_reader();
    log(log_level::error, "lost");
    EXPECT_TRUE(flush_log(10s));
  }
  EXPECT_EQ(log_lines_dropped() - before, 1U);
  unread_pipe pipe;
  log(log_level::error, "read");
  EXPECT_EQ(pipe.read_until("them\n"),
            "error: read\nwarn: 1 lines were dropped: standard error did not take them\n");
}

TEST_F(standard_error, that_is_closed_ends_nobody) {
  const std::uint64_t before = log_lines_dropped();
  const int kept = ::dup(STDERR_FILENO);
  ::close(STDERR_FILENO);
  log(log_level::error, "lost");
  EXPECT_TRUE(flush_log(10s));
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  EXPECT_EQ(log_lines_dropped() - before, 1U);
  testing::internal::CaptureStderr();
  log(log_level::error, "read");
  flush_log(10s);
  EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with("error: read\nwarn: 1 lines"));
}

TEST_F(standard_error, is_shared_and_so_keeps_its_flags) {
  unread_pipe pipe;
  log_many();
  EXPECT_EQ(::fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
  pipe.read_until("did not take them\n");
}

TEST_F(standard_error, that_somebody_made_non_blocking_loses_nothing) {
  unread_pipe pipe;
  pipe.fill();
  ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
  const std::uint64_t before = log_lines_dropped();
  for (int i = 0; i != 100; ++i) log(log_level::error, std::to_string(i) + std::string(200, 'x'));
  const std::string text = pipe.read_until("99" + std::string(200, 'x') + "\n");
  EXPECT_EQ(lines_in(text), 100);
  EXPECT_EQ(log_lines_dropped() - before, 0U);
}

TEST_F(standard_error, gets_whole_lines_of_all_threads_each_in_its_order) {
  unread_pipe pipe;
  std::vector<std::thread> writers;
  for (const char who : {'a', 'b', 'c'}) {
    writers.emplace_back([who] {
      for (int i = 0; i != 100; ++i) log(log_level::info, who + std::to_string(1000 + i));
    });
  }
  for (std::thread& each : writers) each.join();
  log(log_level::info, "the end");
  std::string text = pipe.read_until("the end\n");
  EXPECT_EQ(lines_in(text), 301);
  std::array<int, 3> next{1000, 1000, 1000};
  for (int i = 0; i != 300; ++i) {
    const std::string line = text.substr(0, text.find('\n'));
    text.erase(0, line.size() + 1);
    ASSERT_EQ(line.size(), std::string("info: a1000").size()) << line;
    EXPECT_EQ(line.substr(7), std::to_string(next.at(static_cast<std::size_t>(line[6] - 'a'))++));
  }
}

/// What `work` writes to standard error in a process of its own, and how that ended.
template <class Work>
int status_of_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FERRULE_NO_THREAD_AFTER_FORK  // says so itself, and ends the process
#endif
#endif

#ifndef FERRULE_NO_THREAD_AFTER_FORK
TEST_F(standard_error, of_a_forked_process_is_written_there_and_no_line_twice) {
  unread_pipe pipe;
  pipe.fill();
  log(log_level::info, "before");  // waits in the parent
  const int status = status_of_child([] {
    // Its own lines wait for room too, so they are read below.
    log(log_level::info, "child");
    if (flush_log(1ms)) ::_exit(1);
  });
  EXPECT_EQ(status, 0);
  log(log_level::info, "after");
  const std::string text = pipe.read_until("after\n");
  EXPECT_TRUE(text.ends_with(".info: before\ninfo: after\n")) << text;

  testing::internal::CaptureStderr();
  EXPECT_EQ(status_of_child([] {
              log(log_level::info, "child");
              flush_log(10s);
            }),
            0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "info: child\n");
}

TEST_F(standard_error, of_a_process_without_threads_to_spare_is_written_all_the_same) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(status_of_child([] {
              // Root may have any number.
              constexpr uid_t nobody = 65534;
              if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) ::_exit(2);
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_NPROC, &none);
              log(log_level::info, "one");
              log(log_level::info, "two");
              if (!flush_log(0s)) ::_exit(1);
            }),
            0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "info: one\ninfo: two\n");
}
#endif

TEST_F(standard_error, is_flushed_at_the_end_of_the_process_but_not_for_ever) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EXIT(
      {
        log(log_level::error, "the last line");
        std::exit(3);
      },
      testing::ExitedWithCode(3), "error: the last line\n");
  EXPECT_EXIT(
      {
        unread_pipe pipe;
        pipe.fill();
        log(log_level::error, "nobody reads this");
        std::exit(3);
      },
      testing::ExitedWithCode(3), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST_F(standard_error, that_is_full_does_not_keep_a_failed_assertion_from_ending_the_process) {
  EXPECT_EXIT(
      {
        log(log_level::error, "the line before");
        FERRULE_ASSERT(1 + 1 == 3, "arithmetic");
      },
      testing::KilledBySignal(SIGABRT), "^error: the line before\nferrule: arithmetic");
  EXPECT_EXIT(
      {
        unread_pipe pipe;
        pipe.fill();
        log(log_level::error, "nobody reads this");
        FERRULE_ASSERT(1 + 1 == 3, "arithmetic");
      },
      testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(
      {
        unread_pipe pipe;
        pipe.close_reader();
        FERRULE_ASSERT(1 + 1 == 3, "arithmetic");
      },
      testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace ferrule
