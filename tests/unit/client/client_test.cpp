#include "ferrule/client/client.hpp"

#include <gtest/gtest.h>

#include "ferrule/client/upstream.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_transport.hpp"
#include "support/shop_api.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using test::sent_request;
using test::server_script;

constexpr retry_policy no_retry =
    checked_retry_policy(method::post, {.tries_max = 1, .try_timeout = 1s, .deadline = 1s});
constexpr retry_policy keyed = checked_retry_policy(
    method::post, {.tries_max = 2, .backoff_base = 10ms, .has_idempotency_key = true});

/// One server that answers everything alike, and a client of it.
class client_test : public testing::Test {
 protected:
  client_test() { script() = {.fields = {{"Content-Type", "application/json"}}}; }

  server_script& script() { return network_.at("http://shop"); }
  void answer(int status, std::string_view type, std::string_view body) {
    script().status = status;
    script().fields = {{"Content-Type", type}};
    script().body = body;
  }
  template <class T>
  T run(task<T> call) {
    auto given = test::sim_run(world_, loop_, std::move(call), 1min);
    EXPECT_TRUE(given.has_value()) << "the call did not end";
    return std::move(*given);
  }
  const sent_request& last() { return network_.sent.back(); }

  test::sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");
  test::scripted_transport network_;
  upstream upstream_{"shop", network_, {*origin::parse("http://shop")}, loop_, {.retry = no_retry}};
  client<shop::api> shop_{upstream_};
};

TEST_F(client_test, sends_numbers_in_the_path_and_reads_json) {
  script().body = R"({"id":42,"title":"Dune","added":"later"})";
  const auto got = run(shop_(shop::get, 42));
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(*got, (shop::article{42, "Dune"})) << "a member of a newer service is passed over";
  EXPECT_EQ(last().line, "GET /articles/42");
  EXPECT_EQ(last().body, "");
}

TEST_F(client_test, sends_queries) {
  script().body = R"([{"id":1,"title":"a"}])";
  const auto got =
      run(shop_(shop::find, shop::filter{.limit = 5, .text = "a b&c", .tag = {"x", "y/z"}}));
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(got->size(), 1U);
  EXPECT_EQ(last().line, "GET /articles?limit=5&text=a%20b%26c&tag=x&tag=y%2Fz");
  EXPECT_TRUE(run(shop_(shop::find, query<shop::filter>{})).has_value());
  EXPECT_EQ(last().line, "GET /articles?limit=20");
}

TEST_F(client_test, sends_json_and_reads_where_the_new_thing_is) {
  answer(201, "application/json", R"({"id":7,"title":"Dune"})");
  script().fields.push_back({"Location", "/articles/7"});
  const auto got = run(shop_(shop::add, shop::draft{"Dune"}));
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(got->value.id, 7U);
  EXPECT_EQ(got->location, "/articles/7");
  EXPECT_EQ(last().line, "POST /articles");
  EXPECT_EQ(last().content_type, "application/json");
  EXPECT_EQ(last().body, R"({"title":"Dune"})");
}

TEST_F(client_test, percent_encodes_text_and_sends_bodies) {
  answer(204, "", "");
  const auto got = run(shop_(shop::put_note, "a/b c?\xC3\xBC", 7, "bytes"));
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(last().line, "PUT /articles/7/notes/a%2Fb%20c%3F%C3%BC");
  EXPECT_EQ(last().body, "bytes");
  EXPECT_EQ(last().content_type, "application/octet-stream");
  ASSERT_TRUE(run(shop_(shop::put_note, path<"note", std::string_view>{"x"}, -1, body{"{}"},
                        call_options{.content_type = "application/json"}))
                  .has_value());
  EXPECT_EQ(last().line, "PUT /articles/-1/notes/x");
  EXPECT_EQ(last().content_type, "application/json");
}

TEST_F(client_test, sends_enums_tails_and_headers_and_reads_text) {
  answer(200, "text/plain", "Hallo");
  const auto got = run(shop_(shop::read, shop::kind::record, "a/b c", "de"));
  ASSERT_TRUE(got.has_value()) << to_string(got.error());
  EXPECT_EQ(*got, "Hallo");
  EXPECT_EQ(last().line, "GET /kinds/record/a/b%20c");
  EXPECT_EQ(last().field("x-language"), "de");
  ASSERT_TRUE(run(shop_(shop::read, shop::kind::book, "", std::nullopt)).has_value());
  EXPECT_EQ(last().line, "GET /kinds/book/");
  EXPECT_EQ(last().field("X-Language"), "(none)");
}

