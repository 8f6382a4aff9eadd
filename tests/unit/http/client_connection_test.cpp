#include "ferrule/http/client_connection.hpp"

#include <gtest/gtest.h>

#include <string>

#include "ferrule/core/race.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "support/server_suite.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;
using response_result = result<client_response, client_error>;

/// Against the server, on the same reactor.
template <class World>
class client_connection_test : public server_fixture<World> {
 protected:
  template <class T>
  T run(task<T> work) {
    return *sync_wait(*this->loop_, std::move(work));
  }
  client_connection make_client(const client_limits& limits = {}) {
    auto connected = run(tcp_stream::connect(this->server_->local()));
    EXPECT_TRUE(connected.has_value());
    return client_connection(std::move(*connected), limits);
  }
};
TYPED_TEST_SUITE(client_connection_test, io::suite::worlds);

client_request to(std::string_view target) { return {.target = target, .host = "a"}; }
client_request post(std::string_view target, std::string_view body) {
  return {.verb = "POST", .target = target, .host = "a", .body = body};
}

task<bool> answers_within(std::chrono::nanoseconds limit, client_connection& connection,
                          client_request what) {
  co_return (co_await with_deadline(limit, connection.request(what))).has_value();
}

TYPED_TEST(client_connection_test, one_connection_carries_many_requests) {
  this->listen();
  client_connection client = this->make_client();
  for (int i = 0; i < 20; ++i) {
    const std::string target = (i % 2 == 0 ? "/plain?" : "/async?") + std::to_string(i);
    const response_result response = this->run(client.request(to(target)));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status(), 200);
    EXPECT_EQ(response->header("content-type"), "text/plain");
    EXPECT_TRUE(response->body().ends_with(target));
    EXPECT_TRUE(client.reusable());
  }
  EXPECT_EQ(this->server_->counters().connections_accepted, 1U);
}

TYPED_TEST(client_connection_test, sends_and_receives_large_bodies) {
  this->listen({.body_bytes_max = 3'000'000});
  client_connection client = this->make_client();
  const std::string body = io::suite::pattern(2'000'000);
  const response_result response = this->run(client.request(post("/echo", body)));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body(), body);
  EXPECT_TRUE(client.reusable());
}

TYPED_TEST(client_connection_test, reads_bodies_however_they_are_framed) {
  this->listen();
  client_connection client = this->make_client();
  for (const std::string_view target : {"/stream/50000", "/length/50000", "/stream/0"}) {
    const response_result response = this->run(client.request(to(target)));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->body(), std::string(target == "/stream/0" ? 0 : 50'000, 'x'));
    EXPECT_TRUE(client.reusable());
  }
}

TYPED_TEST(client_connection_test, does_not_wait_for_a_body_that_never_comes) {
  this->listen();
  client_connection client = this->make_client();
  client_request head = to("/plain");
  head.verb = "HEAD";
  const response_result about = this->run(client.request(head));
  ASSERT_TRUE(about.has_value());
  EXPECT_EQ(about->head().content_length, std::string_view("plain /plain").size());
  EXPECT_EQ(about->body(), "");
  const response_result empty = this->run(client.request(to("/empty")));
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->status(), 204);
  EXPECT_TRUE(client.reusable());
}

TYPED_TEST(client_connection_test, may_announce_its_last_request) {
  this->listen();
  client_connection client = this->make_client();
  client_request last = to("/plain");
  last.close = true;
  const response_result response = this->run(client.request(last));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->header("connection"), "close");
  EXPECT_FALSE(client.reusable());
  EXPECT_EQ(this->run(client.request(to("/plain"))).error(), client_error::not_reusable);
}

TYPED_TEST(client_connection_test, takes_an_answer_that_comes_before_the_request_was_sent) {
  this->listen({.body_bytes_max = 1000});
  client_connection client = this->make_client();
  const std::string body(30'000'000, 'b');
  const response_result response = this->run(client.request(post("/echo", body)));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status(), 413);
  EXPECT_FALSE(client.reusable());
}

TYPED_TEST(client_connection_test, an_answer_that_is_cut_off_is_an_error) {
  this->listen();
  client_connection client = this->make_client();
  EXPECT_EQ(this->run(client.request(to("/short"))).error(), client_error::closed_early);
  EXPECT_FALSE(client.reusable());
}

