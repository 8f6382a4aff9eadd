// Header fields, cookies and forms as arguments.

#include <gtest/gtest.h>

#include "ferrule/route/extract.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;
using test::call_answer;
using test::call_request;

enum class level { low, high };
struct login {
  std::string_view name;
  std::optional<std::uint32_t> age;
  std::vector<std::string_view> tag;
  static constexpr json::member_limits json_limits[] = {{.member = "name", .size_min = 1}};
};

struct preferences {
  bool news = false;
  std::optional<bool> spam;
  std::optional<std::uint32_t> age;
  std::uint32_t rows = 20;
  std::optional<level> noise;
  std::optional<std::string_view> note;
  std::uint32_t version;
};

std::string joined(const std::vector<std::string_view>& all) {
  std::string text;
  for (const std::string_view each : all) text.append("[").append(each).append("]");
  return text;
}

constexpr auto named_routes = route_table(
    route<"GET /number">([](header<"X-N", std::uint8_t> n) { return std::to_string(*n); }),
    route<"GET /maybe">([](header<"X-N", std::optional<int>> n) { return n.value_or(-1); }),
    route<"GET /level">([](header<"X-Level", level> l) { return *l; }),
    route<"GET /text">([](header<"X-Text", std::string> t) { return *t; }),
    route<"GET /plain">([](header<"X-Text"> t) { return std::string(t.value_or("none")); }),
    route<"GET /list">(
        [](header<"X-List", std::vector<std::string_view>> l) { return joined(*l); }),
    route<"GET /numbers">([](header<"X-List", std::vector<int>> l) { return *l; }),
    route<"GET /sid">([](cookie<"sid"> sid) { return std::string(sid.value_or("none")); }),
    route<"GET /visits">([](cookie<"visits", std::uint32_t> n) { return *n + 1; }),
    route<"GET /sids">([](cookie<"sid", std::vector<std::string_view>> s) { return joined(*s); }),
    route<"POST /login">([](form<login> f) {
      return std::string(f->name) + ' ' + std::to_string(f->age.value_or(0)) + joined(f->tag);
    }),
    route<"POST /preferences">([](form<preferences> f) { return *f; }),
    route<"GET /preferences">([](query<preferences> q) { return *q; }));

call_answer get(std::string line, std::vector<std::pair<std::string, std::string>> fields) {
  return call<named_routes>({.line = "GET " + line, .fields = std::move(fields)});
}
call_answer post(std::string form, std::string type = "application/x-www-form-urlencoded") {
  return call<named_routes>({.line = "POST /login",
                             .fields = {{"Content-Type", std::move(type)}},
                             .body = std::move(form)});
}
bool says(const call_answer& answer, std::string_view part) {
  return answer.body.find(part) != std::string::npos;
}

