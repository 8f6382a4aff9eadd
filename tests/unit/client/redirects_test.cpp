#include "client/redirects.hpp"

#include <gtest/gtest.h>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"

namespace ferrule {
namespace {

std::string resolved(std::string_view reference, std::string_view target = "/a/b?c=d") {
  const auto base = origin::parse("http://users:8001");
  const auto found = resolve(*base, target, reference);
  return found ? found->at.text() + found->target : "nowhere";
}

TEST(resolve, finds_what_a_reference_names) {
  const std::pair<const char*, const char*> cases[] = {
      {"/x", "http://users:8001/x"},
      {"/x?y=z", "http://users:8001/x?y=z"},
      {"x", "http://users:8001/a/x"},
      {"./x", "http://users:8001/a/x"},
      {"../x", "http://users:8001/x"},
      {"../../../x", "http://users:8001/x"},
      {"x/.", "http://users:8001/a/x/"},
      {"x/..", "http://users:8001/a/"},
      {"/x/../y//./z", "http://users:8001/y//z"},
      {"?e=f", "http://users:8001/a/b?e=f"},
      {"#there", "http://users:8001/a/b?c=d"},
      {"x#there", "http://users:8001/a/x"},
      {"//orders/x", "http://orders/x"},
      {"http://orders", "http://orders/"},
      {"http://orders?x=../y", "http://orders/?x=../y"},
      {"HTTP://Orders:80/x", "http://orders/x"},
      {"https://users/x", "https://users/x"},
      {"http://users:8001/x", "http://users:8001/x"},
  };
  for (const auto& [reference, wanted] : cases) EXPECT_EQ(resolved(reference), wanted) << reference;
  EXPECT_EQ(resolved("x", "*"), "http://users:8001/x");
  for (const char* bad : {"ftp://users/x", "mailto:me", "http://", "http://me@users/", "http:x"}) {
    EXPECT_EQ(resolved(bad), "nowhere") << bad;
  }
}

class redirects_test : public testing::Test {
 protected:
  void use(std::uint8_t redirects_max) {
    pool_.emplace(client_pool_settings{.redirects_max = redirects_max}, names_);
  }
  std::string ask(const http::client_request& what) {
    const auto answered = *test::sim_run(world_, client_, pool_->send(*at_, what));
    if (!answered) return to_string(answered.error().error);
    return std::to_string(answered->status()) + " " + std::string(answered->body());
  }
  static std::string redirect(int status, std::string_view location) {
    return "HTTP/1.1 " + std::to_string(status) +
           " There\r\nContent-Length: 0\r\nLocation: " + std::string(location) + "\r\n\r\n";
  }
  static std::string first_line(const std::string& request) {
    return request.substr(0, request.find("\r\n"));
  }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer users_{world_, "10.0.0.2"};
  scripted_peer orders_{world_, "10.0.0.3"};
  dns::table_resolver names_;
  std::optional<origin> at_ = origin::parse("http://10.0.0.2");
  std::optional<client_pool> pool_;
};

TEST_F(redirects_test, are_not_followed_unless_asked_for) {
  use(0);
  users_.answers = {{redirect(302, "/there")}};
  EXPECT_EQ(ask({.target = "/here"}), "302 ");
  EXPECT_EQ(users_.requests.size(), 1U);
}

TEST_F(redirects_test, are_followed_with_the_same_safe_method) {
  use(3);
  for (const int status : {301, 302, 307, 308}) {
    users_.requests.clear();
    users_.answers = {{redirect(status, "/there?x=y")}};
    EXPECT_EQ(ask({.target = "/here"}), "200 ok") << status;
    EXPECT_EQ(first_line(users_.requests.at(1)), "GET /there?x=y HTTP/1.1");
    users_.requests.clear();
    users_.answers = {{redirect(status, "/there")},
                      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}};
    EXPECT_EQ(ask({.verb = "HEAD", .target = "/here"}), "200 ");
    EXPECT_EQ(first_line(users_.requests.at(1)), "HEAD /there HTTP/1.1");
  }
}

TEST_F(redirects_test, of_what_may_do_something_are_given_back) {
  use(3);
  for (const int status : {301, 302, 307, 308}) {
    users_.answers = {{redirect(status, "/there")}};
    EXPECT_EQ(ask({.verb = "POST", .body = "x"}), std::to_string(status) + " ");
  }
  EXPECT_EQ(users_.requests.size(), 4U);
}

TEST_F(redirects_test, see_other_is_a_get_without_content) {
  use(3);
  users_.answers = {{redirect(303, "/result")}};
  const header_field fields[] = {{"Content-Language", "de"}, {"X-Trace", "7"}};
  EXPECT_EQ(ask({.verb = "POST", .content_type = "text/plain", .fields = fields, .body = "x"}),
            "200 ok");
  const std::string& second = users_.requests.at(1);
  EXPECT_EQ(first_line(second), "GET /result HTTP/1.1");
  EXPECT_EQ(second.find("Content-"), second.npos);
  EXPECT_NE(second.find("X-Trace: 7"), second.npos);
}

TEST_F(redirects_test, take_nothing_to_another_origin_that_may_be_secret) {
  use(3);
  const header_field fields[] = {
      {"authorization", "Bearer x"}, {"Cookie", "a=b"},          {"X-Api-Key", "secret"},
      {"X-Auth-Token", "secret"},    {"Proxy-Authorization", "b"}, {"baggage", "user=secret"},
      {"accept", "text/plain"},      {"Accept-Language", "de"},  {"User-Agent", "test"},
      {"traceparent", "00-1-2-00"}};
  users_.answers = {{redirect(302, "/here")}, {redirect(302, "http://10.0.0.3/there")}};
  EXPECT_EQ(ask({.host = "users.example", .fields = fields}), "200 ok");
  const std::string& stayed = users_.requests.at(1);
  for (const header_field& field : fields) {
    EXPECT_NE(stayed.find(std::string(field.name) + ": "), stayed.npos) << field.name;
  }
  EXPECT_NE(stayed.find("Host: users.example"), stayed.npos);
  EXPECT_EQ(orders_.requests.at(0),
            "GET /there HTTP/1.1\r\nHost: 10.0.0.3\r\naccept: text/plain\r\n"
            "Accept-Language: de\r\nUser-Agent: test\r\ntraceparent: 00-1-2-00\r\n\r\n");
}

TEST_F(redirects_test, to_places_in_utf8_are_followed_encoded) {
  use(3);
  const std::pair<const char*, const char*> cases[] = {
      {"/stra\xc3\x9f"
       "e?ort=k\xc3\xb6ln",
       "/stra%C3%9Fe?ort=k%C3%B6ln"},
      {"/a b", "/a%20b"},
      {"/a|b?c[]=%41%", "/a%7Cb?c%5B%5D=%41%25"},
      {"/\\evil.example/", "/%5Cevil.example/"},
      {"/x\xff", "/x%FF"},
  };
  for (const auto& [reference, target] : cases) {
    users_.requests.clear();
    users_.answers = {{redirect(302, reference)}};
    EXPECT_EQ(ask({}), "200 ok") << reference;
    EXPECT_EQ(first_line(users_.requests.at(1)), "GET " + std::string(target) + " HTTP/1.1");
  }
}

TEST_F(redirects_test, end_at_their_limit) {
  use(2);
  users_.answers = {{redirect(302, "/1")}, {redirect(302, "/2")}, {redirect(302, "/3")}};
  EXPECT_EQ(ask({}), "302 ");
  EXPECT_EQ(users_.requests.size(), 3U);
}

TEST_F(redirects_test, to_nowhere_are_responses_like_others) {
  use(3);
  for (const char* where :
       {"", "ftp://users/", "http://", "https://10.0.0.2/", "http://k\xc3\xb6ln.example/",
        "http://10.0.0.2:0/", "http://10.0.0.2:99999/", "http://a b/", "//", "http:x"}) {
    users_.answers = {{redirect(302, where)}};
    EXPECT_EQ(ask({}), "302 ") << where;
  }
}

TEST_F(redirects_test, all_together_have_the_time_of_one_request) {
  using namespace std::chrono_literals;
  use(10);
  for (int i = 0; i != 5; ++i) users_.answers.push_back({redirect(302, "/next"), {}, 500ms});
  const mono_time begin = world_.now();
  EXPECT_EQ(ask({}), to_string(transport_error::timeout));
  EXPECT_LT(world_.now() - begin, 2s + 10ms);
}

}  // namespace
}  // namespace ferrule
