// Where the library that decodes is not linked. With it: tests/unit/compress/linked_test.cpp.
#include "ferrule/route/body_coding.hpp"

#include <gtest/gtest.h>

#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;
using test::call_answer;

struct draft {
  std::string title;
};

task<std::string> read_all(body_stream sent) {
  std::string all;
  for (auto part = co_await sent.read(); !part.empty(); part = co_await sent.read()) all += part;
  co_return all;
}

constexpr auto routes =
    route_table(route<"POST /json">([](json_body<draft> sent) { return sent->title; }),
                route<"POST /body">([](body sent) { return std::string(*sent); }),
                route<"POST /stream">(read_all), route<"POST /none">([] { return "none"; }));

call_answer post(std::string path, std::string coding, std::string bytes) {
  return call<routes>(
      {.line = "POST " + path,
       .fields = {{"Content-Type", "application/json"}, {"Content-Encoding", std::move(coding)}},
       .body = std::move(bytes)});
}

TEST(body_coding, is_never_taken_as_if_it_were_not_there) {
  for (const char* path : {"/json", "/body", "/stream"}) {
    for (const char* codings : {"gzip", "GZip", "identity, gzip", "gzip,identity", "x", "*"}) {
      const call_answer answer = post(path, codings, R"({"title":"Ada"})");
      EXPECT_EQ(answer.status, 415) << path << ' ' << codings;
      EXPECT_EQ(answer.field("Accept-Encoding"), "identity");
    }
  }
}

TEST(body_coding, identity_is_none) {
  for (const char* path : {"/json", "/body", "/stream"}) {
    for (const char* codings : {"", "identity", "IDENTITY", "identity,\tidentity", ","}) {
      EXPECT_EQ(post(path, codings, R"({"title":"Ada"})").status, 200) << path << ' ' << codings;
    }
  }
}

TEST(body_coding, does_not_matter_where_there_is_no_body_or_nobody_reads_it) {
  EXPECT_EQ(post("/body", "gzip", "").status, 200);
  EXPECT_EQ(post("/none", "gzip", "{}").body, "none");
}

}  // namespace
}  // namespace ferrule
