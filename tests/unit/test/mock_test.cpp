#include "ferrule/test/mock.hpp"

#include <gtest/gtest.h>

#include "support/shop_api.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

/// What is tested with a mock: something that needs the shop.
task<std::string> title_of(const client<shop::api>* shop, std::uint64_t id) {
  const auto found = co_await (*shop)(shop::get, id);
  if (found) co_return found->title;
  if (found.error().is(shop::error::no_such_article)) co_return "nothing";
  co_return to_string(found.error());
}

class mock_test : public testing::Test {
 protected:
  template <class T>
  T run(task<T> work) {
    auto given = sim_run(world_, loop_, std::move(work), 1min);
    EXPECT_TRUE(given.has_value());
    return std::move(*given);
  }
  std::string title(std::uint64_t id) { return run(title_of(&client_, id)); }

  sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");
  mock<shop::api> shop_;
  client<shop::api> client_{shop_};
};

TEST_F(mock_test, answers_by_its_handlers) {
  int asked = 0;
  shop_.on(shop::get, [&asked](std::uint64_t id) -> result<shop::article, shop::error> {
    ++asked;
    if (id == 0) return ferrule::fail(shop::error::no_such_article);
    return shop::article{id, "Dune"};
  });
  EXPECT_EQ(title(1), "Dune");
  EXPECT_EQ(title(0), "nothing");
  EXPECT_EQ(asked, 2);
}

TEST_F(mock_test, gives_handlers_what_was_sent) {
  std::string seen;
  shop_.on(shop::add, [&](const json_body<shop::draft>& sent) {
    seen = sent->title;
    return created<shop::article>{{7, sent->title}, "/articles/7"};
  });
  shop_.on(shop::find, [&](query<shop::filter> asked) {
    return std::vector(asked->limit, shop::article{1, std::string(asked->text.value_or("-"))});
  });
  shop_.on(shop::put_note, [&](path<"note", std::string_view> note, std::int8_t id, body b) {
    seen = std::string(*note) + std::to_string(id) + std::string(*b);
    return no_content{};
  });
  shop_.on(shop::read, [&](shop::kind, std::string_view path, header<"X-Language"> language) {
    return std::string(path) + std::string(language.value_or("none"));
  });
  const auto made = run(client_(shop::add, shop::draft{"\"quoted\""}));
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  EXPECT_EQ(seen, "\"quoted\"");
  EXPECT_EQ(made->location, "/articles/7");
  EXPECT_EQ(run(client_(shop::find, shop::filter{2, "a&b", {}}))->at(1).title, "a&b");
  EXPECT_TRUE(run(client_(shop::put_note, "a/b c", -5, "bytes")).has_value());
  EXPECT_EQ(seen, "a/b c-5bytes");
  EXPECT_EQ(*run(client_(shop::read, shop::kind::book, "x/y", "de")), "x/yde");
}

TEST_F(mock_test, fails_as_it_is_told) {
  struct sample {
    call_failure failure;
    std::string_view text;
  };
  for (const sample& each :
       {sample{{.fault = call_fault::timeout}, "no response in time"},
        sample{{.fault = call_fault::circuit_open}, "not called: the circuit is open"},
        sample{{.fault = call_fault::shed, .shed = shed_by::bulkhead},
               "not called: too many calls are running and waiting"},
        sample{{.transport = transport_error::connect_failed},
               "no response: the connection failed"}}) {
    shop_.fail(shop::get, each.failure);
    EXPECT_EQ(title(1), each.text);
  }
  shop_.on(shop::get, [](std::uint64_t) { return shop::article{1, "back"}; });
  EXPECT_EQ(title(1), "back");
}

TEST_F(mock_test, takes_virtual_time) {
  shop_.on(shop::get, [](std::uint64_t) { return shop::article{1, "late"}; });
  shop_.delay(shop::get, 1500ms);
  const mono_time start = world_.now();
  EXPECT_EQ(title(1), "late");
  EXPECT_GE(world_.now() - start, 1500ms);
  shop_.delay(shop::get, 1h);
  EXPECT_EQ(title(1), "no response in time");
  EXPECT_LT(world_.now() - start, 3600ms);
}

TEST_F(mock_test, remembers_its_calls) {
  shop_.on(shop::get, [](std::uint64_t) { return shop::article{}; });
  title(3);
  EXPECT_FALSE(run(client_(shop::remove, 4, call_options{.fields = {{"X-Tag", "blue"}}})));
  ASSERT_EQ(shop_.calls().size(), 2U);
  EXPECT_EQ(shop_.count(shop::get), 1U);
  EXPECT_EQ(shop_.calls()[0].request.line, "GET /articles/3");
  EXPECT_EQ(shop_.calls()[1].endpoint, "DELETE /articles/{id}");
  EXPECT_EQ(shop_.calls()[1].request.fields.back().second, "blue");
}

TEST_F(mock_test, says_what_it_cannot_answer) {
  EXPECT_EQ(title(1),
            "an error that is not in the contract (501): Not Implemented: the mock was given no "
            "handler for this endpoint");
}

}  // namespace
}  // namespace ferrule::test
