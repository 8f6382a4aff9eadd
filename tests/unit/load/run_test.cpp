// Whole runs over the loopback, by threads as in earnest.
#include "load/run.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "ferrule/json/write.hpp"
#include "load/fetch.hpp"
#include "load/files.hpp"
#include "load/target.hpp"
#include "load/tool.hpp"
#include "real_server.hpp"

namespace ferrule::load {
namespace {

using namespace std::chrono_literals;

struct calls : run_watch {
  void window_begins() override { ++begun; }
  void window_ends() override { ++ended; }
  bool wants_progress() const override { return true; }
  void progressed(const run_progress& progress) override { last_ok = progress.counts.ok; }
  bool wants_stop() override { return begun != 0 && stop_at_once; }

  int begun = 0;
  int ended = 0;
  std::uint64_t last_ok = 0;
  bool stop_at_once = false;
};

target target_for(const std::string& url) {
  settings asked;
  auto found = find_target(asked, url);
  EXPECT_TRUE(found);
  return std::move(*found);
}

TEST(run, threads_share_a_rate) {
  const real_server server;
  const target to = target_for(server.url("/users/{1..9}"));
  settings asked;
  asked.connections = 5;
  asked.threads = 2;
  asked.warmup = 100ms;
  run_settings settings = run_settings_for(asked, to, 500ms);
  settings.rate = stretched_to({{1, 400, 400}}, 0.5, 0.1);
  calls watch;
  const run_outcome outcome = run_load(settings, watch);
  EXPECT_EQ(outcome.error, "");
  const route_record total = outcome.books.total();
  EXPECT_EQ(total.counts.due, 200U);
  EXPECT_EQ(total.counts.ok, 200U);
  EXPECT_EQ(outcome.books.connections_made, 5U);
  EXPECT_DOUBLE_EQ(outcome.offered, 400);
  EXPECT_DOUBLE_EQ(outcome.seconds, 0.5);
  EXPECT_EQ(watch.begun, 1);
  EXPECT_EQ(watch.ended, 1);
  EXPECT_GT(watch.last_ok, 0U);
}

TEST(run, can_be_broken_off) {
  const real_server server;
  const target to = target_for(server.url("/users/1"));
  settings asked;
  asked.connections = 2;
  asked.warmup = 0ns;
  const run_settings settings = run_settings_for(asked, to, 1h);
  calls watch;
  watch.stop_at_once = true;
  const run_outcome outcome = run_load(settings, watch);
  EXPECT_TRUE(outcome.broken_off);
  EXPECT_LT(outcome.seconds, 60);
  const route_record total = outcome.books.total();
  EXPECT_EQ(total.counts.due, total.counts.ok + total.counts.failed());
}

TEST(run, many_source_addresses_come_from_the_loopback) {
  const real_server server;
  const target to = target_for(server.url("/users/1"));
  settings asked;
  asked.connections = 6;
  asked.keep_alive = false;
  asked.source_addresses = 3;
  run_settings settings = run_settings_for(asked, to, 200ms);
  EXPECT_EQ(settings.source_addresses, 3U);
  settings.rate = stretched_to({{1, 200, 200}}, 0.2, 0.02);
  calls watch;
  const run_outcome outcome = run_load(settings, watch);
  EXPECT_EQ(outcome.books.total().counts.ok, 40U);
  EXPECT_TRUE(outcome.books.connect_errors.empty());
}

TEST(run, that_cannot_begin_says_why) {
  std::string url;
  {
    const real_server gone;
    url = gone.url("/");
  }
  const target to = target_for(url);
  EXPECT_NE(try_target(to, 1s).error.find("Connection refused"), std::string::npos);
  settings asked;
  asked.threads = 2;
  calls watch;
  const run_outcome outcome = run_load(run_settings_for(asked, to, 1s), watch);
  EXPECT_NE(outcome.error.find("Connection refused"), std::string::npos) << outcome.error;
}

TEST(target, the_first_address_that_listens_is_loaded) {
  const real_server server;
  const address here = target_for(server.url("/")).at;
  std::vector<address> among;
  for (const char* other : {"127.0.0.9", "127.0.0.8"}) {  // where the server does not listen
    among.push_back(*address::parse(other, here.port()));
  }
  EXPECT_EQ(first_that_listens(among, 1s), among.front()) << "none does";
  among.push_back(here);
  EXPECT_EQ(first_that_listens(among, 1s), here);
  EXPECT_EQ(first_that_listens({among.front()}, 1s), among.front());
}

TEST(target, nothing_but_unexpected_answers_is_told_before_the_run) {
  const real_server server;
  const trial_requests tried = try_target(target_for(server.url("/nope")), 5s);
  EXPECT_EQ(tried.error,
            "GET /nope is answered 404, expected was below 400; --expect-status says otherwise");
  EXPECT_EQ(try_target(target_for(server.url("/users/1")), 5s).error, "");

  target mixed = target_for(server.url("/users/1"));
  mixed.requests =
      std::move(*request_set::prepare({{.target = "/users/1"}, {.target = "/nope"}}, "a", true));
  const trial_requests some = try_target(mixed, 5s);
  EXPECT_EQ(some.error, "");
  EXPECT_EQ(some.problems.size(), 1U);
}

TEST(target, errors_name_what_is_wrong) {
  settings asked;
  EXPECT_FALSE(find_target(asked, "ftp://a"));
  asked.requests_file = "/nonexistent.json";
  const auto none = find_target(asked, "http://127.0.0.1/");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), "cannot read /nonexistent.json: No such file or directory");
}

