#include "ferrule/route/combine.hpp"

#include <gtest/gtest.h>

#include "ferrule/api/openapi.hpp"
#include "ferrule/route/contract_table.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using test::call;

struct log_of_layers {
  std::string text;
};
template <fixed_string Name>
struct noted {
  void before(log_of_layers& log) const { log.text += Name.view(); }
};
struct closed {
  std::optional<problem> before() const { return problem{.status = 403}; }
};

std::string show(std::uint64_t id) { return "user " + std::to_string(id); }
task<std::string> later(std::string_view name) { co_return "later " + std::string(name); }

constexpr auto users = route_table(
    with(noted<"u">{}), route<"GET /">([] { return "users"; }), route<"GET /{id}">(show),
    route<"DELETE /{id}">([](int) {}, with(closed{}, noted<"x">{})),
    route<"POST /{id}/photo">([](int, body b) { return std::to_string(b.bytes.size()); },
                              with(body_bytes_max<4>)));
constexpr auto pages =
    route_table(with(noted<"p">{}), route<"GET /">([] { return "home"; }),
                route<"GET /files/{path...}">([](std::string_view path) { return path; }));
constexpr auto late = route_table(route<"GET /late/{name}">(later));

constexpr auto all = merge(with(noted<"a">{}), pages, nest<"/v1/users">(users), nest<"/v1">(late));
constexpr auto nested = nest<"/v2">(all);

TEST(combine, routes_are_found_below_their_prefix) {
  log_of_layers log;
  EXPECT_EQ(all.size, 7U);
  EXPECT_EQ(call<all>("GET /", log).body, "home");
  EXPECT_EQ(call<all>("GET /v1/users", log).body, "users");
  EXPECT_EQ(call<all>("GET /v1/users/7", log).body, "user 7");
  EXPECT_EQ(call<all>("GET /v1/late/bird", log).body, "later bird");
  EXPECT_EQ(call<all>("GET /files/a/b", log).body, "a/b");
  EXPECT_EQ(call<all>("GET /v1/users/", log).status, 404);
  EXPECT_EQ(call<all>("GET /users/7", log).status, 404);
  EXPECT_EQ(call<nested>("GET /v2", log).body, "home");
  EXPECT_EQ(call<nested>("GET /v2/v1/users/7", log).body, "user 7");
  EXPECT_EQ(call<nested>("GET /v2/files/a", log).body, "a");
}

TEST(combine, methods_of_one_path_from_several_tables_go_together) {
  static constexpr auto more = merge(users, route_table(route<"PUT /{id}">([](int) {})));
  log_of_layers log;
  EXPECT_EQ(call<more>("PUT /7", log).status, 204);
  EXPECT_EQ(call<more>("PATCH /7", log).field("Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
}

TEST(combine, layers_stay_with_their_routes) {
  const auto layers_of = [](const char* line) {
    log_of_layers log;
    static_cast<void>(call<all>(line, log));
    return log.text;
  };
  EXPECT_EQ(layers_of("GET /"), "ap");
  EXPECT_EQ(layers_of("GET /v1/users"), "au");
  EXPECT_EQ(layers_of("DELETE /v1/users/1"), "au");
  EXPECT_EQ(layers_of("GET /v1/late/x"), "a");
  EXPECT_EQ(layers_of("GET /v1/users/1/2/3"), "a") << "without a route: the outermost table's";
  log_of_layers log;
  EXPECT_EQ(call<all>("DELETE /v1/users/1", log).status, 403);
}

TEST(combine, a_nested_table_keeps_its_layers_as_its_own) {
  static constexpr auto alone = nest<"/v1">(users);
  log_of_layers log;
  EXPECT_EQ(call<alone>("GET /nowhere", log).status, 404);
  EXPECT_EQ(log.text, "u");
}

TEST(combine, limits_stay_with_their_routes) {
  using table = std::remove_const_t<decltype(all)>;
  using photo = detail::entry_at<5, table>;
  static_assert(photo::text.view() == "POST /v1/users/{id}/photo");
  EXPECT_EQ((detail::limits_of<detail::layers_at<all, photo>>.body_bytes_max), 4U);
}

namespace shop {
constexpr endpoint<"GET /articles/{id}", int(int id)> get{};
constexpr endpoint<"GET /", std::string()> home{};
constexpr contract api(get, home);
constexpr endpoint<"GET /health", std::string()> health{};
constexpr contract admin(health);
constexpr contract none;
}  // namespace shop

TEST(combine, the_document_of_contracts_has_the_paths_of_their_tables) {
  constexpr auto api = merge(nest<"/v1">(shop::api), shop::admin, shop::none);
  static_assert(api.size == 3);
  const std::string text(openapi(api, {.title = "Shop", .version = "1"}).text());
  for (const char* path :
       {R"("/v1/articles/{id}":{"get")", R"("/v1":{"get")", R"("/health":{"get")"}) {
    EXPECT_NE(text.find(path), std::string::npos) << path << text;
  }
  EXPECT_EQ(text.find(R"("/articles)"), std::string::npos);
  static constexpr auto routes = merge(
      nest<"/v1">(route_table<shop::api>(on<shop::get>([](int id) { return id; }),
                                         on<shop::home>([] { return "home"; }))),
      route_table<shop::admin>(on<shop::health>([] { return "ok"; })));
  EXPECT_EQ(call<routes>("GET /v1/articles/7").body, "7");
  EXPECT_EQ(call<routes>("GET /v1").body, "home");
  EXPECT_EQ(call<routes>("GET /health").body, "ok");
}

}  // namespace
}  // namespace ferrule
