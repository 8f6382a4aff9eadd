#include "ferrule/route/contract_table.hpp"

#include <gtest/gtest.h>

#include "ferrule/route/layers.hpp"
#include "ferrule/test/call.hpp"

namespace shop {
struct article {
  int id;
  std::string name;
};
struct draft {
  std::string name;
};
enum class error { sold_out };
constexpr ferrule::problem to_problem(error) noexcept {
  return {.status = 409, .title = "Sold out"};
}
enum class other_error { none };
constexpr ferrule::problem to_problem(other_error) noexcept { return {}; }

using namespace ferrule;
constexpr endpoint<"GET /articles/{id}", article(int id), error> get{};
constexpr endpoint<"POST /articles", created<article>(json_body<draft>)> add{};
constexpr endpoint<"DELETE /articles/{id}", void(int id), error> remove{};
constexpr endpoint<"GET /motto", std::string()> motto{};
constexpr contract api(get, add, remove, motto);
}  // namespace shop

namespace ferrule {
namespace {

using namespace detail;
using test::call;

struct stock {
  int left = 1;
};

task<result<shop::article, shop::error>> buy(stock& all, int id) {
  if (all.left == 0) co_return fail(shop::error::sold_out);
  --all.left;
  co_return shop::article{id, "Ring"};
}
created<shop::article> add(const request& r, json_body<shop::draft> said) {
  return {{8, said->name}, std::string(r.path) + "/8"};
}
result<no_content, shop::error> remove(int id) {
  if (id == 0) return fail(shop::error::sold_out);
  return no_content{};
}
struct marked {
  void after(answer& a) const { a.add_field("X-Mark", "yes"); }
};
constexpr auto routes = route_table<shop::api>(
    on<shop::get>(buy), on<shop::motto>([] { return "Rings."; }, with(marked{})),
    route<"GET /health">([] { return "ok"; }), on<shop::add>(add), on<shop::remove>(remove));

constexpr auto marked_routes = route_table<shop::api>(with(marked{}), on<shop::get>(buy),
                                                      on<shop::motto>([] { return "Rings."; }),
                                                      on<shop::add>(add), on<shop::remove>(remove));

TEST(contract_table, answers_each_endpoint_by_its_handler) {
  stock all;
  EXPECT_EQ(call<routes>("GET /articles/7", all).body, R"({"id":7,"name":"Ring"})");
  EXPECT_EQ(call<routes>("GET /articles/7", all).status, 409);
  EXPECT_EQ(call<routes>("DELETE /articles/7", all).status, 204);
  EXPECT_EQ(call<routes>("DELETE /articles/0", all).status, 409);
  const auto made = call<routes>({.line = "POST /articles",
                                  .fields = {{"Content-Type", "application/json"}},
                                  .body = R"({"name":"Pin"})"},
                                 all);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.field("Location"), "/articles/8");
}

TEST(contract_table, holds_other_routes_beside_the_contract) {
  stock all;
  EXPECT_EQ(call<routes>("GET /health", all).body, "ok");
  EXPECT_EQ(call<routes>("PUT /articles/7", all).field("Allow"), "GET, HEAD, DELETE, OPTIONS");
}

TEST(contract_table, takes_layers_for_an_endpoint_and_for_all) {
  stock all;
  EXPECT_EQ(call<routes>("GET /motto", all).field("X-Mark"), "yes");
  EXPECT_EQ(call<routes>("DELETE /articles/7", all).field("X-Mark"), "");
  EXPECT_EQ(call<marked_routes>("DELETE /articles/7", all).field("X-Mark"), "yes");
}

template <class Given, class Endpoint>
constexpr bool fits = gives_result_of<Given, std::remove_const_t<Endpoint>>;

TEST(contract_table, knows_which_results_are_an_endpoints) {
  EXPECT_TRUE((fits<shop::article, decltype(shop::get)>));
  EXPECT_TRUE((fits<result<shop::article, shop::error>, decltype(shop::get)>));
  EXPECT_TRUE((fits<result<void, shop::error>, decltype(shop::remove)>));
  EXPECT_TRUE((fits<no_content, decltype(shop::remove)>));
  EXPECT_TRUE((fits<std::string_view, decltype(shop::motto)>));

  EXPECT_FALSE((fits<shop::draft, decltype(shop::get)>));
  EXPECT_FALSE((fits<response, decltype(shop::get)>));
  EXPECT_FALSE((fits<std::optional<shop::article>, decltype(shop::get)>));
  EXPECT_FALSE((fits<result<shop::article, shop::other_error>, decltype(shop::get)>));
  EXPECT_FALSE((fits<result<created<shop::article>, shop::error>, decltype(shop::add)>));
  EXPECT_FALSE((fits<shop::article, decltype(shop::add)>));
  EXPECT_FALSE((fits<std::string, decltype(shop::remove)>));
}

}  // namespace
}  // namespace ferrule
