// What a client sends for header fields, cookies, forms and extractors, and gets for results with a
// status; by a mock, so that a server reads what was sent.

#include <gtest/gtest.h>

#include "ferrule/client/client.hpp"
#include "ferrule/test/mock.hpp"

namespace letters {

using namespace ferrule;

struct signature {
  std::string_view name;
  std::optional<int> age;
};
struct receipt {
  std::string text;
};
struct sender {
  int id;
};

}  // namespace letters

template <>
struct ferrule::extractor<letters::sender> {
  static letters::sender extract(header<"X-Sender", int> id) { return {*id}; }
};

namespace letters {

constexpr endpoint<"GET /header", std::string(header<"X-N", int>, header<"X-Text">)> typed{};
constexpr endpoint<"GET /list", std::string(header<"X-List", std::vector<std::string>>)> list{};
constexpr endpoint<"GET /cookies", std::string(cookie<"sid">, cookie<"n", int>)> cookies{};
constexpr endpoint<"POST /form", std::string(form<signature>)> sign{};
constexpr endpoint<"GET /sender", std::string(sender)> who{};
constexpr endpoint<"PUT /receipt", with_status<receipt, 200, 202>()> put{};
constexpr endpoint<"POST /nothing", with_status<no_content, 202>()> nothing{};
constexpr endpoint<"GET /moved", redirect<303>()> moved{};
constexpr contract api(typed, list, cookies, sign, who, put, nothing, moved);

}  // namespace letters

namespace ferrule {
namespace {

class client_values : public testing::Test {
 protected:
  client_values() {
    mock_.on(letters::typed, [](header<"X-N", int> n, header<"X-Text"> text) {
      return std::to_string(*n) + std::string(text.value_or("-"));
    });
    mock_.on(letters::list, [](header<"X-List", std::vector<std::string>> all) {
      std::string text;
      for (const std::string& each : *all) text += "[" + each + "]";
      return text;
    });
    mock_.on(letters::cookies, [](cookie<"sid"> sid, cookie<"n", int> n) {
      return std::string(sid.value_or("-")) + std::to_string(*n);
    });
    mock_.on(letters::sign, [](form<letters::signature> f) {
      return std::string(f->name) + std::to_string(f->age.value_or(0));
    });
    mock_.on(letters::who, [](header<"X-Sender", int> id) { return std::to_string(*id); });
    mock_.on(letters::put, [] { return with_status<letters::receipt, 200, 202>{202, {"soon"}}; });
    mock_.on(letters::nothing, [] { return with_status<no_content, 202>{202}; });
    mock_.on(letters::moved, [] { return redirect<303>{303, "/there"}; });
  }

  template <class T>
  T run(task<T> call) {
    auto given = test::sim_run(world_, loop_, std::move(call));
    EXPECT_TRUE(given.has_value()) << "the call did not end";
    return std::move(*given);
  }

  test::sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");
  test::mock<letters::api> mock_;
  client<letters::api> client_{mock_};
};

TEST_F(client_values, header_fields_arrive) {
  EXPECT_EQ(run(client_(letters::typed, 7, "a")).value_or(""), "7a");
  EXPECT_EQ(run(client_(letters::typed, header<"X-N", int>{-7}, std::nullopt)).value_or(""), "-7-");
  EXPECT_EQ(run(client_(letters::typed, 7, header<"X-Text">("b"))).value_or(""), "7b");
  const std::vector<std::string> all{"a b", "c"};
  EXPECT_EQ(run(client_(letters::list, all)).value_or(""), "[a b][c]");
  EXPECT_EQ(run(client_(letters::list, std::vector<std::string>())).value_or("-"), "");
}

TEST_F(client_values, what_no_list_or_cookie_can_hold_is_not_sent) {
  for (const char* text : {"", "a,b", "a\"", " a"}) {
    const std::vector<std::string> all{text};
    EXPECT_FALSE(run(client_(letters::list, all)).has_value()) << text;
  }
  for (const char* text : {"a;b", "a b", "a\"", "\xc3\xa9"}) {
    EXPECT_FALSE(run(client_(letters::cookies, text, 1)).has_value()) << text;
  }
  EXPECT_TRUE(mock_.calls().empty());
}

TEST_F(client_values, cookies_arrive_in_one_field) {
  EXPECT_EQ(run(client_(letters::cookies, "31d4", 7)).value_or(""), "31d47");
  const test::call_request& sent = mock_.calls().back().request;
  ASSERT_EQ(sent.fields.size(), 1U);
  EXPECT_EQ(sent.fields[0].second, "sid=31d4; n=7");
  EXPECT_EQ(run(client_(letters::cookies, std::nullopt, 7)).value_or(""), "-7");
}

TEST_F(client_values, forms_arrive) {
  const letters::signature given{.name = "Ada & L\xc3\xa9", .age = 36};
  EXPECT_EQ(run(client_(letters::sign, given)).value_or(""), "Ada & L\xc3\xa9" "36");
  EXPECT_EQ(mock_.calls().back().request.body, "name=Ada%20%26%20L%C3%A9&age=36");
}

TEST_F(client_values, for_an_extractor_is_given_what_it_takes) {
  EXPECT_EQ(run(client_(letters::who, 7)).value_or(""), "7");
}

TEST_F(client_values, results_with_a_status_tell_it) {
  const auto put = run(client_(letters::put));
  ASSERT_TRUE(put.has_value()) << to_string(put.error());
  EXPECT_EQ(put->status, 202);
  EXPECT_EQ(put->value.text, "soon");
  const auto nothing = run(client_(letters::nothing));
  ASSERT_TRUE(nothing.has_value()) << to_string(nothing.error());
  EXPECT_EQ(nothing->status, 202);
  const auto moved = run(client_(letters::moved));
  ASSERT_TRUE(moved.has_value()) << to_string(moved.error());
  EXPECT_EQ(moved->status, 303);
  EXPECT_EQ(moved->location, "/there");
}

}  // namespace
}  // namespace ferrule
