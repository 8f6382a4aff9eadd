// Values within limits, members with names of their own, and patches as arguments.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "ferrule/api/encode.hpp"
#include "ferrule/json/limited.hpp"
#include "ferrule/json/patch.hpp"
#include "ferrule/route/extract.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;

using rank = bounded<std::uint32_t, 1, 100>;
using code = matching<"[A-Z]{2}">;

struct page {
  rank limit = 20;
  bounded<int, -5, 5> offset;  // has to be there
  std::optional<bounded_text<1, 3>> filter_name;
  std::vector<code> codes;
  static constexpr json::renamed json_names[] = {
      {.member = "filter_name", .name = "filter[name]"}};
};
struct note {
  std::string text;
  std::optional<std::string> author;
};

constexpr auto routes = route_table(
    route<"GET /ranks/{n}">([](rank n) { return n * 2; }),
    route<"GET /codes/{code}">([](const code& c) { return c; }),
    route<"GET /pages">([](query<page> p) {
      return std::to_string(p->limit) + ' ' + std::to_string(p->offset) + ' ' +
             std::string(p->filter_name ? **p->filter_name : "none") + ' ' +
             std::to_string(p->codes.size());
    }),
    route<"GET /header">([](header<"X-N", rank> n, cookie<"c", std::optional<code>> c) {
      return std::to_string(*n) + std::string(c ? **c : "none");
    }),
    route<"PATCH /notes">([](json_body<patch<note>> sent) -> result<note, json::read_error> {
      return sent->merged({"text", "Ada"});
    }));

test::call_answer get(std::string target) { return call<routes>({.line = "GET " + target}); }
bool says(const test::call_answer& answer, std::string_view part) {
  return answer.body.find(part) != std::string::npos;
}

TEST(extract_limited, values_come_within_their_limits) {
  EXPECT_EQ(get("/ranks/100").body, "200");
  EXPECT_EQ(get("/codes/AB").body, "AB");
  for (const char* target : {"/ranks/0", "/ranks/101", "/ranks/x"}) {
    EXPECT_EQ(get(target).status, 400) << target;
    EXPECT_TRUE(says(get(target), "must be an unsigned integer from 1 to 100")) << target;
  }
  EXPECT_TRUE(says(get("/codes/ab"), "must be text that matches [A-Z]{2}"));
}

TEST(extract_limited, queries_and_header_fields_hold_them) {
  EXPECT_EQ(get("/pages?offset=5&codes=AB&codes=CD&filter%5Bname%5D=abc").body, "20 5 abc 2");
  EXPECT_TRUE(says(get("/pages?limit=1"), R"({"detail":"is missing","parameter":"offset"})"));
  const auto wrong = get("/pages?offset=6&limit=0&codes=a&filter[name]=abcd");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong, R"({"detail":"must be an integer from -5 to 5","parameter":"offset"})"));
  EXPECT_TRUE(says(wrong, R"({"detail":"must be text of 1 to 3 characters",)"
                          R"("parameter":"filter[name]"})"));
  const test::call_request sent{.line = "GET /header",
                                .fields = {{"X-N", "7"}, {"Cookie", "c=AB"}}};
  EXPECT_EQ(call<routes>(sent).body, "7AB");
  EXPECT_EQ(call<routes>({.line = "GET /header", .fields = {{"X-N", "0"}}}).status, 400);
}

TEST(extract_limited, clients_send_them_under_their_names) {
  page asked;
  asked.offset = 3;
  asked.filter_name = bounded_text<1, 3>::from("a&b");
  std::string query;
  append_query(query, asked);
  EXPECT_EQ(query, "?limit=20&offset=3&filter%5Bname%5D=a%26b");
  EXPECT_EQ(get("/pages" + query).body, "20 3 a&b 0");
}

TEST(extract_limited, patches_are_bodies) {
  const auto send = [](std::string text) {
    return call<routes>({.line = "PATCH /notes",
                         .fields = {{"Content-Type", "application/merge-patch+json"}},
                         .body = std::move(text)});
  };
  EXPECT_EQ(send("{}").body, R"({"text":"text","author":"Ada"})");
  EXPECT_EQ(send(R"({"author":null})").body, R"({"text":"text"})");
  EXPECT_EQ(send(R"({"text":null})").status, 422);
  EXPECT_TRUE(says(send(R"({"text":null})"), R"("pointer":"/text")"));
}

}  // namespace
}  // namespace ferrule
