#include "ferrule/route/extract.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;
using test::call_request;

enum class color { red, green };
struct page {
  std::uint32_t limit = 20;
  std::optional<std::uint64_t> after;
  std::vector<std::string> tag;
  std::string_view order;
};
struct new_user {
  std::string name;
  int age;
};
void validate(const new_user& u, json::violations& problems) {
  if (u.name.empty()) problems.add("/name", "must not be empty");
  if (u.age < 0) problems.add("/age", "must not be negative");
}
struct span_of_days {
  int first = 0;
  int last = 0;
  std::vector<std::string_view> tag;
};
void validate(const span_of_days& s, json::violations& problems) {
  if (s.first > s.last) problems.add("/first", "must not be after last");
  for (const std::string_view tag : s.tag) {
    if (tag.empty()) problems.add("/tag/0", "must not be empty");
  }
  if (s.last - s.first > 9 || !s.tag.empty()) problems.add("", "must be short");
}
struct even {
  int number = 0;

  void validate(json::violations& problems) const {
    if (number % 2 != 0) problems.add("/number", "must be even");
  }
};
struct store {
  virtual ~store() = default;
  virtual int size() const = 0;
};
struct memory_store : store {
  int size() const override { return 3; }
};
struct counter {
  int hits = 0;
};

task<std::string> read_all(body_stream in) {
  std::string all;
  for (;;) {
    const std::string_view part = co_await in.read();
    if (part.empty()) break;
    all += "[" + std::string(part) + "]";
  }
  co_return all;
}
task<std::string> later(std::string_view name) {
  co_await sleep(std::chrono::seconds(1));
  co_return std::string(name);
}

constexpr auto routes = route_table(
    route<"GET /number/{n}">([](std::uint8_t n) { return static_cast<int>(n); }),
    route<"GET /color/{c}">([](color c) { return c; }),
    route<"GET /text/{t}">([](std::string_view t) { return std::string(t); }),
    route<"GET /late/{t}">(later),
    route<"GET /swap/{a}/{b}">([](path<"b", int> b, path<"a", int> a) {
      return std::to_string(*b) + " " + std::to_string(*a);
    }),
    route<"GET /tail/{rest...}">([](std::string_view rest) { return std::string(rest); }),
    route<"GET /page">([](query<page> q) {
      std::string text = std::to_string(q->limit) + " " + std::to_string(q->after.value_or(0)) +
                         " " + std::string(q->order);
      for (const std::string& tag : q->tag) text += " #" + tag;
      return text;
    }),
    route<"GET /span">([](query<span_of_days> q) { return q->first; }),
    route<"GET /even">([](query<even> q) { return q->number; }),
    route<"POST /users">([](json_body<new_user> u) { return u->name; }),
    route<"GET /header">([](header<"X-Tag"> tag) { return std::string(tag.value_or("none")); }),
    route<"POST /body">([](body b) { return b.bytes; }), route<"POST /stream">(read_all),
    route<"GET /deadline">([](deadline d) { return d.at == no_deadline ? "none" : "some"; }),
    route<"GET /request">([](const request& r) { return r.target; }));

TEST(extract, path_parameters_are_typed) {
  EXPECT_EQ(call<routes>("GET /number/255").body, "255");
  EXPECT_EQ(call<routes>("GET /color/green").body, R"("green")");
  const auto answer = call<routes>("GET /number/256");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("path parameter 'n' must be an unsigned integer of 8 bits"),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"("parameter":"n")"), std::string::npos);
  EXPECT_NE(call<routes>("GET /color/blue").body.find("one of red, green"), std::string::npos);
}

TEST(extract, path_parameters_are_decoded_after_the_match) {
  EXPECT_EQ(call<routes>("GET /text/a%2Fb%20c+d").body, "a/b c+d");
  EXPECT_EQ(call<routes>("GET /number/%34%32").body, "42");
  EXPECT_EQ(call<routes>("GET /late/caf%C3%A9").body, "caf\xC3\xA9");
}

TEST(extract, a_tail_has_no_segments_but_those_of_the_path) {
  for (const auto& [line, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"GET /tail/", ""}, {"GET /tail/a/b", "a/b"}, {"GET /tail/a/", "a/"},
           {"GET /tail/a%20b/%C3%A9", "a b/\xc3\xa9"}, {"GET /tail/%252e%252e%252f", "%2e%2e%2f"},
           {"GET /tail/a%", "a%"}}) {
    const auto answer = call<routes>(line);
    EXPECT_EQ(answer.status, 200) << line;
    EXPECT_EQ(answer.body, text) << line;
  }
  for (const char* line :
       {"GET /tail//", "GET /tail//etc/passwd", "GET /tail/a//b", "GET /tail/a//",
        "GET /tail/a%2fb", "GET /tail/%2Fetc", "GET /tail/a%5cb", "GET /tail/a%5C",
        "GET /tail/a\\b", "GET /tail/%%2f", "GET /tail/%c0%af", "GET /tail/%c0%ae%c0%ae/x",
        "GET /tail/%e0%80%af",
        "GET /tail/%ff"}) {
    const auto answer = call<routes>(line);
    EXPECT_EQ(answer.status, 400) << line;
    EXPECT_NE(answer.body.find(R"("parameter":"rest")"), std::string::npos) << answer.body;
  }
}