TEST_F(client_test, what_no_path_can_hold_is_not_sent) {
  const auto refused = [&](auto call) {
    const auto got = run(std::move(call));
    return !got && got.error().fault == call_fault::transport &&
           got.error().transport == transport_error::invalid_request && !got.error().was_sent;
  };
  for (const std::string_view note : {"", ".", "..", "../x", "a\\.."}) {
    EXPECT_TRUE(refused(shop_(shop::put_note, note, 7, ""))) << note;
  }
  for (const std::string_view tail : {"a/../b", "/etc", "a//b", "a\\b"}) {
    EXPECT_TRUE(refused(shop_(shop::read, shop::kind::book, tail, std::nullopt))) << tail;
  }
  EXPECT_TRUE(refused(shop_(shop::put_note, "x", 128, ""))) << "out of the parameter's range";
  EXPECT_TRUE(refused(shop_(shop::get, -1)));
  EXPECT_TRUE(refused(shop_(shop::read, static_cast<shop::kind>(77), "a", std::nullopt)))
      << "a value without a name";
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(client_test, finds_declared_errors_by_status_type_and_title) {
  const std::string_view type = "application/problem+json";
  answer(404, type,
         R"({"type":"https://shop.example/no-article","title":"No such article","status":404})");
  const auto missing = run(shop_(shop::get, 1));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().fault, call_fault::declared);
  EXPECT_TRUE(missing.error().is(shop::error::no_such_article));
  EXPECT_EQ(missing.error().status, 404);

  answer(409, "application/problem+json; charset=utf-8",
         R"({"title":"Sold out","status":409,"detail":"until May"})");
  const auto sold_out = run(shop_(shop::add, shop::draft{"x"}));
  ASSERT_FALSE(sold_out.has_value());
  EXPECT_TRUE(sold_out.error().is(shop::error::sold_out));
  EXPECT_EQ(sold_out.error().detail, "Sold out: until May");

  answer(503, type, R"({"title":"Stock is being taken"})");
  script().fields.push_back({"Retry-After", "3"});
  const auto busy = run(shop_(shop::get, 1));
  ASSERT_FALSE(busy.has_value());
  EXPECT_TRUE(busy.error().is(shop::error::busy));
  EXPECT_EQ(busy.error().retry_after, 3s);
}

TEST_F(client_test, any_other_failing_answer_is_undeclared) {
  struct sample {
    int status;
    std::string_view type, body;
  };
  for (const sample& each :
       {sample{404, "application/problem+json", R"({"title":"Not Found"})"},
        sample{404, "text/html", "<h1>No such article</h1>"},
        sample{410, "application/problem+json", R"({"title":"Sold out"})"},
        sample{409, "application/json", R"({"title":"Sold out"})"},
        sample{409, "application/problem+json", R"({"title":)"}, sample{302, "", ""}}) {
    answer(each.status, each.type, each.body);
    const auto got = run(shop_(shop::get, 1));
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().fault, call_fault::undeclared) << each.status << each.body;
    EXPECT_EQ(got.error().status, each.status);
    EXPECT_FALSE(got.error().error.has_value());
  }
  answer(404, "application/problem+json", R"({"title":"Not Found","detail":"GET /x"})");
  EXPECT_EQ(to_string(run(shop_(shop::get, 1)).error()),
            "an error that is not in the contract (404): Not Found: GET /x");
}

TEST_F(client_test, an_optional_is_empty_for_404) {
  answer(404, "application/problem+json", R"({"title":"Not Found"})");
  const auto none = run(shop_(shop::offer, 1.5));
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
  EXPECT_EQ(last().line, "GET /offers/1.5");
  answer(200, "application/json", R"({"id":1,"title":"a"})");
  const auto some = run(shop_(shop::offer, 2));
  ASSERT_TRUE(some.has_value() && some->has_value());
  answer(404, "application/problem+json",
         R"({"type":"https://shop.example/no-article","title":"No such article"})");
  EXPECT_FALSE(run(shop_(shop::offer, 3)).has_value()) << "a declared error comes first";
}

TEST_F(client_test, an_answer_that_cannot_be_read_says_why) {
  struct sample {
    std::string_view type, body, why;
  };
  for (const sample& each :
       {sample{"application/json", R"({"id":"x","title":3})",
               "the response's /id must be a whole number, not a string, and 1 more"},
        sample{"application/json", "", "the response cannot be read: the document is empty"},
        sample{"text/html", "<p>", "the response is not JSON but text/html"}}) {
    answer(200, each.type, each.body);
    const auto got = run(shop_(shop::get, 1));
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().fault, call_fault::unreadable);
    EXPECT_EQ(got.error().status, 200);
    EXPECT_EQ(got.error().detail, each.why);
  }
  script().fields.clear();
  EXPECT_EQ(run(shop_(shop::get, 1)).error().detail, "the response has no Content-Type");
}

