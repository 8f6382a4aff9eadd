// Endpoints of a contract whose results are read in parts.
#include <gtest/gtest.h>

#include "ferrule/client/client.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/test/mock.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_transport.hpp"
#include "support/shop_api.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

class client_open : public testing::Test {
 protected:
  void answer(int status, std::string_view type, std::string_view body, std::size_t parts = 0) {
    network_.at("http://shop") = {
        .status = status, .fields = {{"Content-Type", type}}, .body = body, .parts = parts};
  }
  template <class T>
  T run(task<T> call) {
    auto given = test::sim_run(world_, loop_, std::move(call), 1min);
    EXPECT_TRUE(given.has_value()) << "the call did not end";
    return std::move(*given);
  }
  template <class Opened>
  std::string read(Opened& opened) {
    const auto all = [](call_stream* from) -> task<std::string> {
      std::string text;
      while (const auto part = co_await from->read()) text += *part;
      co_return text;
    };
    if (!opened) return to_string(opened.error());
    return std::to_string(opened->status()) + ' ' + run(all(&*opened));
  }

  test::sim_world world_{1};
  reactor& loop_ = world_.add_host("10.0.0.1");
  test::scripted_transport network_;
  upstream upstream_{"shop", network_, {*origin::parse("http://shop")}, loop_};
  client<shop::api> shop_{upstream_};
};

TEST_F(client_open, gives_what_an_endpoint_promises_in_parts) {
  answer(200, "text/plain", "begin ", 2);
  auto opened = run(shop_.open(shop::read, shop::kind::book, "a/b", "de"));
  EXPECT_EQ(read(opened), "200 begin partpart");
  EXPECT_EQ(network_.sent[0].line, "GET /kinds/book/a/b");
  EXPECT_EQ(network_.sent[0].field("X-Language"), "de");
  answer(200, "application/json", "[]");
  auto list = run(shop_.open(shop::find, shop::filter{.limit = 5, .text = {}, .tag = {}}));
  EXPECT_EQ(read(list), "200 []") << "it is not decoded";
}

TEST_F(client_open, tells_errors_apart_as_a_call_does) {
  constexpr const char* problem_type = "application/problem+json";
  answer(404, problem_type,
         R"({"status":404,"title":"No such article","type":"https://shop.example/no-article"})");
  const auto none = run(shop_.open(shop::get, 7));
  ASSERT_FALSE(none.has_value());
  EXPECT_TRUE(none.error().is(shop::error::no_such_article));
  EXPECT_EQ(none.error().status, 404);
  answer(500, problem_type, R"({"status":500,"title":"Broken"})");
  const auto broken = run(shop_.open(shop::get, 7));
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().fault, call_fault::undeclared);
  network_.at("http://shop") = {.fails = transport_failure{transport_error::connect_failed, false}};
  EXPECT_EQ(run(shop_.open(shop::get, 7)).error().fault, call_fault::transport);
  const auto sent = network_.sent.size();
  EXPECT_EQ(run(shop_.open(shop::read, shop::kind::book, "..", "de")).error().transport,
            transport_error::invalid_request);
  EXPECT_EQ(network_.sent.size(), sent);
}

TEST_F(client_open, a_status_that_means_nothing_there_is_a_response) {
  answer(404, "text/plain", "nothing");
  auto opened = run(shop_.open(shop::offer, 1.5));
  EXPECT_EQ(read(opened), "404 nothing");
}

TEST_F(client_open, takes_the_times_of_the_call_and_of_the_stream) {
  answer(200, "text/plain", "", 10);
  network_.at("http://shop").part_takes = 1s;
  auto opened = run(
      shop_.open(shop::read, shop::kind::book, "a", "de", call_options{.stream_timeout = 2500ms}));
  EXPECT_EQ(read(opened), "200 partpart");
  ASSERT_NE(opened->failure(), nullptr);
  EXPECT_EQ(opened->failure()->fault, call_fault::timeout);
  EXPECT_EQ(network_.sent[0].field("Request-Timeout-Ms"), "2500");
}

TEST_F(client_open, a_mock_gives_what_it_has_as_one_part) {
  test::mock<shop::api> service;
  service.on(shop::read, [](shop::kind, std::string_view path, header<"X-Language">) {
    return path == "a" ? std::string_view("whole") : std::string_view();
  });
  const client<shop::api> mocked(service);
  auto opened = run(mocked.open(shop::read, shop::kind::book, "a", "de"));
  EXPECT_EQ(read(opened), "200 whole");
  service.fail(shop::read, {.fault = call_fault::circuit_open});
  auto refused = run(mocked.open(shop::read, shop::kind::book, "a", "de"));
  EXPECT_EQ(read(refused), "not called: the circuit is open");
  const auto in_parts =
      run(service.open({.request = {.verb = "PUT", .streamed = http::streamed_body{}}}));
  EXPECT_EQ(in_parts.error().transport, transport_error::invalid_request);
}

}  // namespace
}  // namespace ferrule
