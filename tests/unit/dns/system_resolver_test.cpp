#include "ferrule/dns/system_resolver.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "ferrule/core/when_all.hpp"
#include "resolver_fixture.hpp"

namespace ferrule::dns {
namespace {

template <class World>
class system_resolver_test : public resolver_fixture<World> {};
TYPED_TEST_SUITE(system_resolver_test, io::suite::kernel_worlds);

TYPED_TEST(system_resolver_test, finds_addresses_of_both_families) {
  this->server_->on("users.test", 60, {"127.0.0.2", "127.0.0.3", "::1"});
  EXPECT_EQ(this->look_up("users.test"), (names{"127.0.0.2", "127.0.0.3", "::1"}));
  EXPECT_EQ(this->server_->asked_by_udp, 2U);
}

TYPED_TEST(system_resolver_test, remembers_for_as_long_as_it_may) {
  this->use({.ttl_max = 100ms});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  this->server_->on("always.new", 0, {"127.0.0.2"});
  this->look_up("users.test");
  EXPECT_EQ(this->look_up("USERS.test"), names{"127.0.0.2"});
  EXPECT_EQ(this->server_->asked_by_udp, 2U);
  this->look_up("always.new");
  this->look_up("always.new");
  EXPECT_EQ(this->server_->asked_by_udp, 6U);

  this->server_->on("users.test", 60, {"127.0.0.9"});
  this->pass(100ms);
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.9"});
}

TYPED_TEST(system_resolver_test, asks_once_for_all_who_want_to_know) {
  this->server_->on("users.test", 0, {"127.0.0.2"});
  resolver* const by = &*this->resolver_;
  const auto [a, b, c] =
      *sync_wait(*this->loop_, [](resolver* r) -> task<std::tuple<names, names, names>> {
        co_return co_await when_all(ips_of(r, "users.test"), ips_of(r, "users.test"),
                                    ips_of(r, "Users.test"));
      }(by));
  EXPECT_EQ(a, names{"127.0.0.2"});
  EXPECT_EQ(b, a);
  EXPECT_EQ(c, a);
  EXPECT_EQ(this->server_->asked_by_udp, 2U);
}

TYPED_TEST(system_resolver_test, remembers_for_a_while_what_does_not_exist) {
  EXPECT_EQ(this->look_up("nobody.test"), unknown);
  const unsigned asked = this->server_->asked_by_udp;
  EXPECT_GT(asked, 0U);
  EXPECT_EQ(this->look_up("nobody.test"), unknown);
  EXPECT_EQ(this->server_->asked_by_udp, asked);
  this->server_->on("no.addresses", 60, {});
  EXPECT_EQ(this->look_up("no.addresses"), unknown);
}

TYPED_TEST(system_resolver_test, refuses_what_is_no_name) {
  EXPECT_EQ(this->look_up("a..b"), unknown);
  EXPECT_EQ(this->look_up(std::string(64, 'a') + ".test"), unknown);
  EXPECT_EQ(this->server_->asked_by_udp, 0U);
}

TYPED_TEST(system_resolver_test, remembers_for_a_moment_what_failed) {
  this->use({.failure_ttl = 100ms});
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.code = 2});
  }
  EXPECT_EQ(this->look_up("users.test"), failed);
  const unsigned asked = this->server_->asked_by_udp;
  EXPECT_EQ(this->look_up("users.test"), failed);
  EXPECT_EQ(this->server_->asked_by_udp, asked);
  this->server_->on("users.test", 60, {"127.0.0.2"});
  this->pass(100ms);
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
}

TYPED_TEST(system_resolver_test, gives_up_on_a_server_that_is_silent) {
  this->use({.try_timeout = 5ms, .tries_max = 2});
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.silent = true});
  }
  EXPECT_EQ(this->look_up("users.test"), failed);
  EXPECT_EQ(this->server_->asked_by_udp, 4U) << "each kind of address twice";
}

TYPED_TEST(system_resolver_test, asks_by_tcp_for_what_was_cut_off) {
  this->server_->on("users.test", 60, {"127.0.0.2", "127.0.0.3"});
  this->server_->on("users.test", record_type::a,
                    {.answers = {a_record("users.test", 60, "127.0.0.2"),
                                 a_record("users.test", 60, "127.0.0.3")},
                     .truncated = true});
  EXPECT_EQ(this->look_up("users.test"), (names{"127.0.0.2", "127.0.0.3"}));
  EXPECT_EQ(this->server_->asked_by_tcp, 1U);
}

TYPED_TEST(system_resolver_test, takes_garbage_for_no_answer) {
  for (const std::string& bytes :
       {std::string("?"), std::string(300, '\xff'), u16(0x8180) + u16(1) + u16(9) + u32(0)}) {
    this->use({.try_timeout = 5ms, .tries_max = 2});
    for (const record_type type : {record_type::a, record_type::aaaa}) {
      this->server_->on("users.test", type, {.garbage = bytes});
    }
    EXPECT_EQ(this->look_up("users.test"), failed);
  }
}

