#include "ferrule/api/response_stream.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

response_stream count(int to) {
  co_yield stream_head{.content_type = "text/plain"};
  for (int i = 0; i != to; ++i) {
    co_await sleep(1ms);
    co_yield std::to_string(i) + "\n";
  }
}
response_stream without_head() { co_yield "part"; }
response_stream without_parts() { co_yield stream_head{.status = 206}; }
response_stream nothing() { co_return; }
response_stream with_length(std::uint64_t promised) {
  co_yield stream_head{.content_length = promised};
  co_yield "12";
  co_yield "";
  co_yield "34";
}
response_stream fails(bool early) {
  if (!early) co_yield "part";
  throw std::runtime_error("no more");
}
response_stream late_head() {
  co_yield "part";
  co_yield stream_head{};
}
result<response_stream, problem> maybe(int n) {
  if (n == 0) return fail(problem{.status = 404});
  return count(n);
}
task<response_stream> later(int n) {
  co_await sleep(1s);
  co_return count(n);
}
task<std::optional<response_stream>> maybe_later(int n) {
  co_await sleep(1s);
  if (n == 0) co_return std::nullopt;
  co_return count(n);
}

response_stream endless(int status) {
  co_yield stream_head{.status = status};
  for (;;) co_yield "part";
}
response_stream careful(const request& asked) {
  co_yield stream_head{.content_length = 4};
  if (asked.verb == method::get) co_yield "1234";
}

constexpr auto routes =
    route_table(route<"GET /count/{n}">(count), route<"GET /headless">(without_head),
                route<"GET /partless">(without_parts), route<"GET /nothing">(nothing),
                route<"GET /length/{n}">(with_length), route<"GET /fails/{early}">(fails),
                route<"GET /late-head">(late_head), route<"GET /maybe/{n}">(maybe),
                route<"GET /later/{n}">(later), route<"GET /maybe-later/{n}">(maybe_later),
                route<"GET /endless/{status}">(endless), route<"GET /careful">(careful));

struct quiet : testing::Test {
  quiet() {
    set_exception_log([](const escaped_exception&) noexcept {});
  }
  ~quiet() override { set_exception_log(nullptr); }
};
using response_stream_failures = quiet;

TEST(response_stream, sends_its_head_and_parts) {
  const auto answer = call<routes>("GET /count/3");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain");
  EXPECT_EQ(answer.content_length, std::nullopt);
  EXPECT_EQ(answer.body, "0\n1\n2\n");
  EXPECT_EQ(answer.parts, 3U);
  EXPECT_TRUE(answer.is_complete);
}

TEST(response_stream, waits_for_a_slow_client) {
  const auto answer = call<routes>({.line = "GET /count/3", .slow_client = true});
  EXPECT_EQ(answer.body, "0\n1\n2\n");
  EXPECT_TRUE(answer.is_complete);
}

TEST(response_stream, has_a_head_of_its_own_if_none_is_yielded) {
  const auto answer = call<routes>("GET /headless");
  EXPECT_EQ(answer.content_type, "application/octet-stream");
  EXPECT_EQ(answer.body, "part");
}

TEST(response_stream, may_have_no_parts) {
  EXPECT_EQ(call<routes>("GET /partless").status, 206);
  EXPECT_TRUE(call<routes>("GET /partless").is_complete);
  EXPECT_EQ(call<routes>("GET /nothing").status, 200);
  EXPECT_EQ(call<routes>("GET /nothing").content_length, 0U);
}

TEST(response_stream, keeps_a_promised_length_and_sends_no_empty_part) {
  const auto answer = call<routes>("GET /length/4");
  EXPECT_EQ(answer.content_length, 4U);
  EXPECT_EQ(answer.body, "1234");
  EXPECT_EQ(answer.parts, 2U);
  EXPECT_TRUE(answer.is_complete);
}

TEST_F(response_stream_failures, reset_an_answer_that_is_shorter_or_longer_than_promised) {
  EXPECT_FALSE(call<routes>("GET /length/5").is_complete);
  EXPECT_FALSE(call<routes>("GET /length/3").is_complete);
  EXPECT_EQ(call<routes>("GET /length/3").body, "12");
}

TEST_F(response_stream_failures, are_answered_500_before_the_head_and_reset_after_it) {
  EXPECT_EQ(call<routes>("GET /fails/true").status, 500);
  EXPECT_TRUE(call<routes>("GET /fails/true").is_complete);
  EXPECT_EQ(call<routes>("GET /fails/false").status, 200);
  EXPECT_FALSE(call<routes>("GET /fails/false").is_complete);
  EXPECT_FALSE(call<routes>("GET /late-head").is_complete);
}

TEST(response_stream, may_come_in_a_result_or_a_task) {
  EXPECT_EQ(call<routes>("GET /maybe/2").body, "0\n1\n");
  EXPECT_EQ(call<routes>("GET /maybe/0").status, 404);
  EXPECT_EQ(call<routes>("GET /later/2").body, "0\n1\n");
  EXPECT_TRUE(call<routes>("GET /later/2").is_complete);
  EXPECT_EQ(call<routes>("GET /maybe-later/1").body, "0\n");
  EXPECT_EQ(call<routes>("GET /maybe-later/0").status, 404);
}

TEST(response_stream, ends_with_its_head_where_there_is_no_body) {
  for (const char* line : {"HEAD /endless/200", "GET /endless/204", "GET /endless/205",
                           "GET /endless/304", "HEAD /careful", "HEAD /length/5"}) {
    const auto answer = call<routes>(line);
    EXPECT_TRUE(answer.is_complete) << line;
    EXPECT_FALSE(answer.stopped) << line;
    EXPECT_EQ(answer.body, "") << line;
    EXPECT_EQ(answer.took, 0s) << line;
  }
  EXPECT_EQ(call<routes>("GET /careful").body, "1234");
}

TEST(response_stream, is_unwound_when_stopped) {
  const auto answer = call<routes>({.line = "GET /count/1000", .deadline = 5ms});
  EXPECT_TRUE(answer.stopped);
  EXPECT_FALSE(answer.is_complete);
  EXPECT_GT(answer.parts, 2U);
  EXPECT_LT(answer.parts, 7U);
}

}  // namespace
}  // namespace ferrule