TEST(extract, a_placeholder_may_hold_a_slash_but_is_text) {
  EXPECT_EQ(call<routes>("GET /text/%40scope%2Fname").body, "@scope/name");
  EXPECT_EQ(call<routes>("GET /text/%2fetc").body, "/etc");
  EXPECT_EQ(call<routes>("GET /text/a%5Cb%").body, "a\\b%");
  EXPECT_EQ(call<routes>("GET /text/%252e%252e").body, "%2e%2e");
  for (const char* line : {"GET /text/%ff", "GET /text/%c0%af", "GET /text/%ed%a0%80",
                           "GET /text/a%c3", "GET /late/%80"}) {
    EXPECT_NE(call<routes>(line).body.find("must be in UTF-8"), std::string::npos) << line;
  }
  for (const char* line : {"GET /text/..%2fx", "GET /text/%2e%2e", "GET /text/a%5c..",
                           "GET /text/a%00", "GET /tail/..%2f..%2fetc", "GET /tail/..\\x"}) {
    EXPECT_EQ(call<routes>(line).status, 400) << line;  // by the parser
  }
}

TEST(extract, named_parameters_are_bound_by_name) {
  EXPECT_EQ(call<routes>("GET /swap/1/2").body, "2 1");
  EXPECT_NE(call<routes>("GET /swap/x/2").body.find("'a'"), std::string::npos);
}

TEST(extract, a_query_is_read_by_its_members) {
  EXPECT_EQ(call<routes>("GET /page?order=up").body, "20 0 up");
  EXPECT_EQ(call<routes>("GET /page?limit=5&after=7&order=a+b%26&tag=x&tag=y&utm=1").body,
            "5 7 a b& #x #y");
}

TEST(extract, a_query_that_does_not_fit_is_answered_with_all_that_is_wrong) {
  const auto answer = call<routes>("GET /page?limit=x&limit=1&after=");
  EXPECT_EQ(answer.status, 400);
  for (const char* part :
       {R"({"detail":"must be an unsigned integer of 32 bits","parameter":"limit"})",
        R"({"detail":"is given twice","parameter":"limit"})",
        R"({"detail":"must be an unsigned integer of 64 bits","parameter":"after"})",
        R"({"detail":"is missing","parameter":"order"})"}) {
    EXPECT_NE(answer.body.find(part), std::string::npos) << part << "\n" << answer.body;
  }
}

call_request post_user(std::string body, std::string type = "application/json") {
  return {.line = "POST /users", .fields = {{"Content-Type", type}}, .body = std::move(body)};
}

TEST(extract, a_json_body_is_read) {
  EXPECT_EQ(call<routes>(post_user(R"({"name":"Ada","age":36})")).body, "Ada");
  for (const char* type : {"application/v+json", "application/json; charset=utf8",
                           "application/json; profile=\"a;charset=latin1\""}) {
    EXPECT_EQ(call<routes>(post_user(R"({"name":"Ada","age":36})", type)).body, "Ada") << type;
  }
}

TEST(extract, a_body_of_another_type_is_answered_415) {
  EXPECT_EQ(call<routes>(post_user("{}", "text/plain")).status, 415);
  EXPECT_EQ(call<routes>({.line = "POST /users", .body = "{}"}).status, 415);
  auto twice = post_user(R"({"name":"Ada","age":36})");
  twice.fields.push_back({"content-type", "application/json"});
  EXPECT_EQ(call<routes>(twice).status, 400);
}

