#include "ferrule/api/docs_page.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ferrule {
namespace {

namespace shop {
struct item {
  std::string name;
  std::vector<std::string> tags;
};
struct item_list {
  std::vector<item> items;
};
struct page {
  std::uint32_t limit = 20;
};
enum class error : std::uint8_t { sold_out };
constexpr problem to_problem(error) noexcept { return {.status = 409, .title = "Sold <out>"}; }

inline constexpr endpoint<"GET /items", item_list(query<page>)> list{};
inline constexpr endpoint<"PUT /items/{id}", item(std::uint64_t, json_body<item>), error> put{};
inline constexpr contract api(list, put);
}  // namespace shop

constexpr openapi_info about{
    .title = "Shop & Co", .version = "1.0\"", .description = "<script>alert('x')</script>"};

std::size_t count(std::string_view text, std::string_view piece) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(piece, at)) != text.npos; ++at) ++found;
  return found;
}

TEST(docs_page, has_every_endpoint_with_a_link_to_it) {
  const std::string page = docs_page(shop::api, about);
  for (const char* name : {"GET /items", "PUT /items/{id}"}) {
    EXPECT_EQ(count(page, "<code>" + std::string(name) + "</code></a>"), 1U) << page;
    EXPECT_EQ(count(page, "<code>" + std::string(name) + "</code></h2>"), 1U) << page;
  }
  EXPECT_EQ(count(page, "href=\"#put/items/{id}\""), 1U);
  EXPECT_EQ(count(page, "id=\"put/items/{id}\""), 1U);
}

TEST(docs_page, has_parameters_bodies_responses_and_types) {
  const std::string page = docs_page(shop::api, about);
  EXPECT_EQ(count(page, "<code>limit</code> (optional)</td><td>query</td>"), 1U) << page;
  EXPECT_EQ(count(page, "<code>id</code></td><td>path</td>"), 1U) << page;
  EXPECT_EQ(count(page, "<h3>Body</h3>"), 1U);
  EXPECT_EQ(count(page, "<td>409</td><td>Sold &lt;out&gt;</td>"), 1U) << page;
  EXPECT_EQ(count(page, "<h3 id=\"type-item_list\">item_list</h3>"), 1U) << page;
  EXPECT_GE(count(page, "<a href=\"#type-item_list\">item_list</a>"), 1U) << page;
}

TEST(docs_page, refers_only_to_what_is_on_it) {
  const std::string page = docs_page(shop::api, about);
  constexpr std::string_view reference = "href=\"#";
  EXPECT_EQ(count(page, "href="), count(page, reference));
  EXPECT_EQ(count(page, "$ref"), 0U) << page;
  for (std::size_t at = 0; (at = page.find(reference, at)) != page.npos;) {
    at += reference.size();
    const std::string name = page.substr(at, page.find('"', at) - at);
    EXPECT_EQ(count(page, "id=\"" + name + "\""), 1U) << name;
  }
}

TEST(docs_page, escapes_its_texts_and_loads_nothing) {
  const std::string page = docs_page(shop::api, about);
  EXPECT_EQ(count(page, "<title>Shop &amp; Co</title>"), 1U) << page;
  EXPECT_EQ(count(page, "1.0&quot;"), 1U);
  EXPECT_EQ(count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), 1U) << page;
  for (const char* foreign : {"<script", "<link", "<img", "src=", "://", "url(", "@import"}) {
    EXPECT_EQ(count(page, foreign), 0U) << foreign;
  }
}

TEST(docs_page, closes_what_it_opens) {
  const std::string page = docs_page(shop::api, about);
  for (const std::string name : {"table", "tr", "code", "pre", "h1", "h2", "h3", "ul", "li", "a"}) {
    const std::size_t opened = count(page, "<" + name + ">") + count(page, "<" + name + " ");
    EXPECT_EQ(opened, count(page, "</" + name + ">")) << name;
    EXPECT_GT(opened, 0U) << name;
  }
}

}  // namespace
}  // namespace ferrule