TEST_F(client_test, options_add_fields_and_a_key) {
  answer(204, "", "");
  const call_options options{.idempotency_key = "k-1", .fields = {{"X-Tag", "blue"}}};
  ASSERT_TRUE(run(shop_(shop::remove, 1, options)).has_value());
  EXPECT_EQ(last().field("Idempotency-Key"), "k-1");
  EXPECT_EQ(last().field("X-Tag"), "blue");
}

TEST_F(client_test, a_policy_with_keys_makes_one_for_all_tries_of_a_call) {
  const client<shop::api, retry_of<shop::add, keyed>> eager(upstream_);
  network_.decide = [](std::size_t number, const origin&) {
    return number % 2 == 0 ? server_script{.status = 503} : server_script{.status = 409};
  };
  for (int i = 0; i != 2; ++i) EXPECT_FALSE(run(eager(shop::add, shop::draft{})).has_value());
  ASSERT_EQ(network_.sent.size(), 4U);
  const auto key = [&](std::size_t i) { return network_.sent[i].field("Idempotency-Key"); };
  EXPECT_EQ(key(0).size(), 32U);
  EXPECT_EQ(key(0), key(1));
  EXPECT_NE(key(0), key(2));
  EXPECT_FALSE(run(eager(shop::add, shop::draft{}, call_options{.idempotency_key = "own"})));
  EXPECT_EQ(last().field("Idempotency-Key"), "own");
}

TEST_F(client_test, a_timeout_of_the_call_ends_it) {
  script().takes = 1h;
  const mono_time start = world_.now();
  const auto got = run(shop_(shop::get, 1, call_options{.timeout = 50ms}));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().fault, call_fault::timeout);
  EXPECT_GE(world_.now() - start, 50ms);
  EXPECT_LT(world_.now() - start, 52ms);
  EXPECT_EQ(network_.running_now, 0);
}

TEST_F(client_test, a_call_does_not_need_its_arguments_later) {
  answer(204, "", "");
  std::string note = "a note that is longer than a short string";
  auto call = shop_(shop::put_note, note, 7, note);
  note.assign(note.size(), '!');
  ASSERT_TRUE(run(std::move(call)).has_value());
  EXPECT_EQ(last().body, "a note that is longer than a short string");
}

TEST_F(client_test, failures_become_problems_for_those_who_pass_them_on) {
  EXPECT_EQ(to_problem(call_error<shop::error>{{}, shop::error::sold_out}).status, 409);
  EXPECT_EQ(to_problem(call_failure{.fault = call_fault::timeout}).status, 504);
  EXPECT_EQ(to_problem(call_failure{.fault = call_fault::unreadable}).status, 502);
  const problem open =
      to_problem(call_failure{.fault = call_fault::circuit_open, .retry_after = 2100ms});
  EXPECT_EQ(open.status, 503);
  EXPECT_EQ(open.retry_after, 3s);
  EXPECT_EQ(to_problem(call_failure{.fault = call_fault::shed}).retry_after, 1s);
  const problem starved = to_problem(call_failure{.transport = transport_error::no_resources});
  EXPECT_EQ(starved.status, 503) << "no gateway is bad";
  EXPECT_EQ(starved.retry_after, 1s);
  EXPECT_EQ(to_problem(call_failure{.transport = transport_error::no_response}).status, 502);
}

TEST_F(client_test, a_fallback_stands_in_when_the_call_is_not_made) {
  const auto instead = [](const call_failure&) { return shop::article{0, "unknown"}; };
  script().status = 500;
  EXPECT_FALSE(run(with_fallback(shop_(shop::get, 1), instead)).has_value()) << "it was made";
  upstream_.breaker()->force_open(world_.now());
  const auto got = run(with_fallback(shop_(shop::get, 1), instead));
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->title, "unknown");
  EXPECT_EQ(network_.sent.size(), 1U);
}

}  // namespace
}  // namespace ferrule