TEST(extract, broken_json_is_answered_400_with_its_place) {
  const auto answer = call<routes>(post_user(R"({"name":"Ada",)"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("(byte "), std::string::npos) << answer.body;
  EXPECT_EQ(call<routes>(post_user("")).status, 400);
  const auto marked = call<routes>(post_user("\xef\xbb\xbf" R"({"name":"Ada","age":36})"));
  EXPECT_EQ(marked.status, 400);
  EXPECT_NE(marked.body.find("a byte order mark stands before it"), std::string::npos)
      << marked.body;
}

TEST(extract, lists_of_errors_stay_short) {
  std::string line = "GET /page?order=up";
  while (line.size() < 8000) line += "&limit=x";
  const auto query = call<routes>(line.c_str());
  EXPECT_EQ(query.status, 400);
  EXPECT_LT(query.body.size(), 4096U);
  EXPECT_NE(query.body.find("more errors are not listed"), std::string::npos) << query.body;

  std::string json = R"({"name":"Ada","age":1)";
  for (int i = 0; i != 40; ++i) {
    json += ",\"" + std::to_string(i) + std::string(1000, 'k') + "\":1";
  }
  const auto body = call<routes>(post_user(json + "}"));
  EXPECT_EQ(body.status, 422);
  EXPECT_LT(body.body.size(), 6000U);
  EXPECT_NE(body.body.find("more errors are not listed"), std::string::npos) << body.body;
}

TEST(extract, a_query_is_validated_as_bodies_are) {
  EXPECT_EQ(call<routes>("GET /span?first=1&last=2").body, "1");
  const auto answer = call<routes>("GET /span?first=3&last=2&tag=");
  EXPECT_EQ(answer.status, 400);
  for (const char* part : {R"({"detail":"must not be after last","parameter":"first"})",
                           R"({"detail":"must not be empty","parameter":"tag"})",
                           R"({"detail":"must be short"})"}) {
    EXPECT_NE(answer.body.find(part), std::string::npos) << part << "\n" << answer.body;
  }
  EXPECT_EQ(call<routes>("GET /span?first=3&last=x").body.find("after last"), std::string::npos)
      << "only what could be read is validated";
  EXPECT_NE(call<routes>("GET /even?number=3").body.find("must be even"), std::string::npos);
  EXPECT_EQ(call<routes>("GET /even?number=4").body, "4");
}

TEST(extract, a_query_is_text_in_utf8) {
  EXPECT_EQ(call<routes>("GET /page?order=%C3%A9").body, "20 0 \xc3\xa9");
  const auto answer = call<routes>("GET /page?order=%ff&tag=%c0%af&foreign=%ff");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"({"detail":"must be in UTF-8","parameter":"order"})"),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"({"detail":"must be in UTF-8","parameter":"tag"})"),
            std::string::npos);
  EXPECT_EQ(call<routes>("GET /page?order=up&foreign=%ff").status, 200);
  EXPECT_EQ(call<routes>("GET /page?order=100%&tag[]=x").body, "20 0 100%");
}

TEST(extract, json_that_does_not_fit_is_answered_422_with_all_that_is_wrong) {
  const auto wrong_types = call<routes>(post_user(R"({"name":1,"age":"x"})"));
  EXPECT_EQ(wrong_types.status, 422);
  EXPECT_NE(wrong_types.body.find(R"("pointer":"/name")"), std::string::npos) << wrong_types.body;
  EXPECT_NE(wrong_types.body.find(R"("pointer":"/age")"), std::string::npos);
  const auto invalid = call<routes>(post_user(R"({"name":"","age":-1})"));
  EXPECT_EQ(invalid.status, 422);
  EXPECT_NE(invalid.body.find(R"({"detail":"must not be empty","pointer":"/name"})"),
            std::string::npos)
      << invalid.body;
  EXPECT_NE(invalid.body.find("must not be negative"), std::string::npos);
}

TEST(extract, headers_may_be_missing_or_empty) {
  EXPECT_EQ(call<routes>("GET /header").body, "none");
  EXPECT_EQ(call<routes>({.line = "GET /header", .fields = {{"x-tag", "a"}}}).body, "a");
  EXPECT_EQ(call<routes>({.line = "GET /header", .fields = {{"X-Tag", ""}}}).body, "");
}

TEST(extract, bodies_come_whole_or_in_parts) {
  EXPECT_EQ(call<routes>({.line = "POST /body", .body = "bytes"}).body, "bytes");
  EXPECT_EQ(call<routes>({.line = "POST /stream", .body = "abcde", .part_bytes = 2}).body,
            "[ab][cd][e]");
}

TEST(extract, the_deadline_and_the_request_are_given) {
  EXPECT_EQ(call<routes>("GET /deadline").body, "none");
  EXPECT_EQ(call<routes>({.line = "GET /deadline", .deadline = std::chrono::seconds(1)}).body,
            "some");
  EXPECT_EQ(call<routes>("GET /request?x").body, "/request?x");
}

TEST(extract, state_is_found_by_its_type_or_base) {
  static constexpr auto with_state = route_table(
      route<"GET /size">([](const store& s, counter& c) { return s.size() + ++c.hits; }));
  memory_store memory;
  counter hits{.hits = 10};
  EXPECT_EQ(call<with_state>("GET /size", hits, memory).body, "14");
  EXPECT_EQ(hits.hits, 11);
  EXPECT_EQ((detail::find_state<store, counter, memory_store>()), 1);
  EXPECT_EQ((detail::find_state<store, memory_store, store>()), 1);
  EXPECT_EQ((detail::find_state<store, counter>()), -1);
  struct other_store : memory_store {};
  EXPECT_EQ((detail::find_state<store, memory_store, other_store>()), -2);
}

}  // namespace
}  // namespace ferrule