TYPED_TEST(system_resolver_test, follows_aliases) {
  const std::string alias = record("www.test", record_type::cname, 60, labels("users.test"));
  this->server_->on("www.test", record_type::a,
                    {.answers = {alias, a_record("users.test", 60, "127.0.0.2")}});
  this->server_->on("www.test", record_type::aaaa, {.answers = {alias}});
  EXPECT_EQ(this->look_up("www.test"), names{"127.0.0.2"});

  const std::string passing = record("new.test", record_type::cname, 0, labels("users.test"));
  this->server_->on("new.test", record_type::a,
                    {.answers = {passing, a_record("users.test", 60, "127.0.0.2")}});
  this->server_->on("new.test", record_type::aaaa, {.answers = {passing}});
  this->look_up("new.test");
  const unsigned asked = this->server_->asked_by_udp;
  this->look_up("new.test");
  EXPECT_GT(this->server_->asked_by_udp, asked) << "an alias has a TTL too";
}

TYPED_TEST(system_resolver_test, searches_the_domains_it_was_given) {
  this->use({.search_domains = {"here.test", "there.test"}});
  this->server_->on("users.there.test", 60, {"127.0.0.2"});
  EXPECT_EQ(this->look_up("users"), names{"127.0.0.2"});
  EXPECT_EQ(this->look_up("users."), unknown) << "that name is complete";
}

TYPED_TEST(system_resolver_test, knows_what_the_hosts_file_says) {
  std::string path = testing::TempDir() + "hosts.XXXXXX";
  const int fd = ::mkstemp(path.data());
  std::FILE* const file = ::fdopen(fd, "w");
  std::fputs("127.0.0.7 other users.test\n::1 users.test\n", file);
  std::fclose(file);
  ::setenv("CARES_HOSTS", path.c_str(), 1);
  EXPECT_EQ(this->look_up("users.test"), (names{"127.0.0.7", "::1"}));
  ::unsetenv("CARES_HOSTS");
  std::remove(path.c_str());
  EXPECT_EQ(this->look_up("localhost").front(), "127.0.0.1");
  EXPECT_EQ(this->server_->asked_by_udp, 0U);
}

TYPED_TEST(system_resolver_test, a_lookup_goes_on_for_others_when_one_is_cancelled) {
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.silent = true});
  }
  EXPECT_EQ(this->run(ips_within(5ms, &*this->resolver_, "users.test")), names{"too late"});
  this->use({.try_timeout = 30ms});
  const auto both = [](resolver* by) -> task<std::tuple<names, names>> {
    co_return co_await when_all(ips_within(1ms, by, "users.test"), ips_of(by, "users.test"));
  };
  task<std::tuple<names, names>> asking = both(&*this->resolver_);
  struct later : timer {
    explicit later(name_server& of)
        : timer([](timer& t) noexcept {
            static_cast<later&>(t).server.on("users.test", 60, {"127.0.0.2"});
          }),
          server(of) {}
    name_server& server;
  } answers(*this->server_);
  this->loop_->arm(answers, this->loop_->now() + 5ms);
  const auto [hasty, patient] = this->run(std::move(asking));
  EXPECT_EQ(hasty, names{"too late"});
  EXPECT_EQ(patient, names{"127.0.0.2"});
}

TYPED_TEST(system_resolver_test, looks_up_a_limited_number_of_names_at_a_time) {
  this->use({.lookups_max = 1});
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.silent = true});
  }
  EXPECT_EQ(this->run(ips_within(1ms, &*this->resolver_, "users.test")), names{"too late"});
  EXPECT_EQ(this->look_up("orders.test"), names{to_string(lookup_error::no_resources)});
}

TYPED_TEST(system_resolver_test, finds_services_in_the_order_to_try_them) {
  const std::string_view name = "_http._tcp.users.test";
  this->server_->on(name, record_type::srv,
                    {.answers = {srv_record(name, 60, 20, 1, 8003, "c.test"),
                                 srv_record(name, 60, 10, 0, 8001, "a.test"),
                                 srv_record(name, 60, 15, 5, 8002, "b.test")}});
  const auto found = this->run(this->resolver_->services(name));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (std::vector<service_target>{{.host = "a.test", .port = 8001, .priority = 10},
                                                 {"b.test", 8002, 15, 5},
                                                 {"c.test", 8003, 20, 1}}));
  EXPECT_TRUE(this->run(this->resolver_->services(name)).has_value());
  EXPECT_EQ(this->server_->asked_by_udp, 1U);
  const auto none = this->run(this->resolver_->services("_no._tcp.users.test"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error(), lookup_error::not_found);
}

TYPED_TEST(system_resolver_test, may_die_while_a_server_is_asked) {
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.silent = true});
  }
  EXPECT_EQ(this->run(ips_within(1ms, &*this->resolver_, "users.test")), names{"too late"});
  this->resolver_.reset();
  this->loop_->run_once(this->loop_->now() + 1ms);
}

TYPED_TEST(system_resolver_test, a_reactor_may_end_with_it) {
  this->server_->on("users.test", record_type::a, {.silent = true});
  EXPECT_EQ(this->run(ips_within(1ms, &*this->resolver_, "users.test")), names{"too late"});
  this->server_.reset();
  this->resolver_.reset();
  this->loop_.reset();
}

}  // namespace
}  // namespace ferrule::dns
