#include "ferrule/api/problem.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace ferrule {
namespace {

std::string text_of(const problem& what, std::string_view trace_id = "") {
  buffer out;
  detail::write_problem(out, what, trace_id);
  return std::string(out.view());
}

TEST(problem, has_the_phrase_of_its_status_unless_it_says_more) {
  EXPECT_EQ(text_of({.status = 404}), R"({"type":"about:blank","title":"Not Found","status":404})");
  EXPECT_EQ(text_of({.status = 404, .title = "No such user"}),
            R"({"type":"about:blank","title":"No such user","status":404})");
}

TEST(problem, renders_all_of_its_members) {
  const problem all{.status = 422,
                    .title = "Wrong",
                    .type = "https://example.com/wrong",
                    .detail = "a \"quote\"",
                    .instance = "/orders/7",
                    .errors = {{"too long", "/name"}, {"must be a number", "", "limit"}}};
  EXPECT_EQ(text_of(all, "0af7"),
            R"({"type":"https://example.com/wrong","title":"Wrong","status":422,)"
            R"("detail":"a \"quote\"","instance":"/orders/7","trace_id":"0af7","errors":[)"
            R"({"detail":"too long","pointer":"/name"},)"
            R"({"detail":"must be a number","parameter":"limit"}]})");
}

struct balance {
  double amount;
};

TEST(problem, has_further_members_that_are_said_of_it) {
  const problem said = problem{.status = 402, .title = "Out of credit"}
                           .with("code", "out_of_credit")
                           .with("left", balance{1.5})
                           .with("of_no_text", balance{NAN})
                           .with("code", 7);  // the last of a name counts
  EXPECT_EQ(text_of(said), R"({"type":"about:blank","title":"Out of credit","status":402,)"
                           R"("code":7,"left":{"amount":1.5},"of_no_text":null})");
  EXPECT_EQ(said.member("code")->text(), "7");
  EXPECT_EQ(said.member("more"), nullptr);
  EXPECT_EQ(said.with("more", true).members.size(), 4U);
  const char whole[2] = {'o', 'k'};  // which nothing ends
  EXPECT_EQ(problem{}.with("code", whole).member("code")->text(), R"("ok")");
  EXPECT_EQ(said.members.size(), 3U);
}

problem with_text_that_goes() {
  const std::string name = "a name that is too long to stand in the string object itself";
  std::string type = "https://example.com/" + name;
  return {.title = name + "!", .type = std::string_view(type)};
}
struct names {
  char first[80] = "an array of which only so much is text";
};
problem with_an_array_that_goes() {
  names all;
  return {.title = all.first};
}
problem with_a_constant_array_that_goes() {
  const names all;
  return {.title = all.first};
}

TEST(problem, keeps_its_text) {
  const problem kept = with_text_that_goes();
  EXPECT_TRUE(kept.title.view().ends_with("itself!"));
  EXPECT_TRUE(kept.type.view().ends_with("itself"));
  EXPECT_EQ(with_an_array_that_goes().title.view(), names().first);
  EXPECT_EQ(with_a_constant_array_that_goes().title.view(), names().first);
  const problem copy = kept;
  const problem moved = problem(copy);
  EXPECT_EQ(copy.title, kept.title);
  EXPECT_EQ(moved.type, kept.type);
}

constexpr problem chosen(bool first) { return {.status = 409, .title = first ? "One" : "Two"}; }
constexpr problem constant{.status = 409, .title = "One"};
static_assert(chosen(true).title == constant.title && chosen(false).title.view() == "Two");

}  // namespace
}  // namespace ferrule
