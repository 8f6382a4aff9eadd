#include <gtest/gtest.h>

#include <functional>

#include "ferrule/io/sync_wait.hpp"
#include "ferrule/test/call.hpp"
#include "ferrule/test/mock.hpp"
#include "orders/app.hpp"

namespace {

using ferrule::test::call;
using ferrule::test::call_answer;

/// The users 1 and 2 are known.
class orders_service : public testing::Test {
 protected:
  orders_service() { answer_users(); }
  void answer_users() {
    users_.on(users::get_user,
              [this](std::uint64_t id) -> ferrule::result<users::user, users::error> {
                if (meanwhile_) std::exchange(meanwhile_, nullptr)();
                if (id > 2) return ferrule::fail(users::error::not_found);
                return users::user{id, "Ada", "ada@example.com"};
              });
  }
  call_answer ask(std::string line) {
    return call<orders::routes>({.line = std::move(line)}, all_, client_);
  }
  call_answer order(std::string body, const std::string& key = "") {
    std::vector<std::pair<std::string, std::string>> fields{{"Content-Type", "application/json"}};
    if (!key.empty()) fields.emplace_back("Idempotency-Key", key);
    return call<orders::routes>(
        {.line = "POST /orders", .fields = std::move(fields), .body = std::move(body)}, all_,
        client_);
  }

  const std::unique_ptr<orders::store> opened_ = orders::store::open(":memory:").value();
  orders::store& all_ = *opened_;
  ferrule::test::mock<users::api> users_;
  orders::users_client client_{users_};
  std::function<void()> meanwhile_;  // called once while users is being asked
};

constexpr const char* two_of_p1 = R"({"user_id":1,"product_id":"p-1","quantity":2})";
constexpr const char* two_of_p1_spelled_otherwise =
    R"({ "quantity": 2, "product_id": "p\u002d1", "user_id": 1 })";
constexpr const char* two_of_p2 = R"({"user_id":1,"product_id":"p-2","quantity":2})";

TEST_F(orders_service, says_of_every_request_that_the_store_is_busy) {
  for (const char* const line : {"GET /orders?user_id=1", "GET /orders/1"}) {
    const call_answer a = call<orders::routes>(
        {.line = line, .deadline = std::chrono::nanoseconds(0)}, all_, client_);
    EXPECT_EQ(a.status, 503) << line << a.body;
    EXPECT_EQ(a.field("Retry-After"), "1") << line;
  }
}

TEST_F(orders_service, makes_an_order_and_says_where) {
  const call_answer a = order(two_of_p1);
  EXPECT_EQ(a.status, 201);
  EXPECT_EQ(a.field("Location"), "/orders/1");
  EXPECT_EQ(a.body, R"({"id":1,"user_id":1,"product_id":"p-1","quantity":2})");
  EXPECT_EQ(ask("GET /orders/1").body, a.body);
  EXPECT_EQ(order(two_of_p1).field("Location"), "/orders/2");
}

TEST_F(orders_service, knows_only_its_orders) {
  for (const char* id : {"1", "0", "9223372036854775807", "18446744073709551615"}) {
    EXPECT_EQ(ask(std::string("GET /orders/") + id).status, 404) << id;
  }
  EXPECT_EQ(ask("GET /orders/x").status, 400);
}

TEST_F(orders_service, refuses_an_unknown_user) {
  const call_answer a = order(R"({"user_id":3,"product_id":"p-1","quantity":2})");
  EXPECT_EQ(a.status, 422);
  EXPECT_NE(a.body.find(R"("title":"No such user")"), a.body.npos) << a.body;
  EXPECT_EQ(ask("GET /orders/1").status, 404);
}

TEST_F(orders_service, lists_all_that_is_wrong_with_an_order) {
  const call_answer a = order(R"({"user_id":0,"product_id":"","quantity":0})");
  EXPECT_EQ(a.status, 422);
  for (const char* place : {"/user_id", "/product_id", "/quantity"}) {
    EXPECT_NE(a.body.find(fmt::format(R"("pointer":"{}")", place)), a.body.npos) << a.body;
  }
  EXPECT_EQ(order(R"({"user_id":1,"product_id":"p","quantity":1001})").status, 422);
  EXPECT_EQ(
      order(fmt::format(R"({{"user_id":1,"product_id":"{}","quantity":1}})", std::string(65, 'p')))
          .status,
      422);
  EXPECT_EQ(order(R"({"user_id":-1,"product_id":"p","quantity":1})").status, 422);
  EXPECT_EQ(order(R"({"user_id":)").status, 400);
  EXPECT_EQ(users_.count(users::get_user), 0U);
}

TEST_F(orders_service, answers_a_repeated_key_alike_and_once) {
  const call_answer a = order(two_of_p1, "k");
  for (const char* body : {two_of_p1, two_of_p1_spelled_otherwise}) {
    const call_answer again = order(body, "k");
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, a.body);
    EXPECT_EQ(again.field("Location"), "/orders/1");
  }
  EXPECT_EQ(users_.count(users::get_user), 1U);
  EXPECT_EQ(order(two_of_p1, "another").field("Location"), "/orders/2");
}