TYPED_TEST(client_connection_test, a_connection_that_was_closed_meanwhile_gives_no_response) {
  this->listen();
  client_connection client = this->make_client();
  ASSERT_TRUE(this->run(client.request(to("/plain"))).has_value());
  EXPECT_TRUE(client.is_quiet());
  this->drain(0ns);
  ASSERT_TRUE(this->until([this] { return this->drained_; }));
  ASSERT_TRUE(client.reusable()) << "it cannot know";
  if (!TypeParam::simulated) {  // where the end is still under way
    EXPECT_FALSE(client.is_quiet()) << "unless it looks";
  }
  EXPECT_EQ(this->run(client.request(to("/plain"))).error(), client_error::no_response);
  EXPECT_FALSE(client.reusable());
}

TYPED_TEST(client_connection_test, a_deadline_unwinds_a_request_and_ends_the_connection) {
  this->listen();
  client_connection client = this->make_client();
  EXPECT_FALSE(this->run(answers_within(10ms, client, to("/never"))));
  EXPECT_FALSE(client.reusable());
  EXPECT_EQ(this->run(client.request(to("/plain"))).error(), client_error::not_reusable);
}

TYPED_TEST(client_connection_test, what_was_stopped_before_sends_nothing) {
  this->listen();
  client_connection client = this->make_client();
  stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(sync_wait(*this->loop_, client.request(to("/plain")), stop).has_value());
  EXPECT_FALSE(client.reusable());
  EXPECT_EQ(this->server_->counters().requests, 0U);
}

TYPED_TEST(client_connection_test, an_invalid_request_does_no_harm) {
  this->listen();
  client_connection client = this->make_client();
  client_request connect = to("/plain");
  connect.verb = "CONNECT";
  const header_field evil{"X", "a\r\nb"};
  client_request smuggling = to("/plain");
  smuggling.fields = {&evil, 1};
  for (const client_request& bad : {connect, smuggling, to("/a b"), client_request{}}) {
    EXPECT_EQ(this->run(client.request(bad)).error(), client_error::invalid_request);
    EXPECT_EQ(this->run(client.send(bad)).error(), client_error::invalid_request);
  }
  EXPECT_TRUE(this->run(client.request(to("/plain"))).has_value());
}

TYPED_TEST(client_connection_test, goes_through_a_response_in_steps) {
  this->listen();
  client_connection client = this->make_client({.body_bytes_max = 100'000});
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(this->run(client.send(to("/stream/100000"))).has_value());
    EXPECT_FALSE(client.reusable());
    const auto head = this->run(client.read_head());
    ASSERT_TRUE(head.has_value());
    std::size_t bytes = 0;
    for (;;) {
      const auto part = this->run(client.read_body());
      ASSERT_TRUE(part.has_value());
      if (part->empty()) break;
      EXPECT_FALSE(client.reusable());
      bytes += part->size();
    }
    EXPECT_EQ(bytes, 100'000U);
    EXPECT_EQ(head->header("content-type"), "text/plain") << "views last until the next request";
    EXPECT_TRUE(client.reusable());
  }
}

TYPED_TEST(client_connection_test, its_end_may_be_awaited) {
  this->listen();
  client_connection client = this->make_client();
  ASSERT_TRUE(sync_wait(*this->loop_, client.close()).has_value());
  EXPECT_FALSE(client.reusable());
  EXPECT_TRUE(this->until([&] { return this->server_->counters().connections_open == 0; }));
}

TEST(client_response, can_be_made_up) {
  std::string name = "X-Tag-that-is-longer-than-a-short-string";
  std::vector<header_field> fields{{"Location", "/users/7"}, {name, "blue"}};
  client_response made = client_response::make(201, fields, "body");
  name.assign(name.size(), '!');  // it keeps none of what it was given
  fields.clear();
  const client_response moved = std::move(made);
  EXPECT_EQ(moved.status(), 201);
  EXPECT_EQ(moved.header("location"), "/users/7");
  EXPECT_EQ(moved.header("x-tag-that-is-longer-than-a-short-string"), "blue");
  EXPECT_EQ(moved.body(), "body");
  EXPECT_EQ(moved.head().content_length, 4U);
}

}  // namespace
}  // namespace ferrule::http
