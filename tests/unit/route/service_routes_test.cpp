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
