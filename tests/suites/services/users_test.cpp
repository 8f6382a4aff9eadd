#include <gtest/gtest.h>
#include <simdjson.h>

#include <atomic>
#include <thread>

#include "ferrule/test/call.hpp"
#include "users/app.hpp"

namespace {

using ferrule::test::call;
using ferrule::test::call_answer;

class users_service : public testing::Test {
 protected:
  call_answer ask(std::string line) { return ask({.line = std::move(line)}); }
  call_answer ask(const ferrule::test::call_request& r) { return call<users::routes>(r, all_); }
  call_answer send(std::string line, std::string body,
                   const std::string& type = "application/json") {
    return ask(
        {.line = std::move(line), .fields = {{"Content-Type", type}}, .body = std::move(body)});
  }
  /// Adds users with the ids from 1 to `count`.
  void add(int count) {
    for (int i = 1; i <= count; ++i) {
      send("POST /users", fmt::format(R"({{"name":"User {}","email":"u{}@example.com"}})", i, i));
    }
  }

 private:
  const std::unique_ptr<users::store> opened_ = users::store::open(":memory:", 100'000).value();
  users::store& all_ = *opened_;
};

constexpr const char* ada = R"({"name":"Ada","email":"ada@example.com"})";

/// A problem without its trace id.
std::string problem_of(const call_answer& a) {
  EXPECT_EQ(a.content_type, "application/problem+json");
  std::string text = a.body;
  if (const auto at = text.find(R"(,"trace_id":)"); at != text.npos) {
    text.erase(at, std::string_view(R"(,"trace_id":"0123456789abcdef0123456789abcdef")").size());
  }
  return text;
}

TEST_F(users_service, adds_a_user_and_says_where) {
  const call_answer a = send("POST /users", ada);
  EXPECT_EQ(a.status, 201);
  EXPECT_EQ(a.field("Location"), "/users/1");
  EXPECT_EQ(a.body, R"({"id":1,"name":"Ada","email":"ada@example.com"})");
  EXPECT_EQ(ask(std::string("GET ") + std::string(a.field("Location"))).body, a.body);
}

TEST_F(users_service, refuses_an_address_that_is_taken_in_any_case) {
  send("POST /users", ada);
  const call_answer a = send("POST /users", R"({"name":"Bob","email":"ADA@Example.com"})");
  EXPECT_EQ(a.status, 409);
  EXPECT_EQ(problem_of(a), R"({"type":"about:blank","title":"E-mail address taken","status":409})");
  EXPECT_EQ(ask("GET /users/2").status, 404);
}

TEST_F(users_service, gives_no_id_for_a_refused_user) {
  send("POST /users", ada);
  send("POST /users", ada);
  EXPECT_EQ(send("POST /users", R"({"name":"B","email":"b@example.com"})").field("Location"),
            "/users/2");
}

TEST_F(users_service, lists_all_that_is_wrong_with_a_user) {
  const call_answer a = send("POST /users", R"({"name":"","email":"nobody"})");
  EXPECT_EQ(a.status, 422);
  const std::string text = problem_of(a);
  EXPECT_NE(text.find(R"("detail":"must have from 1 to 200 characters","pointer":"/name")"),
            text.npos)
      << text;
  EXPECT_NE(text.find(R"("pointer":"/email")"), text.npos) << text;
}

TEST_F(users_service, knows_what_an_address_looks_like) {
  const auto status_of = [&](std::string_view email) {
    return send("POST /users", fmt::format(R"({{"name":"A","email":"{}"}})", email)).status;
  };
  for (const char* good : {"a@b", "a.b+c@d.example", R"(\"a@b\"@c)"}) {
    EXPECT_EQ(status_of(good), 201) << good;
  }
  for (const char* bad : {"", "@", "a@", "@b", "a b@c", R"(a@b\n)", R"(a\t@b)"}) {
    EXPECT_EQ(status_of(bad), 422) << bad;
  }
}

TEST_F(users_service, refuses_text_that_would_be_cut_or_hidden) {
  // A collation stops at a zero, so that these two would be one address.
  for (const char* email : {R"(a\u0000b@h)", R"(a\u0000c@h)", R"(a@h\u0000)", R"(\u007f@h)"}) {
    const call_answer a =
        send("POST /users", fmt::format(R"({{"name":"A","email":"{}"}})", email));
    EXPECT_EQ(a.status, 422) << email;
    EXPECT_NE(a.body.find(R"("pointer":"/email")"), a.body.npos) << a.body;
  }
  const call_answer a = send("POST /users", R"({"name":"A\u0000B","email":"a@h"})");
  EXPECT_EQ(a.status, 422);
  EXPECT_NE(a.body.find(R"("detail":"must not hold control characters","pointer":"/name")"),
            a.body.npos)
      << a.body;
  EXPECT_EQ(send("PUT /users/1", R"({"name":"\n","email":"a@h"})").status, 422);
  EXPECT_EQ(send("POST /users", R"({"name":"\u00e9\ud83d\ude00","email":"\u00e9@h"})").body,
            "{\"id\":1,\"name\":\"\u00e9\U0001F600\",\"email\":\"\u00e9@h\"}");
}

TEST_F(users_service, holds_names_and_addresses_up_to_their_limits) {
  const auto status_of = [&](std::size_t name_bytes, std::size_t email_bytes) {
    return send("POST /users",
                fmt::format(R"({{"name":"{}","email":"{}@b"}})", std::string(name_bytes, 'n'),
                            std::string(email_bytes - 2, 'e')))
        .status;
  };
  EXPECT_EQ(status_of(users::name_chars_max, users::email_chars_max), 201);
  EXPECT_EQ(status_of(users::name_chars_max + 1, 10), 422);
  EXPECT_EQ(status_of(1, users::email_chars_max + 1), 422);
}

TEST_F(users_service, refuses_bodies_that_are_no_user) {
  EXPECT_EQ(send("POST /users", R"({"name":)").status, 400);
  EXPECT_EQ(send("POST /users", ada, "text/plain").status, 415);
  EXPECT_EQ(ask("POST /users").status, 415);
  const call_answer a = send("POST /users", R"({"name":1,"mail":"a@b"})");
  EXPECT_EQ(a.status, 422);
  for (const char* place : {"/name", "/email", "/mail"}) {
    EXPECT_NE(a.body.find(fmt::format(R"("pointer":"{}")", place)), a.body.npos) << a.body;
  }
}

TEST_F(users_service, refuses_more_users_than_it_holds) {
  int held = 0;
  const auto add_another = [&] {
    return send("POST /users", fmt::format(R"({{"name":"{}","email":"{}@b"}})",
                                           std::string(users::name_chars_max, 'n'), ++held))
        .status;
  };
  int status = 201;
  while (status == 201 && held != 1000) status = add_another();
  EXPECT_EQ(status, 507);
  EXPECT_GT(held, 200);
  for (int id = 1; id != 100; ++id) ask(fmt::format("DELETE /users/{}", id));
  EXPECT_EQ(add_another(), 201);
}

TEST_F(users_service, says_of_every_request_that_the_store_is_busy) {
  for (const char* const line :
       {"GET /users", "GET /users/1", "POST /users", "PUT /users/1", "DELETE /users/1"}) {
    const bool has_body = line[0] == 'P';
    const call_answer a = ask({.line = line,
                               .fields = {{"Content-Type", "application/json"}},
                               .body = has_body ? ada : "",
                               .deadline = std::chrono::nanoseconds(0)});
    EXPECT_EQ(a.status, 503) << line << a.body;
    EXPECT_EQ(a.field("Retry-After"), "1") << line;
    EXPECT_NE(a.body.find("The store is busy"), a.body.npos) << a.body;
  }
}

TEST_F(users_service, shows_a_user) {
  add(2);
  EXPECT_EQ(ask("GET /users/2").body, R"({"id":2,"name":"User 2","email":"u2@example.com"})");
  EXPECT_EQ(ask("HEAD /users/2").status, 200);
  EXPECT_EQ(ask("HEAD /users/2").body, "");
  EXPECT_EQ(problem_of(ask("GET /users/3")),
            R"({"type":"about:blank","title":"No such user","status":404})");
}

TEST_F(users_service, takes_only_numbers_as_ids) {
  for (const char* id : {"x", "-1", "1.5", "18446744073709551616"}) {
    EXPECT_EQ(ask(std::string("GET /users/") + id).status, 400) << id;
    EXPECT_EQ(ask(std::string("DELETE /users/") + id).status, 400) << id;
  }
}

TEST_F(users_service, knows_no_id_beyond_the_store_s) {
  add(1);
  for (const char* id : {"0", "9223372036854775807", "18446744073709551615"}) {
    EXPECT_EQ(ask(std::string("GET /users/") + id).status, 404) << id;
    EXPECT_EQ(ask(std::string("DELETE /users/") + id).status, 404) << id;
    EXPECT_EQ(send(std::string("PUT /users/") + id, ada).status, 404) << id;
  }
  EXPECT_EQ(ask("GET /users?after=18446744073709551615").body, R"({"users":[]})");
}

TEST_F(users_service, replaces_a_user) {
  add(2);
  const call_answer a = send("PUT /users/1", ada);
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, R"({"id":1,"name":"Ada","email":"ada@example.com"})");
  EXPECT_EQ(ask("GET /users/1").body, a.body);

