// What a lookup gives when answers get lost, or name servers do.
#include <gtest/gtest.h>

#include "dns/address_lookup.hpp"
#include "resolver_fixture.hpp"
#include "support/no_descriptors_left.hpp"

namespace ferrule::dns {
namespace {

template <class World>
class lost_answers_test : public resolver_fixture<World> {};
TYPED_TEST_SUITE(lost_answers_test, io::suite::kernel_worlds);

TYPED_TEST(lost_answers_test, one_family_does_not_wait_long_for_the_other) {
  for (const bool v6_is_lost : {true, false}) {
    const std::string name = v6_is_lost ? "v4.test" : "v6.test";
    const std::string ip = v6_is_lost ? "127.0.0.2" : "::1";
    this->server_->on(name, 60, {ip});
    this->server_->on(name, v6_is_lost ? record_type::aaaa : record_type::a, {.silent = true});
    // The server would be asked again after 10 s.
    EXPECT_EQ(this->run(ips_within(5s, &*this->resolver_, name)), names{ip});
    const unsigned asked = this->server_->asked_by_udp;
    EXPECT_EQ(this->look_up(name), names{ip});
    EXPECT_EQ(this->server_->asked_by_udp, asked) << "what is known is remembered";
  }
}

TYPED_TEST(lost_answers_test, what_comes_late_is_there_for_later_lookups) {
  this->use({.try_timeout = 100ms, .resolution_delay = 5ms});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  this->server_->on("users.test", record_type::aaaa, {.silent = true});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  this->server_->on("users.test", 60, {"127.0.0.2", "::1"});  // when it is asked again
  const mono_time end = this->loop_->now() + 5s;
  names known;
  while (known.size() != 2 && this->loop_->now() < end) {
    this->pass(10ms);
    known = this->look_up("users.test");
  }
  EXPECT_EQ(known, (names{"127.0.0.2", "::1"}));
  EXPECT_EQ(this->server_->asked_by_udp, 3U);
}

TYPED_TEST(lost_answers_test, a_lookup_may_die_while_the_second_answer_is_waited_for) {
  this->use({.resolution_delay = 1ms});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  this->server_->on("users.test", record_type::aaaa, {.silent = true});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  this->resolver_.reset();
  this->pass(5ms);
}

TYPED_TEST(lost_answers_test, searching_goes_on_only_when_neither_family_is_there) {
  this->use({.search_domains = {"here.test", "there.test"}});
  this->server_->on("users.here.test", 60, {"127.0.0.2"});
  this->server_->on("users.there.test", 60, {"::1"});
  EXPECT_EQ(this->look_up("users"), names{"127.0.0.2"}) << "addresses of two hosts do not mix";
}

TYPED_TEST(lost_answers_test, an_expired_answer_is_used_while_the_servers_are_silent) {
  this->use({.ttl_max = 20ms, .stale_wait = 30ms, .recheck_wait = 50ms});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  this->silence("users.test");
  this->pass(20ms);
  EXPECT_EQ(this->run(ips_within(5s, &*this->resolver_, "users.test")), names{"127.0.0.2"});
  const unsigned asked = this->server_->asked_by_udp;
  EXPECT_EQ(asked, 4U);
  for (int i = 0; i != 100; ++i) EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  EXPECT_EQ(this->server_->asked_by_udp, asked) << "one asks for all, behind them";
}

TYPED_TEST(lost_answers_test, an_expired_answer_is_used_while_the_servers_fail) {
  this->use({.ttl_max = 20ms, .recheck_wait = 50ms});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.code = 2});
  }
  this->pass(20ms);
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  const unsigned asked = this->server_->asked_by_udp;
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  EXPECT_EQ(this->server_->asked_by_udp, asked) << "too soon to ask again";

  this->server_->on("users.test", 60, {"127.0.0.9"});
  const mono_time end = this->loop_->now() + 5s;
  names known;
  while (known != names{"127.0.0.9"} && this->loop_->now() < end) {
    this->pass(10ms);
    known = this->look_up("users.test");
  }
  EXPECT_EQ(known, names{"127.0.0.9"}) << "it is renewed once the server is back";
}

TYPED_TEST(lost_answers_test, an_expired_answer_gives_way_to_a_new_one_at_once) {
  this->use({.ttl_max = 20ms, .stale_wait = 10s});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  this->server_->on("users.test", 60, {"127.0.0.9"});
  this->pass(20ms);
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.9"});
  this->server_->on("users.test", record_type::a, {.code = 3});
  this->server_->on("users.test", record_type::aaaa, {.code = 3});
  this->pass(20ms);
  EXPECT_EQ(this->look_up("users.test"), unknown) << "the server says that it is gone";
}

TYPED_TEST(lost_answers_test, expired_answers_may_be_turned_off) {
  this->use({.ttl_max = 20ms, .stale_max = 0ns});
  this->server_->on("users.test", 60, {"127.0.0.2"});
  EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  for (const record_type type : {record_type::a, record_type::aaaa}) {
    this->server_->on("users.test", type, {.code = 2});
  }
  this->pass(20ms);
  EXPECT_EQ(this->look_up("users.test"), failed);
}

TYPED_TEST(lost_answers_test, a_want_of_descriptors_is_not_the_servers_fault) {
  this->server_->on("users.test", 60, {"127.0.0.2"});
  for (const bool is_set_up : {true, false}) {
    this->use({.try_timeout = 20ms, .tries_max = 1});
    if (is_set_up) EXPECT_EQ(this->look_up("nobody.test"), unknown);
    {
      const io::suite::no_descriptors_left shortage;
      EXPECT_EQ(this->look_up("users.test"), names{to_string(lookup_error::no_resources)});
    }
    EXPECT_EQ(this->look_up("users.test"), names{"127.0.0.2"});
  }
}

TEST(is_before_v4, follows_the_table_of_rfc_6724) {
  const auto is_before = [](const char* ip) { return is_before_v4(*address::parse(ip, 0)); };
  EXPECT_TRUE(is_before("::1"));
  for (const char* ip : {"fd00::1", "fc00::1", "2002:7f00:1::", "2001:0:1::"}) {
    EXPECT_FALSE(is_before(ip)) << ip;
  }
}

}  // namespace
}  // namespace ferrule::dns
