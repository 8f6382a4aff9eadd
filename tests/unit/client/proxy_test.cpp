#include "ferrule/client/proxy.hpp"

#include <gtest/gtest.h>

#include "ferrule/client/client_pool.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_peer.hpp"

namespace ferrule {
namespace {

TEST(is_named_by, knows_hosts_and_what_is_below_them) {
  EXPECT_TRUE(is_named_by("example.com", "example.com"));
  EXPECT_TRUE(is_named_by("example.com", "www.Example.com"));
  EXPECT_TRUE(is_named_by("example.com.", "www.example.com"));
  EXPECT_TRUE(is_named_by("example.com", "www.example.com."));
  EXPECT_TRUE(is_named_by(".example.com", "www.example.com"));
  EXPECT_TRUE(is_named_by(".example.com", "example.com"));
  EXPECT_TRUE(is_named_by("localhost, .example.com\t,users", "users"));
  EXPECT_TRUE(is_named_by("a b", "b"));
  EXPECT_TRUE(is_named_by("*", "example.com"));
  EXPECT_TRUE(is_named_by("*", "10.0.0.1"));
  EXPECT_FALSE(is_named_by("example.com", "nonexample.com"));
  EXPECT_FALSE(is_named_by("example.com", "com"));
  EXPECT_FALSE(is_named_by("*.example.com", "www.example.com")) << "curl knows no patterns";
  EXPECT_FALSE(is_named_by("a,*", "b")) << "only a single * is one";
  for (const char* none : {"", " ", ",", "."}) EXPECT_FALSE(is_named_by(none, "a")) << none;
}

TEST(is_named_by, knows_addresses_and_networks) {
  EXPECT_TRUE(is_named_by("10.0.0.1", "10.0.0.1"));
  EXPECT_TRUE(is_named_by("10.0.0.0/8", "10.200.0.1"));
  EXPECT_TRUE(is_named_by("192.168.4.0/22", "192.168.7.255"));
  EXPECT_TRUE(is_named_by("0.0.0.0/0", "1.2.3.4"));
  EXPECT_TRUE(is_named_by("10.0.0.1/32", "10.0.0.1"));
  EXPECT_TRUE(is_named_by("::1", "::1"));
  EXPECT_TRUE(is_named_by("[::1]", "::1"));
  EXPECT_TRUE(is_named_by("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(is_named_by("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_FALSE(is_named_by("10.0.0.0/8", "11.0.0.1"));
  EXPECT_FALSE(is_named_by("192.168.4.0/22", "192.168.8.0"));
  EXPECT_FALSE(is_named_by("10.0.0.1", "10.0.0.10"));
  EXPECT_FALSE(is_named_by("0.0.0.0/0", "::1"));
  EXPECT_FALSE(is_named_by("0.0.0.1", "10.0.0.1")) << "an address has no names above it";
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "/8"}) {
    EXPECT_FALSE(is_named_by(bad, "10.0.0.1")) << bad;
  }
}

TEST(proxies_from, heeds_the_variables_that_curl_heeds) {
  const proxy_settings lower = proxies_from([](const char* name) -> const char* {
    const std::string_view n = name;
    if (n == "http_proxy") return "http://proxy:3128";
    if (n == "no_proxy") return "localhost";
    return n == "NO_PROXY" ? "other" : nullptr;
  });
  EXPECT_EQ(lower.http_proxy, "http://proxy:3128");
  EXPECT_EQ(lower.no_proxy, "localhost");
  const proxy_settings upper = proxies_from([](const char* name) -> const char* {
    const std::string_view n = name;
    if (n == "HTTP_PROXY") return "http://evil:3128";
    return n == "NO_PROXY" ? "other" : nullptr;
  });
  EXPECT_EQ(upper.http_proxy, "");
  EXPECT_EQ(upper.no_proxy, "other");
  ASSERT_EQ(setenv("no_proxy", "here", 1), 0);
  EXPECT_EQ(proxies_from(std::getenv).no_proxy, "here");
  unsetenv("no_proxy");
}

TEST(proxy_settings, is_for_what_no_proxy_does_not_name) {
  const proxy_settings proxies{.http_proxy = "proxy:3128", .no_proxy = "localhost,::1"};
  EXPECT_TRUE(proxies.is_for(*origin::parse("http://users")));
  EXPECT_FALSE(proxies.is_for(*origin::parse("http://localhost:8001")));
  EXPECT_FALSE(proxies.is_for(*origin::parse("http://[::1]:8001")));
  EXPECT_FALSE(proxies.is_for(*origin::parse("https://users"))) << "that is not http_proxy's";
  EXPECT_FALSE(proxy_settings{}.is_for(*origin::parse("http://users")));
}

TEST(proxy_server, is_read_as_curl_reads_it) {
  const auto text = [](std::string_view url) {
    const auto read = proxy_server::parse(url);
    return read ? read->at.text() + ' ' + read->authorization : "none";
  };
  EXPECT_EQ(text("http://proxy:3128/"), "http://proxy:3128 ");
  EXPECT_EQ(text("HTTP://proxy"), "http://proxy:1080 ");
  EXPECT_EQ(text("proxy:80"), "http://proxy ");
  EXPECT_EQ(text("[::1]"), "http://[::1]:1080 ");
  EXPECT_EQ(text("[::1]:81"), "http://[::1]:81 ");
  EXPECT_EQ(text("http://Aladdin:open%20sesame@proxy:1"),
            "http://proxy:1 Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(text("http://me@proxy:1"), "http://proxy:1 Basic bWU6");
  EXPECT_EQ(text("http://a:b@proxy:1"), "http://proxy:1 Basic YTpi");
  for (const char* bad : {"", "socks5://proxy", "https://proxy", "http://", "http://%zz@proxy"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
}

class proxy_test : public testing::Test {
 protected:
  void use(std::string_view http_proxy) {
    client_pool_settings settings;
    settings.proxies = {.http_proxy = std::string(http_proxy), .no_proxy = "10.0.0.3"};
    pool_.emplace(settings, names_);
  }
  std::string ask(const char* url, const http::client_request& what = {.target = "/x?y"}) {
    const auto to = origin::parse(url);
    const auto answered = *test::sim_run(world_, client_, pool_->send(*to, what));
    return answered ? std::string(answered->body()) : to_string(answered.error().error);
  }

  test::sim_world world_{1};
  reactor& client_ = world_.add_host("10.0.0.1");
  scripted_peer proxy_{world_, "10.0.0.2", 3128};
  scripted_peer direct_{world_, "10.0.0.3"};
  dns::table_resolver names_;
  std::optional<client_pool> pool_;
};

TEST_F(proxy_test, is_asked_for_whole_urls) {
  use("http://me:you@10.0.0.2:3128");
  EXPECT_EQ(ask("http://users:8001"), "ok") << "its name is for the proxy to look up";
  EXPECT_TRUE(proxy_.requests.at(0).starts_with("GET http://users:8001/x?y HTTP/1.1\r\n"));
  EXPECT_NE(proxy_.requests.at(0).find("Host: users:8001\r\n"), std::string::npos);
  EXPECT_NE(proxy_.requests.at(0).find("Proxy-Authorization: Basic bWU6eW91\r\n"),
            std::string::npos);
  EXPECT_EQ(ask("http://orders", {.verb = "OPTIONS", .target = "*"}), "ok");
  EXPECT_TRUE(proxy_.requests.at(1).starts_with("OPTIONS http://orders HTTP/1.1\r\n"));
  EXPECT_EQ(proxy_.connections, 1U) << "one connection serves all origins";
}

TEST_F(proxy_test, is_passed_by_for_those_who_are_named) {
  use("http://me:you@10.0.0.2:3128");
  EXPECT_EQ(ask("http://10.0.0.3"), "ok");
  EXPECT_TRUE(direct_.requests.at(0).starts_with("GET /x?y HTTP/1.1\r\n"));
  EXPECT_EQ(direct_.requests.at(0).find("Proxy-Auth"), std::string::npos);
  EXPECT_EQ(proxy_.connections, 0U);
}

TEST_F(proxy_test, that_refuses_or_is_none_is_an_error) {
  use("10.0.0.2:3128");
  proxy_.answers = {{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"}};
  EXPECT_EQ(ask("http://users"), to_string(transport_error::proxy_failed));
  use("socks5://10.0.0.2");
  EXPECT_EQ(ask("http://users"), to_string(transport_error::proxy_failed));
  use("10.0.0.2:3129");
  EXPECT_EQ(ask("http://users"), to_string(transport_error::connect_failed));
}

}  // namespace
}  // namespace ferrule