TEST_F(orders_service, refuses_several_keys) {
  const call_answer a =
      call<orders::routes>({.line = "POST /orders",
                            .fields = {{"Content-Type", "application/json"},
                                       {"Idempotency-Key", "k"},
                                       {"idempotency-key", "l"}},
                            .body = two_of_p1},
                           all_, client_);
  EXPECT_EQ(a.status, 400) << a.body;
  EXPECT_EQ(ask("GET /orders/1").status, 404);
}

TEST_F(orders_service, refuses_another_order_under_a_key) {
  order(two_of_p1, "k");
  const call_answer a = order(two_of_p2, "k");
  EXPECT_EQ(a.status, 422);
  EXPECT_NE(a.body.find("belongs to another order"), a.body.npos) << a.body;
  EXPECT_EQ(ask("GET /orders/2").status, 404);
}

TEST_F(orders_service, refuses_a_key_that_is_being_used) {
  int concurrent = 0;
  meanwhile_ = [&] {
    concurrent = order(two_of_p1, "k").status;
    EXPECT_EQ(order(two_of_p1, "other").status, 201);
  };
  EXPECT_EQ(order(two_of_p1, "k").status, 201);
  EXPECT_EQ(concurrent, 409);
  EXPECT_EQ(order(two_of_p1, "k").status, 201);
}

TEST_F(orders_service, remembers_only_orders_that_were_made) {
  users_.fail(users::get_user, {.fault = ferrule::call_fault::circuit_open});
  EXPECT_EQ(order(two_of_p1, "k").status, 503);
  answer_users();
  EXPECT_EQ(order(R"({"user_id":3,"product_id":"p-1","quantity":2})", "k").status, 422);
  EXPECT_EQ(order(two_of_p1, "k").status, 201);
}

TEST_F(orders_service, refuses_keys_beyond_its_limit) {
  EXPECT_EQ(order(two_of_p1, std::string(128, 'k')).status, 201);
  EXPECT_EQ(order(two_of_p1, std::string(129, 'k')).status, 400);
}

TEST_F(orders_service, says_when_to_come_back_if_users_does_not_answer) {
  for (const auto fault : {ferrule::call_fault::circuit_open, ferrule::call_fault::timeout,
                           ferrule::call_fault::transport, ferrule::call_fault::undeclared}) {
    users_.fail(users::get_user, {.fault = fault});
    const call_answer a = order(two_of_p1);
    EXPECT_EQ(a.status, 503);
    EXPECT_EQ(a.field("Retry-After"), "2");
    EXPECT_NE(a.body.find("The users service does not answer"), a.body.npos) << a.body;
  }
}

