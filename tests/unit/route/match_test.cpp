#include "ferrule/route/match.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::detail {
namespace {

template <fixed_string... Text>
struct tree_of {
  static constexpr std::array<const pattern*, sizeof...(Text)> patterns{&parsed_pattern<Text>...};
  static constexpr auto tree = build_trie<trie_size(patterns)>(patterns);

  /// The index of the route and its parameters: "1 a b".
  static std::string find(std::string_view path, method verb = method::get) {
    http::path_params params;
    const found_route found = find_route(tree.view(), path, verb, params);
    std::string text = std::to_string(found.route);
    if (found.route < 0) return text;
    for (std::size_t i = 0; i != params.count; ++i) {
      text += " " + std::string(path.substr(params.places[i].begin, params.places[i].bytes));
    }
    return text;
  }
};

TEST(match, takes_back_what_leads_nowhere) {
  using t = tree_of<"GET /a/b/c", "GET /a/{x}/d", "GET /{x}/b/e", "GET /{rest...}">;
  EXPECT_EQ(t::find("/a/b/c"), "0");
  EXPECT_EQ(t::find("/a/b/d"), "1 b");
  EXPECT_EQ(t::find("/a/b/e"), "2 a");
  EXPECT_EQ(t::find("/a/b/f"), "3 a/b/f");
  EXPECT_EQ(t::find("/"), "3 ");
  EXPECT_EQ(t::find("/a/q/d"), "1 q");
}

TEST(match, keeps_the_parameters_of_the_way_it_went) {
  using t = tree_of<"GET /{a}/{b}/{c}/x", "GET /{a}/{rest...}">;
  EXPECT_EQ(t::find("/1/2/3/x"), "0 1 2 3");
  EXPECT_EQ(t::find("/1/2/3/y"), "1 1 2/3/y");
}

TEST(match, tells_empty_segments_apart) {
  using t = tree_of<"GET /", "GET /a", "GET /a/", "GET /a//b", "GET /p/{x}">;
  EXPECT_EQ(t::find("/"), "0");
  EXPECT_EQ(t::find("/a"), "1");
  EXPECT_EQ(t::find("/a/"), "2");
  EXPECT_EQ(t::find("/a//b"), "3");
  EXPECT_EQ(t::find("/p/"), "-1");
  EXPECT_EQ(t::find("/p"), "-1");
  EXPECT_EQ(t::find(""), "-1");
  EXPECT_EQ(t::find("*"), "-1");
  EXPECT_EQ(t::find("a"), "-1");
}

TEST(match, looks_at_raw_text) {
  using t = tree_of<"GET /caf%C3%A9", "GET /x/{x}">;
  EXPECT_EQ(t::find("/caf%C3%A9"), "0");
  EXPECT_EQ(t::find("/caf%c3%a9"), "-1");
  EXPECT_EQ(t::find("/x/a%2Fb"), "1 a%2Fb");
}

TEST(match, visits_no_node_twice_however_deep_the_choices_nest) {
  // Literals and placeholders side by side at eleven depths: 2,048 ways, none of which ends well.
  using t = tree_of<"GET /a/a/a/a/a/a/a/a/a/a/a/z", "GET /{a}/a/{c}/a/{e}/a/{g}/a/{i}/a/{k}/z",
                    "GET /a/{b}/a/{d}/a/{f}/a/{h}/a/{j}/a/y">;
  EXPECT_EQ(t::find("/a/a/a/a/a/a/a/a/a/a/a/x"), "-1");
  EXPECT_EQ(t::find("/a/a/a/a/a/a/a/a/a/a/a/y"), "2 a a a a a");
  EXPECT_EQ(t::find("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/z"), "-1");
}

TEST(match, keeps_many_literals_apart) {
  using t = tree_of<"GET /aa", "GET /ab", "GET /ba", "GET /bb", "GET /a/a", "GET /a/b", "GET /b/a",
                    "GET /b/b", "GET /aaa", "GET /aab", "GET /abb">;
  EXPECT_EQ(t::find("/ab"), "1");
  EXPECT_EQ(t::find("/b/a"), "6");
  EXPECT_EQ(t::find("/b/c"), "-1");
  EXPECT_EQ(t::find("/abb"), "10");
}

TEST(match, finds_the_first_of_two_routes_of_one_shape) {
  constexpr std::array<const pattern*, 4> patterns{
      &parsed_pattern<"GET /a/{x}">, &parsed_pattern<"PUT /a/{y}">, &parsed_pattern<"GET /a/x">,
      &parsed_pattern<"GET /a/{z}">};
  constexpr auto tree = build_trie<trie_size(patterns)>(patterns);
  EXPECT_EQ(tree.duplicate_of, 0);
  EXPECT_EQ(tree.duplicate, 3);
}

TEST(match, lists_what_is_allowed) {
  EXPECT_EQ(allow_field(0).view(), "OPTIONS");
  EXPECT_EQ(allow_field(method_bit(method::get)).view(), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allow_field(0x7f).view(), "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
}

}  // namespace
}  // namespace ferrule::detail