TEST(named_text, header_fields_are_typed) {
  EXPECT_EQ(get("/number", {{"x-n", "255"}}).body, "255");
  EXPECT_EQ(get("/level", {{"X-Level", "high"}}).body, R"("high")");
  EXPECT_EQ(get("/text", {{"X-Text", ""}}).status, 200);
  EXPECT_EQ(get("/maybe", {}).body, "-1");
  EXPECT_EQ(get("/maybe", {{"X-N", "7"}}).body, "7");
  const auto wrong = get("/number", {{"X-N", "256"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong, "header field 'X-N' must be an unsigned integer of 8 bits"))
      << wrong.body;
  EXPECT_TRUE(says(wrong, R"("parameter":"X-N")")) << wrong.body;
  EXPECT_EQ(get("/maybe", {{"X-N", ""}}).status, 400);
  EXPECT_TRUE(says(get("/level", {{"X-Level", "mid"}}), "one of low, high"));
}

TEST(named_text, a_header_field_that_has_to_be_there_is_missed) {
  for (const char* line : {"/number", "/level", "/text"}) {
    const auto answer = get(line, {});
    EXPECT_EQ(answer.status, 400) << line;
    EXPECT_TRUE(says(answer, "is missing")) << answer.body;
  }
}

TEST(named_text, a_repeated_header_field_is_refused_unless_it_is_a_list) {
  for (const char* line : {"/number", "/maybe"}) {
    const auto answer = get(line, {{"X-N", "1"}, {"x-n", "1"}});
    EXPECT_EQ(answer.status, 400) << line;
    EXPECT_TRUE(says(answer, "header field 'X-N' is given more than once")) << answer.body;
  }
  EXPECT_EQ(get("/plain", {{"X-Text", "a"}, {"X-Text", "b"}}).status, 400);
  EXPECT_EQ(get("/plain", {{"X-Text", ""}, {"X-Text", ""}}).status, 400);
  EXPECT_EQ(get("/plain", {{"X-Text", "a, b"}}).body, "a, b");
}

TEST(named_text, a_list_has_the_elements_of_all_its_fields) {
  EXPECT_EQ(get("/list", {}).body, "");
  EXPECT_EQ(get("/list", {{"X-List", "a"}}).body, "[a]");
  EXPECT_EQ(get("/list", {{"X-List", " a b ,\t, c"}, {"X-Other", "x"}, {"x-list", "d,"}}).body,
            "[a b][c][d]");
  EXPECT_EQ(get("/list", {{"X-List", R"("a,b", "c\",d", e)"}}).body, R"(["a,b"]["c\",d"][e])");
  EXPECT_EQ(get("/list", {{"X-List", R"("never, ended\)"}}).body, R"(["never, ended\])");
  EXPECT_EQ(get("/numbers", {{"X-List", "1, 2"}, {"X-List", "3"}}).body, "[1,2,3]");
  EXPECT_EQ(get("/numbers", {{"X-List", "1, x"}}).status, 400);
}

TEST(named_text, cookies_are_found_by_name) {
  EXPECT_EQ(get("/sid", {}).body, "none");
  for (const char* field : {"sid=31d4", "a=b; sid=31d4", "sid=31d4; SID=x", R"(sid="31d4")",
                            "sid=31d4;b=\"", "; =x; nothing;sid=31d4", " sid = 31d4 ; x"}) {
    EXPECT_EQ(get("/sid", {{"Cookie", field}}).body, "31d4") << field;
  }
  EXPECT_EQ(get("/sid", {{"Cookie", "a=b"}, {"Cookie", "sid=31d4"}}).body, "31d4");
  EXPECT_EQ(get("/sid", {{"Cookie", "sid="}}).body, "");
  EXPECT_EQ(get("/sid", {{"Cookie", "Sid=x; xsid=y; sidx=z; sid"}}).body, "none");
  EXPECT_EQ(get("/visits", {{"Cookie", "visits=41"}}).body, "42");
}

TEST(named_text, cookies_that_are_missing_repeated_or_no_value_are_refused) {
  const auto missing = get("/visits", {{"Cookie", "a=1"}});
  EXPECT_EQ(missing.status, 400);
  EXPECT_TRUE(says(missing, "cookie 'visits' is missing")) << missing.body;
  EXPECT_TRUE(says(get("/visits", {{"Cookie", "visits=many"}}), "unsigned integer of 32 bits"));
  const auto twice = get("/sid", {{"Cookie", "sid=a; sid=b"}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_TRUE(says(twice, "cookie 'sid' is given more than once")) << twice.body;
  EXPECT_EQ(get("/sid", {{"Cookie", "sid=a"}, {"Cookie", "sid=a"}}).status, 400);
  EXPECT_EQ(get("/sids", {{"Cookie", "sid=a; sid=b"}}).body, "[a][b]");
  for (const char* value : {"a b", "a,b", "a\"b", "a\\b", "\xc3\xa9", "\"a", "a\tb"}) {
    EXPECT_EQ(get("/sid", {{"Cookie", "sid=" + std::string(value)}}).status, 400) << value;
    EXPECT_EQ(get("/sid", {{"Cookie", "sid=a; foreign=" + std::string(value)}}).status, 200);
  }
}

TEST(named_text, a_form_is_read_by_its_members) {
  EXPECT_EQ(post("name=Ada").body, "Ada 0");
  EXPECT_EQ(post("name=Ada+L%C3%A9&age=36&tag=a%26b&tag=c&other=%ff").body,
            "Ada L\xc3\xa9 36[a&b][c]");
  EXPECT_EQ(post("n%61me=Ada").body, "Ada 0");
  EXPECT_EQ(post("name=Ada", "Application/X-WWW-Form-URLencoded ; charset=UTF-8").body, "Ada 0");
}

TEST(named_text, a_form_is_read_as_browsers_send_it) {
  const auto sent = [](std::string fields) {
    return call<named_routes>(
        {.line = "POST /preferences",
         .fields = {{"Content-Type", "application/x-www-form-urlencoded"}},
         .body = std::move(fields)});
  };
  EXPECT_EQ(sent("news=on&spam=on&age=&rows=&noise=&note=&version=1").body,
            R"({"news":true,"spam":true,"rows":20,"note":"","version":1})");
  EXPECT_EQ(sent("age=7&rows=8&noise=high&version=1").body,
            R"({"news":false,"age":7,"rows":8,"noise":"high","version":1})");
  for (const char* wrong : {"version=", "version=1&rows=on", "version=1&age=+", "version=1&news=ON",
                            "version=1&noise=on"}) {
    EXPECT_EQ(sent(wrong).status, 422) << wrong;
  }
  for (const char* wrong : {"news=on", "age=", "rows="}) {  // a query is no form
    EXPECT_EQ(get("/preferences?version=1&" + std::string(wrong), {}).status, 400) << wrong;
  }
}

TEST(named_text, what_is_no_form_is_refused) {
  for (const char* type : {"application/json", "multipart/form-data; boundary=x", "text/plain",
                           "application/x-www-form-urlencodedx"}) {
    EXPECT_EQ(post("name=Ada", type).status, 415) << type;
  }
  EXPECT_EQ(call<named_routes>({.line = "POST /login", .body = "name=Ada"}).status, 415);
  EXPECT_EQ(post("name=a%00").status, 400);
  const auto wrong = post("age=x&name=a&name=b&tag=%ff");
  EXPECT_EQ(wrong.status, 422);
  for (const char* part :
       {R"({"detail":"must be an unsigned integer of 32 bits","parameter":"age"})",
        R"({"detail":"is given twice","parameter":"name"})",
        R"({"detail":"must be in UTF-8","parameter":"tag"})"}) {
    EXPECT_TRUE(says(wrong, part)) << wrong.body;
  }
  EXPECT_TRUE(says(post(""), R"({"detail":"is missing","parameter":"name"})"));
  EXPECT_EQ(post("name=").status, 422) << "json_limits are heeded";
}

TEST(named_text, the_text_of_a_form_takes_no_more_memory_than_the_form) {
  std::string text = "name=a";
  for (int i = 0; i != 20'000; ++i) text += "&x%41=%20";
  for (int i = 0; i != 100; ++i) text += "&tag=%20";
  const auto answer = post(text);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), std::string_view("a 0").size() + 300);
}

}  // namespace
}  // namespace ferrule