  EXPECT_EQ(send("PUT /users/3", ada).status, 404);
  EXPECT_EQ(send("PUT /users/2", ada).status, 409);
  EXPECT_EQ(send("PUT /users/1", R"({"name":"Ada","email":"x"})").status, 422);
  EXPECT_EQ(send("PUT /users/1", R"({"name":"Ada"})").status, 422);
}

TEST_F(users_service, frees_an_address_when_its_user_changes_or_goes) {
  send("POST /users", ada);
  EXPECT_EQ(send("PUT /users/1", R"({"name":"Ada","email":"ADA@example.com"})").status, 200);
  EXPECT_EQ(send("PUT /users/1", R"({"name":"Ada","email":"lovelace@example.com"})").status, 200);
  EXPECT_EQ(send("POST /users", ada).status, 201);
  EXPECT_EQ(ask("DELETE /users/2").status, 204);
  EXPECT_EQ(send("POST /users", ada).field("Location"), "/users/3");
}

TEST_F(users_service, removes_a_user_once) {
  add(1);
  const call_answer a = ask("DELETE /users/1");
  EXPECT_EQ(a.status, 204);
  EXPECT_EQ(a.body, "");
  EXPECT_EQ(ask("GET /users/1").status, 404);
  EXPECT_EQ(ask("DELETE /users/1").status, 404);
}

/// The ids of a list and where the next one begins, as "1 2 3 -> 3".
std::string ids_of(const call_answer& a) {
  EXPECT_EQ(a.status, 200) << a.body;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(a.body);
  std::string text;
  for (const simdjson::dom::element each : simdjson::dom::array(root["users"])) {
    text += fmt::format("{} ", std::uint64_t(each["id"]));
  }
  std::uint64_t next = 0;
  if (root["next_after"].get(next) == simdjson::SUCCESS) text += fmt::format("-> {}", next);
  return text;
}

TEST_F(users_service, lists_users_page_by_page) {
  EXPECT_EQ(ask("GET /users").body, R"({"users":[]})");
  add(5);
  EXPECT_EQ(ids_of(ask("GET /users")), "1 2 3 4 5 ");
  EXPECT_EQ(ids_of(ask("GET /users?limit=2")), "1 2 -> 2");
  EXPECT_EQ(ids_of(ask("GET /users?limit=2&after=2")), "3 4 -> 4");
  EXPECT_EQ(ids_of(ask("GET /users?after=4&limit=2")), "5 ");
  EXPECT_EQ(ids_of(ask("GET /users?after=5")), "");
  ask("DELETE /users/2");
  EXPECT_EQ(ids_of(ask("GET /users?limit=2")), "1 3 -> 3");
  EXPECT_EQ(ids_of(ask("GET /users?after=2&limit=3")), "3 4 5 ");
}

TEST_F(users_service, lists_twenty_unless_told_and_a_hundred_at_most) {
  add(120);
  EXPECT_TRUE(ids_of(ask("GET /users")).ends_with(" 20 -> 20"));
  EXPECT_TRUE(ids_of(ask("GET /users?limit=100")).ends_with(" 100 -> 100"));
  for (const char* limit : {"0", "101", "4294967295"}) {
    const call_answer a = ask(std::string("GET /users?limit=") + limit);
    EXPECT_EQ(a.status, 400) << limit;
    EXPECT_EQ(problem_of(a),
              R"({"type":"about:blank","title":"Bad Request","status":400,)"
              R"("detail":"the query is not what this route takes",)"
              R"("errors":[{"detail":"must be from 1 to 100","parameter":"limit"}]})");
  }
  for (const char* query :
       {"limit=x", "limit=-1", "after=x", "limit=4294967296", "limit=1&limit=2"})
    EXPECT_EQ(ask(std::string("GET /users?") + query).status, 400) << query;
}

TEST_F(users_service, greets_and_tells_its_health) {
  const call_answer a = ask("GET /");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(a.body,
            "The users service.\n\n"
            "GET    /users?after&limit\n"
            "POST   /users\n"
            "GET    /users/{id}\n"
            "PUT    /users/{id}\n"
            "DELETE /users/{id}\n"
            "GET    /health\n"
            "GET    /openapi.json\n"
            "GET    /docs\n");
  EXPECT_EQ(ask("GET /health").body, R"({"status":"ok"})");
}

TEST_F(users_service, describes_itself) {
  const call_answer a = ask("GET /openapi.json");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.content_type, "application/json");
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(a.body);
  EXPECT_EQ(simdjson::dom::object(root["paths"]).size(), 2U);
  const call_answer page = ask("GET /docs");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  for (auto [path, item] : simdjson::dom::object(root["paths"])) {
    EXPECT_NE(page.body.find(path), page.body.npos) << path;
  }
}

