// What is not JSON is refused as a whole, with the place, whatever type was asked for.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/json/read.hpp"

namespace json = ferrule::json;

namespace {

/// "message @offset pointer", or "accepted".
std::string fault(std::string_view text, json::read_limits limits = {}) {
  const auto read = json::read<json::raw>(text, limits);
  if (read) return "accepted";
  EXPECT_EQ(read.error().kind, json::error_kind::syntax);
  EXPECT_EQ(read.error().problems.size(), 1U);
  const json::violation& problem = read.error().problems.at(0);
  EXPECT_EQ(problem.kind, json::error_kind::syntax);
  return problem.message + " @" + std::to_string(problem.offset) +
         (problem.pointer.empty() ? "" : " " + problem.pointer);
}

constexpr std::string_view too_early = "the document ends too early";

TEST(json_syntax, accepts_any_document) {
  for (std::string_view text :
       {"null", "true", "false", "0", "-1.5e+3", "\"\"", "[]", "{}", " \t\r\n{ } \n",
        R"({"a":[1,2,{"b":null}],"":{"a":1}})", "1e-999", "\"\\ud83d\\ude00\"", "1e400",
        "[-1.8e308]", "100000000000000000000", "-9223372036854775809", "0e999999999999999999999",
        R"({"a":1e400,"b":[true,12345678901234567890123456789,"x\\\"",{}]})"}) {
    EXPECT_EQ(fault(text), "accepted") << text;
  }
}

TEST(json_syntax, names_the_fault_and_its_place) {
  EXPECT_EQ(fault(""), "the document is empty @0");
  EXPECT_EQ(fault("  \n"), "the document is empty @3");
  EXPECT_EQ(fault("{} x"), "the document goes on after its value @3");
  EXPECT_EQ(fault("1 2"), "the document goes on after its value @2");
  EXPECT_EQ(fault("[1,]"), "a value was expected @3 /1");
  EXPECT_EQ(fault("[1 2]"), "a comma or the end of the array was expected @3");
  EXPECT_EQ(fault("[,1]"), "a value was expected @1 /0");
  EXPECT_EQ(fault("{\"a\" 1}"), "a colon was expected @5 /a");
  EXPECT_EQ(fault("{\"a\":}"), "a value was expected @5 /a");
  EXPECT_EQ(fault("{\"a\":1 \"b\":2}"), "a comma or the end of the object was expected @7");
  EXPECT_EQ(fault("{a:1}"), "a member's name in quotes was expected @1");
  EXPECT_EQ(fault("{\"a\":1,}"), "a member's name in quotes was expected @7");
  EXPECT_EQ(fault("{'a':1}"), "a member's name in quotes was expected @1");
  EXPECT_EQ(fault("tru"), "a value was expected @0");
  EXPECT_EQ(fault("truex"), "the document goes on after its value @4");
  EXPECT_EQ(fault("NaN"), "a value was expected @0");
  EXPECT_EQ(fault("[Infinity]"), "a value was expected @1 /0");
  EXPECT_EQ(fault("[1] // no"), "the document goes on after its value @4");
  EXPECT_EQ(fault("\xEF\xBB\xBF{}"), "a value was expected @0");
  EXPECT_EQ(fault("]"), "a value was expected @0");
  EXPECT_EQ(fault("[1}"), "a comma or the end of the array was expected @2");
  EXPECT_EQ(fault(R"({"a":[{"b":[1,2,x]}]})"), "a value was expected @16 /a/0/b/2");
  EXPECT_EQ(fault(R"({"x/y":{"m~n":!}})"), "a value was expected @14 /x~1y/m~0n");
  // A member is called what its escape sequences stand for.
  EXPECT_EQ(fault(R"({"\u0061\"\\\/\b\f\n\r\t":!})"),
            "a value was expected @26 /a\"\\~1\b\f\n\r\t");
  EXPECT_EQ(fault(R"({"\u00e9\u20AC\ud83d\ude00\u007e":!})"),
            "a value was expected @34 /\u00e9\u20ac\U0001F600~0");
}

TEST(json_syntax, refuses_malformed_numbers) {
  EXPECT_EQ(fault("01"), "the document goes on after its value @1");
  EXPECT_EQ(fault("-"), "a value was expected @0");
  EXPECT_EQ(fault("+1"), "a value was expected @0");
  EXPECT_EQ(fault(".5"), "a value was expected @0");
  EXPECT_EQ(fault("1."), "a digit was expected @2");
  EXPECT_EQ(fault("1e"), "a digit was expected @2");
  EXPECT_EQ(fault("1e+"), "a digit was expected @3");
  EXPECT_EQ(fault("0x10"), "the document goes on after its value @1");
  EXPECT_EQ(fault("[-01]"), "a comma or the end of the array was expected @3");
  EXPECT_EQ(fault("[100000000000000000000,01]"),
            "a comma or the end of the array was expected @24");
  EXPECT_EQ(fault("[100000000000000000000"), std::string(too_early) + " @22");
}

