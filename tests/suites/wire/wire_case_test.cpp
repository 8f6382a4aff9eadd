#include "wire_case.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ferrule::wire {
namespace {

wire_case only(std::string_view text) {
  std::vector<wire_case> cases = read_cases(text);
  EXPECT_EQ(cases.size(), 1U);
  return cases.at(0);
}

TEST(wire_case, is_read) {
  const wire_case read = only(
      "# remark\n\n[a name] 9112 3\n> ab\\r\\n\n> \\x00\\0\\\\c \n< 100?\n< 200 HEAD\n"
      "<: Allow: GET, PUT\n<! X\n> d\n< 404 x2\n<= e f\\n\n= closed\n");
  EXPECT_EQ(read.name, "a name");
  EXPECT_EQ(read.section, "9112 3");
  EXPECT_EQ(read.line, 3);
  ASSERT_EQ(read.steps.size(), 2U);
  EXPECT_EQ(read.steps[0].bytes, std::string("ab\r\n\0\0\\c ", 9));
  EXPECT_EQ(read.steps[0].cuts, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  ASSERT_EQ(read.steps[0].answers.size(), 2U);
  EXPECT_TRUE(read.steps[0].answers[0].optional);
  const expected_answer& head = read.steps[0].answers[1];
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.to_head);
  ASSERT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.fields[0].first, "Allow");
  EXPECT_EQ(head.fields[0].second, "GET, PUT");
  EXPECT_EQ(head.absent, std::vector<std::string>{"X"});
  EXPECT_FALSE(head.body);
  EXPECT_EQ(read.steps[1].bytes, "d");
  ASSERT_EQ(read.steps[1].answers.size(), 2U);
  EXPECT_EQ(read.steps[1].answers[1].body, "e f\n");
  EXPECT_EQ(read.end, fate::closed);
}

TEST(wire_case, alternatives_are_cases_of_their_own) {
  const auto cases = read_cases("[n] s\n> {each |ab|\\x01..\\x03|..}{each 1|2}\n< 200\n= open\n");
  std::vector<std::string> sent;
  for (const wire_case& each : cases) sent.push_back(each.steps.at(0).bytes);
  EXPECT_EQ(sent, (std::vector<std::string>{"1", "2", "ab1", "ab2", "\0011", "\0012", "\0021",
                                            "\0022", "\0031", "\0032", "..1", "..2"}));
  EXPECT_EQ(cases.at(6).name, "n <\\x02> <1>");
  EXPECT_EQ(cases.at(3).differs_at, 2U);
  EXPECT_EQ(cases.at(6).differs_at, 0U);
  EXPECT_FALSE(cases.at(4).within_range);
  EXPECT_TRUE(cases.at(6).within_range);
  EXPECT_FALSE(cases.at(8).within_range);
}

TEST(wire_case, repetitions_are_split_at_their_ends) {
  const wire_case read = only("[n] s\n> a{100*bc}d{3*e}\n< 200\n= open\n");
  EXPECT_EQ(read.steps.at(0).bytes.size(), 205U);
  EXPECT_EQ(read.steps.at(0).bytes.substr(197), "bcbcdeee");
  EXPECT_EQ(read.steps.at(0).cuts, (std::vector<std::size_t>{1, 2, 200, 201, 202, 203, 204, 205}));
}

TEST(wire_case, refuses_what_is_none) {
  for (const char* text :
       {"> a\n", "[n]\n> a\n= open\n", "[n] s\n> a\n", "[n] s\n> a\n[m] s\n> a\n= open\n",
        "[n] s\n> a\n= gone\n", "[n] s\n< 200\n= open\n", "[n] s\n> \\q\n= open\n",
        "[n] s\n> \\x0\n= open\n", "[n] s\n> {a}\n= open\n", "[n] s\n> {x*a}\n= open\n",
        "[n] s\n> {each a\n= open\n", "[n] s\n> a\n< 2\n= open\n",
        "[n] s\n> a\n< 200 BODY\n= open\n", "[n] s\n> a\n<: Allow: x\n= open\n",
        "[n] s\n> a\n< 200\n<: Allow\n= open\n", "[n] s\n> a\n? 200\n= open\n",
        "[n] s\n= open\n"}) {
    EXPECT_THROW(read_cases(text), std::runtime_error) << text;
  }
}

TEST(printable, shows_every_byte) {
  EXPECT_EQ(printable(std::string_view("a\r\n\0\x7f\xff", 6)), "a\\r\\n\\x00\\x7f\\xff");
}

}  // namespace
}  // namespace ferrule::wire