TEST_F(orders_service, lists_the_orders_of_a_user_page_by_page) {
  for (int i = 0; i != 5; ++i) {
    order(fmt::format(R"({{"user_id":{},"product_id":"p-{}","quantity":1}})", 1 + i % 2, i));
  }
  const auto ids = [&](const char* query) {
    std::string text;
    const call_answer a = ask(std::string("GET /orders?") + query);
    EXPECT_EQ(a.status, 200) << a.body;
    for (std::size_t at = 0; (at = a.body.find(R"("id":)", at)) != a.body.npos; at += 5) {
      text += a.body[at + 5];
    }
    if (const auto at = a.body.find("next_after"); at != a.body.npos) {
      text += fmt::format("->{}", a.body[at + 12]);
    }
    return text;
  };
  EXPECT_EQ(ids("user_id=1"), "135");
  EXPECT_EQ(ids("user_id=2&limit=1"), "2->2");
  EXPECT_EQ(ids("user_id=1&limit=2&after=1"), "35");
  EXPECT_EQ(ids("user_id=3"), "");
  EXPECT_EQ(ids("user_id=18446744073709551615"), "");
  EXPECT_EQ(ask("GET /orders").status, 400);
  EXPECT_EQ(ask("GET /orders?user_id=1&limit=0").status, 400);
  EXPECT_EQ(ask("GET /orders?user_id=1&limit=101").status, 400);
}

TEST_F(orders_service, describes_itself) {
  EXPECT_NE(ask("GET /").body.find("The orders service."), std::string::npos);
  EXPECT_EQ(ask("GET /health").body, R"({"status":"ok"})");
  EXPECT_EQ(ask("GET /resilience").body, R"({"users":[null]})") << "a stand-in knows nothing of it";
  for (const char* route : {"GET /", "GET /openapi.json", "GET /docs"}) {
    EXPECT_NE(ask(route).body.find("/orders/{id}"), std::string::npos) << route;
  }
}

TEST(orders_store, forgets_keys_after_a_day) {
  using std::chrono::hours;
  ferrule::reactor loop(ferrule::io::make_backend({}).io, 1);
  const auto opened = orders::store::open(":memory:").value();
  orders::store& all = *opened;
  const ferrule::wall_time start{hours(24 * 365)};
  const orders::new_order said{.user_id = 1, .product_id = "p", .quantity = 1};
  const auto id_made_at = [&](hours since) {
    auto made = all.add(said, "k", start + since);
    return ferrule::sync_wait(loop, std::move(made)).value().value().id;
  };
  const auto is_known_at = [&](hours since) {
    auto found = all.find_by_key("k", start + since);
    return ferrule::sync_wait(loop, std::move(found)).value().has_value();
  };
  EXPECT_EQ(id_made_at(hours(0)), 1U);
  EXPECT_TRUE(is_known_at(hours(24)));
  EXPECT_EQ(id_made_at(hours(23)), 1U);
  EXPECT_FALSE(is_known_at(hours(25)));
  EXPECT_EQ(id_made_at(hours(25)), 2U);
  EXPECT_TRUE(is_known_at(hours(49)));
}

// A key goes with a write that finds it too old; until then there may be many, for which nobody has
// to wait.
TEST(orders_store, takes_a_key_again_that_is_too_old_and_still_there) {
  using std::chrono::hours;
  ferrule::reactor loop(ferrule::io::make_backend({}).io, 1);
  const auto opened = orders::store::open(":memory:").value();
  const orders::new_order said{.user_id = 1, .product_id = "p", .quantity = 1};
  const auto add = [&](int key, hours since) {
    auto made = opened->add(said, fmt::format("{}", key), ferrule::wall_time{since});
    return ferrule::sync_wait(loop, std::move(made)).value().value().id;
  };
  std::uint64_t last = 0;
  for (int key = 0; key != 300; ++key) EXPECT_EQ(add(key, hours(1000)), ++last);
  for (const int key : {299, 0, 150}) {
    const auto id = add(key, hours(2000));
    EXPECT_EQ(id, ++last);
    EXPECT_EQ(add(key, hours(2001)), id);
  }
}

TEST(orders_options, name_where_users_are) {
  orders::settings said;
  EXPECT_EQ(said.users_or_default()[0].text(), "http://127.0.0.1:8001");
  EXPECT_EQ(orders::add_users(&said, "http://a:1"), "");
  EXPECT_EQ(orders::add_users(&said, "http://b:2/"), "");
  EXPECT_EQ(orders::add_users(&said, "http://c:3,http://d:4"), "");
  EXPECT_EQ(said.users_or_default().size(), 4U);
  EXPECT_EQ(said.users_or_default()[3].text(), "http://d:4");
  for (const char* url : {"", "b:2", "https://b", "http://b/users", "ftp://b", "http://b,", ","}) {
    EXPECT_NE(orders::add_users(&said, url), "") << url;
  }
}

}  // namespace
