// What layers give, and handlers, hooks and extractors take by its type.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "ferrule/core/sleep.hpp"
#include "ferrule/http/refusal.hpp"
#include "ferrule/route/combine.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::call;

struct principal {
  std::string name;
  bool is_admin = false;
};
struct tenant {
  int number;
};
struct trail {
  std::string text;
};
enum class login_error : std::uint8_t { missing };
constexpr problem to_problem(login_error) noexcept { return {.status = 401, .title = "Log in"}; }

struct counter {
  int asked = 0;
};

struct logged_in {
  result<principal, login_error> before(const request& r, counter& c) const {
    ++c.asked;
    const std::string_view name = r.header("X-User");
    if (name.empty()) return fail(login_error::missing);
    return principal{std::string(name), name == "root"};
  }
};
struct logged_in_later {
  task<result<principal, login_error>> before(const request& r) const {
    const std::string name(r.header("X-User"));
    co_await sleep(1ms);
    if (name.empty()) co_return fail(login_error::missing);
    co_return principal{name};
  }
};
struct admins_only {
  std::optional<problem> before(const principal& p) const {
    if (p.is_admin) return std::nullopt;
    return problem{.status = 403};
  }
};
struct of_path {
  std::tuple<tenant, trail> before(const request& r) const {
    return {tenant{7}, trail{std::string(r.path)}};
  }
  void after(answer& a) const { a.add_field("X-Tenant", "7"); }
};
struct signs {
  void after(const principal& p, answer& a) const { a.add_field("X-User", p.name); }
};
}  // namespace

namespace {
struct greeting {
  std::string text;
};
}  // namespace
}  // namespace ferrule
template <>
struct ferrule::extractor<ferrule::greeting> {
  static greeting extract(const principal& p) { return {"Dear " + p.name}; }
};
namespace ferrule {
namespace {

std::string name_of(const principal& p) { return p.name; }
task<std::string> name_later(const principal& p) {
  co_await sleep(1ms);
  co_return p.name;
}
response_stream names(const principal& p) {
  co_yield p.name;
  co_await sleep(1ms);
  co_yield p.name;
}
constexpr auto routes = route_table(
    route<"GET /me">(name_of, with(logged_in{})),
    route<"GET /later">(name_later, with(logged_in{})),
    route<"GET /stream">(names, with(logged_in{})),
    route<"GET /slow">(name_of, with(logged_in_later{}, signs{})),
    route<"GET /admin">(name_of, with(logged_in{}, admins_only{}, signs{})),
    route<"GET /dear">([](greeting g) { return g.text; }, with(logged_in{})),
    route<"GET /both/{n}">(
        [](int n, const tenant& t, trail& kept, const principal& p, counter& c) {
          kept.text += "!";
          return std::to_string(n + t.number + c.asked) + kept.text + p.name;
        },
        with(logged_in{}, of_path{})));

test::call_request as(std::string line, std::string user) {
  return {.line = std::move(line), .fields = {{"X-User", std::move(user)}}};
}

TEST(layers_give, values_that_handlers_take) {
  counter c;
  EXPECT_EQ(call<routes>(as("GET /me", "Ada"), c).body, "Ada");
  EXPECT_EQ(call<routes>(as("GET /later", "Ada"), c).body, "Ada");
  EXPECT_EQ(call<routes>(as("GET /stream", "Ada"), c).body, "AdaAda");
  EXPECT_EQ(call<routes>(as("GET /slow", "Ada"), c).body, "Ada");
  EXPECT_EQ(call<routes>(as("GET /dear", "Ada"), c).body, "Dear Ada");
  EXPECT_EQ(c.asked, 4);
}

TEST(layers_give, or_answer) {
  counter c;
  for (const char* const line : {"GET /me", "GET /later", "GET /stream", "GET /slow"}) {
    EXPECT_EQ(call<routes>(line, c).status, 401) << line;
  }
}

TEST(layers_give, hooks_of_layers_inside) {
  counter c;
  EXPECT_EQ(call<routes>(as("GET /admin", "Ada"), c).status, 403);
  const auto answer = call<routes>(as("GET /admin", "root"), c);
  EXPECT_EQ(answer.body, "root");
  EXPECT_EQ(answer.field("X-User"), "root");
  EXPECT_EQ(call<routes>(as("GET /slow", "Ada"), c).field("X-User"), "Ada");
}

TEST(layers_give, several_things_beside_state) {
  counter c;
  const auto answer = call<routes>(as("GET /both/1", "Ada"), c);
  EXPECT_EQ(answer.body, "9/both/1!Ada");
  EXPECT_EQ(answer.field("X-Tenant"), "7");
}

// A server that answers by itself calls what does not wait, and so has nothing from what does.

constexpr auto bodies = route_table(
    with(body_bytes_max<4>),
    route<"POST /now">([](body, const principal&) {}, with(logged_in{}, signs{})),
    route<"POST /slow">([](body, const principal&) {}, with(logged_in_later{}, admins_only{},
                                                            signs{}, of_path{})));

struct told {
  int status = 0;
  std::string user;
  std::string tenant;
};
told refuse(const char* path, const char* user, counter& c) {
  const auto answer = call<bodies>(
      {.line = std::string("POST ") + path, .fields = {{"X-User", user}}, .body = "large"}, c);
  return {answer.status, std::string(answer.field("X-User")),
          std::string(answer.field("X-Tenant"))};
}

TEST(layers_give, nothing_to_those_inside_when_they_are_not_called) {
  counter c;
  const told now = refuse("/now", "Ada", c);
  EXPECT_EQ(now.status, 413);
  EXPECT_EQ(now.user, "Ada");
  EXPECT_EQ(refuse("/now", "", c).status, 401);
  const told slow = refuse("/slow", "Ada", c);
  EXPECT_EQ(slow.status, 413);
  EXPECT_EQ(slow.user, "");
  EXPECT_EQ(slow.tenant, "7");
}

constexpr auto inner = route_table(with(admins_only{}), route<"GET /">(name_of));
constexpr auto joined = merge(with(logged_in{}), nest<"/admin">(inner),
                              route_table(route<"GET /me">(name_of)));

TEST(layers_give, what_routes_of_joined_tables_take) {
  counter c;
  EXPECT_EQ(call<joined>(as("GET /admin", "root"), c).body, "root");
  EXPECT_EQ(call<joined>(as("GET /admin", "Ada"), c).status, 403);
  EXPECT_EQ(call<joined>(as("GET /me", "Ada"), c).body, "Ada");
  EXPECT_EQ(call<joined>("GET /nowhere", c).status, 401);
}

}  // namespace
}  // namespace ferrule