int run_with(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ferrule-load");
  return run_tool(static_cast<int>(arguments.size()), arguments.data());
}

TEST(tool, reports_in_json_and_as_a_page) {
  const real_server server;
  const std::string url = server.url("/users/1");
  const std::string page = testing::TempDir() + "ferrule_load_test.html";
  testing::internal::CaptureStdout();
  const int code = run_with({"--json", "--html", page.c_str(), "--duration", "200ms", "--rate",
                             "100", "--lag-max", "1h", url.c_str()});
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 0);
  const auto report = parse_report(out);
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->requests, 20U);
  EXPECT_EQ(report->url, url);
  const auto written = read_file(page);
  ASSERT_TRUE(written);
  EXPECT_NE(written->find("\"requests\":20"), std::string::npos);
  std::remove(page.c_str());
}

TEST(tool, ends_with_the_code_that_scripts_need) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const real_server server;
  EXPECT_EQ(run_with({"--help"}), 0);
  EXPECT_EQ(run_with({"--bogus"}), 2);
  EXPECT_EQ(run_with({"http://127.0.0.1:1/"}), 1);
  EXPECT_EQ(run_with({"--connections", "1000000", "http://127.0.0.1:1/"}), 1);
  const std::string url = server.url("/users/1");
  EXPECT_EQ(run_with({"--duration", "50ms", "--rate", "100", "--lag-max", "0s", url.c_str()}), 3);
  EXPECT_EQ(run_with({"--duration", "50ms", "--curve", "--rate", "100,200", url.c_str()}), 0);
  testing::internal::GetCapturedStdout();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("unknown argument '--bogus'"),
            std::string::npos);
}

TEST(tool, fails_when_a_promise_is_not_kept_or_most_requests_fail) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const real_server server;
  const std::string url = server.url("/users/1");
  const auto code = [&](std::vector<const char*> more, const std::string& of) {
    std::vector<const char*> all = {"--duration", "100ms", "--rate", "100", "--lag-max", "1h"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back(of.c_str());
    return run_with(all);
  };
  EXPECT_EQ(code({"--slo", "p50=1h"}, url), 0);
  EXPECT_EQ(code({"--slo", "p50=1us"}, url), 1);
  EXPECT_EQ(code({"--slo", "p50=1h,p99=1us"}, url), 1);
  EXPECT_EQ(code({"--curve", "--slo", "p50=1h"}, url), 0);
  EXPECT_EQ(code({"--curve", "--slo", "p50=1us"}, url), 1);
  // Of two requests in turn one is answered 404: half of them.
  const std::string mix = testing::TempDir() + "ferrule_load_mix.json";
  EXPECT_EQ(write_file(mix, R"([{"target":"/users/1"},{"target":"/nope"}])"), "");
  EXPECT_EQ(code({"--requests", mix.c_str(), "--rate", "1000", "--slo", "p99=1h"}, url), 1);
  EXPECT_EQ(write_file(mix, R"([{"target":"/users/1"},{"target":"/nope","weight":9}])"), "");
  EXPECT_EQ(code({"--requests", mix.c_str(), "--rate", "1000"}, url), 1);
  EXPECT_EQ(write_file(mix, R"([{"target":"/users/1","weight":99},{"target":"/nope"}])"), "");
  EXPECT_EQ(code({"--requests", mix.c_str(), "--rate", "1000"}, url), 0);
  std::remove(mix.c_str());
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_NE(out.find("of the requests failed, which p99 does not allow"), std::string::npos) << out;
  EXPECT_NE(out.find("BROKEN"), std::string::npos);
  testing::internal::GetCapturedStderr();
}

TEST(tool, compares_recorded_runs) {
  const real_server server;
  const std::string url = server.url("/users/1");
  const std::string recorded = testing::TempDir() + "ferrule_load_test_a.json";
  testing::internal::CaptureStdout();
  EXPECT_EQ(
      run_with({"--json", "--duration", "200ms", "--rate", "200", "--lag-max", "1h", url.c_str()}),
      0);
  std::string json = testing::internal::GetCapturedStdout();
  EXPECT_EQ(write_file(recorded, json), "");
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_with({"compare", recorded.c_str(), recorded.c_str(), "--tolerance", "90%"}), 0);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("no regression"), std::string::npos);

  auto slower = parse_report(json);
  ASSERT_TRUE(slower);
  for (interval_report& each : slower->intervals) each.p50_us *= 5;
  const std::string other = testing::TempDir() + "ferrule_load_test_b.json";
  EXPECT_EQ(write_file(other, json::write(*slower)), "");
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_with({"compare", recorded.c_str(), other.c_str()}), 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"compare", "--slo", "p99=1s", recorded.c_str(), other.c_str()}), 2);
  testing::internal::GetCapturedStderr();
  EXPECT_NE(testing::internal::GetCapturedStdout().find("B is worse"), std::string::npos);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_with({"compare", recorded.c_str(), url.c_str()}), 2);
  testing::internal::GetCapturedStderr();
  std::remove(recorded.c_str());
  std::remove(other.c_str());
}

}  // namespace
}  // namespace ferrule::load