TEST_F(users_service, says_which_methods_a_path_has) {
  EXPECT_EQ(ask("PATCH /users/1").status, 405);
  EXPECT_EQ(ask("PATCH /users/1").field("Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
  EXPECT_EQ(ask("OPTIONS /users").status, 204);
  EXPECT_EQ(ask("OPTIONS /users").field("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask("GET /user").status, 404);
  EXPECT_EQ(ask("GET /users/").status, 404);
}

TEST(users_store, is_one_for_all_threads) {
  constexpr int thread_count = 4;
  constexpr int address_count = 100;
  const auto opened = users::store::open(":memory:").value();
  users::store& all = *opened;
  std::atomic<int> made = 0;
  std::atomic<int> taken = 0;
  const auto add_as = [&](const users::new_user& said) {
    const int status = call<users::routes>({.line = "POST /users",
                                            .fields = {{"Content-Type", "application/json"}},
                                            .body = ferrule::json::write(said)},
                                           all)
                           .status;
    ++(status == 201 ? made : taken);
    if (status != 201) EXPECT_EQ(status, 409);
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread != thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i != address_count; ++i) {
        add_as({"A", fmt::format("{}@of-all", i)});
        add_as({"A", fmt::format("{}@of-{}", i, thread)});
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(made, address_count * (1 + thread_count));
  EXPECT_EQ(taken, address_count * (thread_count - 1));
  const call_answer last = call<users::routes>("GET /users?after=499", all);
  EXPECT_NE(last.body.find(R"("id":500)"), last.body.npos);
  EXPECT_EQ(call<users::routes>("GET /users/501", all).status, 404);
}

}  // namespace