TEST(json_syntax, checks_all_of_a_document_with_numbers_of_any_size) {
  EXPECT_EQ(fault(R"({"a":1e400,"a":1})"), "is named twice @11 /a");
  EXPECT_EQ(fault("[1e400,[[1]]]", {.depth_max = 2}), "is nested too deep @8 /1/0");
  EXPECT_EQ(fault("[1e400,\"\xFF\"]"), "the text is not UTF-8 @8 /1");
  EXPECT_EQ(fault("[1e400] 1e400"), "the document goes on after its value @8");
}

TEST(json_syntax, refuses_malformed_strings) {
  EXPECT_EQ(fault("\"a"), std::string(too_early) + " @2");
  EXPECT_EQ(fault("\"a\nb\""), "a control character must be escaped @2");
  EXPECT_EQ(fault(std::string_view("\"\0\"", 3)), "a control character must be escaped @1");
  EXPECT_EQ(fault(R"("\x")"), "an escape sequence is wrong @1");
  EXPECT_EQ(fault(R"("a\u12G4")"), "an escape sequence is wrong @2");
  EXPECT_EQ(fault(R"("\u12)"), "an escape sequence is wrong @1");
  EXPECT_EQ(fault(R"("\ud800")"), "half of a surrogate pair stands alone @1");
  EXPECT_EQ(fault(R"("\ud800\u0041")"), "half of a surrogate pair stands alone @1");
  EXPECT_EQ(fault(R"("\ud800\n")"), "half of a surrogate pair stands alone @1");
  EXPECT_EQ(fault(R"("\udc00")"), "half of a surrogate pair stands alone @1");
  EXPECT_EQ(fault("\"\xFF\""), "the text is not UTF-8 @1");
  EXPECT_EQ(fault("\"\xC0\xAF\""), "the text is not UTF-8 @1");
  EXPECT_EQ(fault("[\"\xED\xA0\x80\"]"), "the text is not UTF-8 @2 /0");
  EXPECT_EQ(fault("{\"\xE2\x82\":1}"), "the text is not UTF-8 @2");
}

TEST(json_syntax, refuses_a_member_named_twice_at_any_depth) {
  EXPECT_EQ(fault(R"({"a":1,"a":2})"), "is named twice @7 /a");
  EXPECT_EQ(fault(R"({"a":1,"\u0061":2})"), "is named twice @7 /a");
  EXPECT_EQ(fault(R"([{"a":1},{"a":1,"b":{"c":1,"d":2,"c":3}}])"), "is named twice @33 /1/b/c");
  EXPECT_EQ(fault(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "accepted");
  std::string many = "{";
  for (int i = 0; i != 100; ++i) many += "\"k" + std::to_string(i) + "\":[{}],";
  EXPECT_EQ(fault(many + "\"last\":0}"), "accepted");
  EXPECT_EQ(fault(many + "\"k7\":0}"), "is named twice @" + std::to_string(many.size()) + " /k7");
}

TEST(json_syntax, bounds_the_depth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + '1' + std::string(depth, ']');
  };
  EXPECT_EQ(fault(nested(64)), "accepted");
  EXPECT_TRUE(fault(nested(65)).starts_with("is nested too deep @64 /0/0/0"));
  EXPECT_TRUE(fault(nested(1'000'000)).starts_with("is nested too deep @64 /0/0/0"));
  EXPECT_TRUE(fault(std::string(1'000'000, '[')).starts_with("is nested too deep @64 /0/0/0"));
  EXPECT_EQ(fault(nested(1'024), {.depth_max = 2'000}), "accepted");
  EXPECT_TRUE(
      fault(nested(1'025), {.depth_max = 2'000}).starts_with("is nested too deep @1024 /0/0/0"));
  EXPECT_EQ(fault("[[1],[[], {}]]", {.depth_max = 2}), "accepted");
  EXPECT_EQ(fault("[[1],[[0]]]", {.depth_max = 2}), "is nested too deep @6 /1/0");
  EXPECT_EQ(fault(R"({"a":{"b":1}})", {.depth_max = 1}), "is nested too deep @5 /a");
  EXPECT_EQ(fault("{\"a\":1}", {.depth_max = 1}), "accepted");
  EXPECT_EQ(fault("5", {.depth_max = 0}), "accepted");
  EXPECT_EQ(fault("[0]", {.depth_max = 0}), "is nested too deep @0");
}

TEST(json_syntax, refuses_every_truncation) {
  const std::string text =
      R"({"name":"J\u00fcrgen \ud83d\ude00","list":[1,-2.5e3,true,null,{"x":""}],)"
      R"("deep":{"a":[[]]}})";
  ASSERT_EQ(fault(text), "accepted");
  for (std::size_t size = 0; size != text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    const auto read = json::read<json::raw>(cut);
    ASSERT_FALSE(read) << cut;
    EXPECT_NE(read.error().problems[0].message, "is not JSON") << cut;
    EXPECT_LE(read.error().problems[0].offset, size) << cut;
  }
}

TEST(json_syntax, finds_the_place_of_every_single_byte_fault) {
  const std::string text = R"({"a":[1,"\n",{"b":true}],"c":"\u00e9"})";
  for (std::size_t at = 0; at != text.size(); ++at) {
    for (int byte = 0; byte != 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const auto read = json::read<json::raw>(changed);
      if (read) continue;
      // The parser and the search for the place must agree on what is wrong.
      EXPECT_NE(read.error().problems[0].message, "is not JSON") << changed;
    }
  }
}

}  // namespace
