#include "load/requests.hpp"

#include <gtest/gtest.h>

#include "load/url.hpp"

namespace ferrule::load {
namespace {

const std::string& bytes_of(const request_set& set, std::size_t i = 0) {
  return set.all()[i].variants.front();
}

TEST(requests, are_rendered_as_they_are_sent) {
  const auto plain = request_set::prepare({{.target = "/a?b=c"}}, "host:8001", true);
  ASSERT_TRUE(plain);
  EXPECT_EQ(bytes_of(*plain), "GET /a?b=c HTTP/1.1\r\nHost: host:8001\r\n\r\n");
  EXPECT_EQ(plain->all()[0].name, "GET /a?b=c");

  const auto post = request_set::prepare(
      {{.method = "POST", .target = "/", .headers = {{"Host", "b"}, {"X-A", "1"}}, .body = "hi"}},
      "a", false);
  ASSERT_TRUE(post);
  EXPECT_EQ(bytes_of(*post),
            "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\nConnection: close\r\nX-A: 1\r\n\r\n"
            "hi");
}

TEST(requests, a_range_stands_for_its_numbers) {
  const auto few = request_set::prepare({{.target = "/u/{8..11}/x"}}, "a", true);
  ASSERT_TRUE(few);
  ASSERT_EQ(few->all()[0].variants.size(), 4U);
  EXPECT_TRUE(few->all()[0].variants[3].starts_with("GET /u/11/x HTTP"));
  EXPECT_EQ(few->all()[0].name, "GET /u/{8..11}/x");

  const auto many = request_set::prepare({{.target = "/{0..1000000}"}}, "a", true);
  ASSERT_TRUE(many);
  EXPECT_GT(many->all()[0].variants.size(), 900U);
  EXPECT_LE(many->all()[0].variants.size(), 1024U);
}

TEST(requests, a_range_that_is_none_is_no_target) {
  for (const char* const target : {"/{5..1}", "/{1..x}", "/{1..99999999999999999999}", "/{1..}"}) {
    const auto made = request_set::prepare({{.target = target}}, "a", true);
    ASSERT_FALSE(made) << target;
    EXPECT_NE(made.error().find("' is no range of numbers such as {1..1000}"), std::string::npos)
        << made.error();
  }
  EXPECT_TRUE(request_set::prepare({{.target = "/{id}"}}, "a", true));
}

TEST(requests, that_are_no_requests_are_refused) {
  for (const request_source& wrong :
       {request_source{.target = "/a b"}, request_source{.method = "G T"},
        request_source{.headers = {{"X", "a\nb"}}}, request_source{.method = "CONNECT"},
        request_source{.headers = {{"Content-Length", "7"}}}}) {
    const auto made = request_set::prepare({wrong}, "a", true);
    EXPECT_FALSE(made);
  }
}

TEST(requests, are_drawn_by_their_weights) {
  const auto set = request_set::prepare(
      {{.weight = 7, .target = "/a"}, {.weight = 1, .target = "/b"}, {.weight = 2, .target = "/c"}},
      "a", true);
  ASSERT_TRUE(set);
  rng random(1);
  double drawn[3] = {};
  for (int i = 0; i != 100000; ++i) ++drawn[set->pick(random)];
  EXPECT_NEAR(drawn[0], 70000, 700);
  EXPECT_NEAR(drawn[1], 10000, 500);
  EXPECT_NEAR(drawn[2], 20000, 500);
}

TEST(request_file, is_read) {
  const auto sources = parse_requests(R"([
      {"target": "/users/1", "weight": 9},
      {"name": "add", "method": "POST", "target": "/users", "json": {"name": "x"},
       "headers": {"X-A": "b"}, "expect_status": 201}])");
  ASSERT_TRUE(sources) << sources.error();
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_DOUBLE_EQ((*sources)[0].weight, 9);
  EXPECT_EQ((*sources)[1].body, R"({"name":"x"})");
  EXPECT_EQ((*sources)[1].headers.size(), 2U);
  EXPECT_EQ((*sources)[1].statuses, std::vector<int>{201});
  EXPECT_FALSE((*sources)[1].name.empty());
}

TEST(request_file, names_every_problem) {
  const auto sources = parse_requests(R"([{"target": "x"}, {"target": "/", "wieght": 1}])");
  ASSERT_FALSE(sources);
  EXPECT_NE(sources.error().find("/0/target must begin with '/'"), std::string::npos)
      << sources.error();
  EXPECT_NE(sources.error().find("/1/wieght"), std::string::npos) << sources.error();
  EXPECT_FALSE(parse_requests("[]"));
  EXPECT_FALSE(parse_requests("{"));
}

TEST(url, is_taken_apart) {
  const auto whole = parse_url("http://example.com:8001/a/b?c=d#e");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->host, "example.com");
  EXPECT_EQ(whole->port, 8001);
  EXPECT_EQ(whole->authority, "example.com:8001");
  EXPECT_EQ(whole->target, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://a:80?q")->authority, "a");
  EXPECT_EQ(parse_url("http://a:80?q")->target, "/?q");
  EXPECT_EQ(parse_url("localhost:8001")->target, "/");
  EXPECT_EQ(parse_url("http://[::1]:81/")->host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:81/")->authority, "[::1]:81");
  for (const char* wrong : {"", "http://", "https://a/", "ftp://a/", "http://a:0/", "http://a:x/",
                            "http://a:65536/", "http://[::1/", "http://:80/"}) {
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  }
}

TEST(url, finds_addresses) {
  EXPECT_EQ(resolve(*parse_url("127.0.0.1:81"))->front().text(), "127.0.0.1:81");
  EXPECT_EQ(resolve(*parse_url("[::1]:81"))->front().text(), "[::1]:81");
  const auto local = resolve(*parse_url("localhost:81"));
  ASSERT_TRUE(local);
  EXPECT_EQ(local->front().text(), "127.0.0.1:81");
}

}  // namespace
}  // namespace ferrule::load
