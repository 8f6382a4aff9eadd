#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "ferrule/core/drain.hpp"
#include "service_process.hpp"

namespace ferrule {
namespace {

void say_begun() { log(log_level::info, "begun"); }

/// Reads until the service has started, and its work on each reactor.
bool has_begun(process& p, int reactors) {
  int begun = 0;
  bool listens = false;
  for (int lines = 0; lines != reactors + 1; ++lines) {
    const std::string line = p.line();
    if (line == "info: begun") ++begun;
    if (line.starts_with("info: slow on ")) listens = true;
  }
  return listens && begun == reactors;
}

// Told at the start of the drain, and waited for on every reactor.
TEST(run_service, lets_background_work_end_well) {
  for (const char* backend : {"auto", "epoll"}) {
    process p({"--threads", "2", "--backend", backend}, [](factory& all) {
      all.work = []() -> task<> {
        say_begun();
        co_await drain_begins();
        co_await sleep(std::chrono::milliseconds(100));
        log(log_level::info, "ends well");
      };
    });
    EXPECT_TRUE(has_begun(p, 2)) << backend;
    p.signal(SIGTERM);
    EXPECT_EQ(p.everything(), "info: ends well\ninfo: ends well\ninfo: slow has ended\n")
        << backend;
    EXPECT_EQ(p.end(), 0) << backend;
  }
}

TEST(run_service, does_not_wait_for_background_work_that_never_asks_about_the_end) {
  process p({"--threads", "2", "--drain", "10m"}, [](factory& all) {
    all.work = []() -> task<> {
      say_begun();
      for (;;) co_await sleep(std::chrono::hours(1));
    };
  });
  EXPECT_TRUE(has_begun(p, 2));
  p.signal(SIGTERM);
  EXPECT_EQ(p.everything(), "info: slow has ended\n");
  EXPECT_EQ(p.end(), 0);
}

TEST(run_service, ends_whatever_its_background_work_does) {
  process p({"--threads", "1", "--drain", "10ms"}, [](factory& all) {
    all.work = []() -> task<> {
      co_await run_blocking([] {
        say_begun();
        ::sleep(60);
      });
    };
  });
  EXPECT_TRUE(has_begun(p, 1));
  p.signal(SIGTERM);
  const std::string rest = p.everything();
  EXPECT_NE(rest.find("reactor 1 of 1 waits for background work that does not stop, test work"),
            rest.npos)
      << rest;
  EXPECT_EQ(p.end(), exit_code_forced);
}

}  // namespace
}  // namespace ferrule
