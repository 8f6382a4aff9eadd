#include "ferrule/api/extractor.hpp"

#include <gtest/gtest.h>

#include <map>

#include "ferrule/api/openapi.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/route/contract_table.hpp"
#include "ferrule/test/call.hpp"

namespace bank {

struct sessions {
  std::map<std::string, int, std::less<>> user_by_token{{"t-7", 7}, {"t-8", 8}};
  int asked = 0;
};
/// Has no default: it is made by its extractor alone.
class customer {
 public:
  explicit customer(int id) : id_(id) {}
  int id() const { return id_; }

 private:
  int id_;
};
enum class login_error : std::uint8_t { missing, unknown };
constexpr ferrule::problem to_problem(login_error e) noexcept {
  return {.status = 401, .title = e == login_error::missing ? "Log in" : "Log in again"};
}
struct page {
  std::uint32_t limit = 20;
};
struct paging {
  std::uint32_t limit;
};
struct owner {
  int id;
  std::string_view agent;
};
enum class error : std::uint8_t { broke };
constexpr ferrule::problem to_problem(error) noexcept { return {.status = 409, .title = "Broke"}; }

}  // namespace bank

template <>
struct ferrule::extractor<bank::customer> {
  static result<bank::customer, bank::login_error> extract(header<"Authorization"> token,
                                                           bank::sessions& known) {
    ++known.asked;
    if (!token) return fail(bank::login_error::missing);
    const auto found = known.user_by_token.find(*token);
    if (found == known.user_by_token.end()) return fail(bank::login_error::unknown);
    return bank::customer(found->second);
  }
};
template <>
struct ferrule::extractor<bank::paging> {
  static bank::paging extract(query<bank::page> asked) {
    return {std::min<std::uint32_t>(asked->limit, 100)};
  }
};
template <>
struct ferrule::extractor<bank::owner> {
  static result<bank::owner, problem> extract(bank::customer who, const request& r) {
    if (who.id() != 7) return fail(problem{.status = 403});
    return bank::owner{who.id(), r.header("User-Agent")};
  }
};

namespace ferrule {
namespace {

using test::call;

task<std::string> show_later(bank::owner who) {
  co_await sleep(std::chrono::seconds(1));
  co_return std::to_string(who.id) + std::string(who.agent);
}

constexpr auto extractor_routes = route_table(
    route<"GET /me">([](bank::customer who) { return who.id(); }),
    route<"GET /{n}">([](int n, const bank::customer& who) { return n * who.id(); }),
    route<"GET /list">([](bank::paging p) { return p.limit; }),
    route<"GET /both">([](bank::sessions& s, bank::customer, bank::owner) { return s.asked; }),
    route<"GET /owner">(show_later));

test::call_answer get(std::string path, std::string token, bank::sessions& known) {
  test::call_request asked{.line = "GET " + path, .fields = {{"User-Agent", "test"}}};
  if (!token.empty()) asked.fields.emplace_back("Authorization", token);
  return call<extractor_routes>(asked, known);
}

TEST(extractor, makes_arguments_of_a_request_and_state) {
  bank::sessions known;
  EXPECT_EQ(get("/me", "t-8", known).body, "8");
  EXPECT_EQ(get("/6", "t-7", known).body, "42");
  EXPECT_EQ(get("/list?limit=1000", "", known).body, "100");
  EXPECT_EQ(known.asked, 2);
}

TEST(extractor, errors_are_answered_without_the_handler) {
  bank::sessions known;
  const auto missing = get("/me", "", known);
  EXPECT_EQ(missing.status, 401);
  EXPECT_NE(missing.body.find(R"("title":"Log in")"), std::string::npos) << missing.body;
  EXPECT_NE(get("/me", "t-9", known).body.find("Log in again"), std::string::npos);
  EXPECT_EQ(get("/list?limit=x", "", known).status, 400) << "what it takes is checked as ever";
}

TEST(extractor, takes_what_others_make) {
  bank::sessions known;
  EXPECT_EQ(get("/owner", "t-7", known).body, "7test") << "views of the request last";
  EXPECT_EQ(get("/owner", "t-8", known).status, 403);
  EXPECT_EQ(get("/owner", "", known).status, 401);
  EXPECT_EQ(get("/both", "t-7", known).body, std::to_string(known.asked));
}

namespace bank_api {
constexpr endpoint<"GET /me", int(header<"Authorization">), bank::login_error> me{};
constexpr endpoint<"GET /owner/{n}", int(int n, bank::owner, bank::paging), bank::error> owned{};
constexpr contract api(me, owned);
}  // namespace bank_api

TEST(extractor, keeps_a_contract_that_says_what_is_sent) {
  static constexpr auto routes = route_table<bank_api::api>(
      on<bank_api::me>([](bank::customer who) { return who.id(); }),
      on<bank_api::owned>([](int n, bank::owner who, bank::paging p) {
        return n + who.id + static_cast<int>(p.limit);
      }));
  bank::sessions known;
  EXPECT_EQ(call<routes>({.line = "GET /owner/1?limit=2", .fields = {{"Authorization", "t-7"}}},
                         known)
                .body,
            "10");
}

TEST(extractor, is_in_the_document_with_what_it_takes_and_its_errors) {
  const std::string text(openapi(bank_api::api, {.title = "Bank", .version = "1"}).text());
  const std::string owned = text.substr(text.find("/owner/{n}"));
  for (const char* part :
       {R"({"name":"n","in":"path")", R"({"name":"Authorization","in":"header","required":false)",
        R"({"name":"limit","in":"query")", R"("401":{"description":"Log in; Log in again")",
        R"("409":{"description":"Broke")", R"("default":{)"}) {
    EXPECT_NE(owned.find(part), std::string::npos) << part << '\n' << owned;
  }
}

}  // namespace
}  // namespace ferrule
