#include "ferrule/route/service_routes.hpp"

#include <gtest/gtest.h>

#include "ferrule/route/contract_table.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;

namespace shop {
struct page {
  std::uint32_t after = 0;
  std::uint32_t limit = 20;
};
inline constexpr endpoint<"GET /items", std::string(query<page>)> list{};
inline constexpr endpoint<"DELETE /items/{id}", void(std::uint64_t)> remove{};
inline constexpr contract api(list, remove);
inline constexpr openapi_info about{
    .title = "shop", .version = "1.2.0", .description = "Sells rings."};
}  // namespace shop

struct marked {
  void after(answer& a) const { a.add_field("X-Layer", "seen"); }
};

constexpr auto api_routes = route_table<shop::api>(
    with(marked{}), on<shop::list>([](query<shop::page>) { return "all"; }),
    on<shop::remove>([](std::uint64_t) {}), health_route(), openapi_route<shop::api, shop::about>(),
    docs_route<shop::api, shop::about>());
constexpr auto routes = with_welcome<api_routes, shop::about>();

TEST(service_routes, tell_health) {
  const auto a = call<routes>("GET /health");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.content_type, "application/json");
  EXPECT_EQ(a.body, R"({"status":"ok"})");
}

TEST(service_routes, give_the_document_of_the_contract) {
  const auto a = call<routes>("GET /openapi.json");
  EXPECT_EQ(a.content_type, "application/json");
  EXPECT_EQ(a.body, openapi(shop::api, shop::about).text());
  EXPECT_EQ(call<routes>("GET /openapi.json").body, a.body);
}

namespace errors {
enum class error : std::uint8_t { sold_out };
inline problem to_problem(error) {
  return problem{.status = 409, .title = "Sold out"}.with("code", "sold_out");
}
struct told {
  std::string message;
  std::optional<std::string> code;
};
inline told tell(const problem& what) {
  const json::raw* const code = what.member("code");
  return {std::string(what.title), code ? std::optional(std::string(code->text())) : std::nullopt};
}
inline response tell_page(const problem&) { return {.content_type = "text/html"}; }
inline constexpr endpoint<"POST /items/{id}", void(int), error> buy{};
inline constexpr contract api(buy);
inline constexpr openapi_info about{
    .title = "a", .version = "1", .problems = problems_told_by<tell>};
inline constexpr openapi_info pages{
    .title = "a", .version = "1", .problems = problems_told_by<tell_page>};
}  // namespace errors

TEST(service_routes, describe_errors_as_they_are_told) {
  const std::string text(openapi(errors::api, errors::about).text());
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  EXPECT_TRUE(has(R"("409":{"description":"Sold out","content":{"application/json":{"schema":)"
                  R"({"$ref":"#/components/schemas/told"},"examples":{"sold_out":{"value":)"
                  R"({"message":"Sold out","code":"\"sold_out\""}}}}}})"))
      << text;
  EXPECT_TRUE(has(R"("400":{"description":"Bad Request","content":{"application/json":)")) << text;
  EXPECT_FALSE(has("problem")) << text;
  const std::string page(openapi(errors::api, errors::pages).text());
  EXPECT_NE(page.find(R"("409":{"description":"Sold out","content":{"text/html":{"schema":{}}}})"),
            page.npos)
      << page;
  EXPECT_NE(docs_page(errors::api, errors::about).find("Sold out"), std::string::npos);
}

TEST(service_routes, give_the_page_of_the_contract_that_may_load_nothing) {
  const auto a = call<routes>("GET /docs");
  EXPECT_EQ(a.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(a.body, docs_page(shop::api, shop::about));
  EXPECT_EQ(a.field("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'");
}

TEST(service_routes, welcome_with_all_routes_of_the_table) {
  const auto a = call<routes>("GET /");
  EXPECT_EQ(a.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(a.body,
            "Sells rings.\n\n"
            "GET    /items?after&limit\n"
            "DELETE /items/{id}\n"
            "GET    /health\n"
            "GET    /openapi.json\n"
            "GET    /docs\n");
}

TEST(service_routes, welcome_leaves_the_table_as_it_was) {
  EXPECT_EQ(call<routes>("GET /items").body, "all");
  EXPECT_EQ(call<routes>("DELETE /items/7").status, 204);
  for (const char* line : {"GET /items", "GET /"}) {
    EXPECT_EQ(call<routes>(line).field("X-Layer"), "seen") << line;
  }
  EXPECT_EQ(call<api_routes>("GET /").status, 404);
}

constexpr auto elsewhere = route_table(health_route<"GET /livez">());

TEST(service_routes, stand_where_they_are_wanted) {
  EXPECT_EQ(call<elsewhere>("GET /livez").status, 200);
  EXPECT_EQ(call<elsewhere>("GET /health").status, 404);
}

}  // namespace
}  // namespace ferrule
