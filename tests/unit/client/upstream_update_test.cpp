// The endpoints of a service change while it is called.
#include "upstream_fixture.hpp"

namespace ferrule {
namespace {

class upstream_update : public upstream_test {
 protected:
  static task<> call_and_note(upstream* service, std::vector<std::string>* ends) {
    const auto got = co_await service->call({.request = {.target = "/x"}});
    ends->push_back(got ? std::to_string(got->status()) : to_string(got.error()));
  }
  static task<> change(upstream* service, std::chrono::nanoseconds wait,
                       std::vector<upstream_endpoint> wanted) {
    co_await sleep(wait);
    EXPECT_TRUE(service->update(std::move(wanted)));
  }
  static task<> call_and_change(scope& all, upstream* service, int calls,
                                std::chrono::nanoseconds wait,
                                std::vector<upstream_endpoint> wanted,
                                std::vector<std::string>* ends) {
    for (int i = 0; i != calls; ++i) all.spawn(call_and_note(service, ends));
    co_await change(service, wait, std::move(wanted));
  }
  static task<bool> in_scope(upstream* service, int calls, std::chrono::nanoseconds wait,
                             std::vector<upstream_endpoint> wanted,
                             std::vector<std::string>* ends) {
    co_await with_scope(&call_and_change, service, calls, wait, std::move(wanted), ends);
    co_return true;
  }
  /// Makes so many calls at once, changes the endpoints after `wait`, and gives how they ended.
  std::vector<std::string> change_under(int calls, std::chrono::nanoseconds wait,
                                        std::vector<upstream_endpoint> wanted) {
    std::vector<std::string> ends;
    EXPECT_TRUE(run(in_scope(&*made_, calls, wait, std::move(wanted), &ends)));
    return ends;
  }
  std::vector<upstream_endpoint_snapshot> shown() { return made_->snapshot().endpoints; }
  upstream_endpoint_snapshot shown(std::size_t i) {
    for (const auto& each : shown()) {
      if (each.origin == name(i)) return each;
    }
    return {.origin = "(none)"};
  }
};

TEST_F(upstream_update, who_stays_keeps_what_is_known_and_who_comes_is_asked) {
  make({}, 2);
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  const auto before = shown(1);
  EXPECT_GT(before.balance.picks, 0U);
  const auto changed = made_->update(endpoints({{1, 3}, {2, 1}}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, (endpoint_changes{.added = 1, .removed = 1, .kept = 1}));
  ASSERT_EQ(shown().size(), 2U);
  EXPECT_EQ(shown(1).balance.picks, before.balance.picks);
  EXPECT_EQ(shown(1).balance.latency_ns, before.balance.latency_ns);
  EXPECT_EQ(shown(1).balance.weight, 3U);
  EXPECT_EQ(shown(2).balance.latency_ns, 0);
  const std::size_t old = count(0);
  for (int i = 0; i != 40; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(count(0), old);
  EXPECT_GT(count(2), 0U);
}

TEST_F(upstream_update, an_ejected_endpoint_that_stays_is_still_ejected) {
  make({}, 2);
  server(0) = refused;
  for (int i = 0; i != 5; ++i) EXPECT_EQ(ask(), "200");
  ASSERT_TRUE(shown(0).ejection->is_ejected);
  ASSERT_TRUE(made_->update(endpoints({{0, 5}, {1, 1}, {2, 1}})));
  EXPECT_TRUE(shown(0).ejection->is_ejected);
  const std::size_t before = count(0);
  for (int i = 0; i != 20; ++i) EXPECT_EQ(ask(), "200");
  EXPECT_EQ(count(0), before);
  // Gone and come again it is new.
  ASSERT_TRUE(made_->update(endpoints({{1, 1}})));
  ASSERT_TRUE(made_->update(endpoints({{0, 1}, {1, 1}})));
  EXPECT_FALSE(shown(0).ejection->is_ejected);
  EXPECT_EQ(shown(0).balance.picks, 0U);
}

TEST_F(upstream_update, calls_under_way_keep_an_endpoint_until_they_end) {
  make({}, 1);
  server(0).takes = 300ms;
  const auto ends = change_under(5, 100ms, endpoints({{1, 1}}));
  EXPECT_EQ(ends, std::vector<std::string>(5, "200"));
  EXPECT_EQ(count(0), 5U);
  EXPECT_EQ(shown().size(), 1U) << "nothing is left of it";
  EXPECT_EQ(shown(0).origin, "(none)");
}

TEST_F(upstream_update, who_is_leaving_is_shown_and_may_come_back) {
  make({}, 2);
  network_.decide = [this](std::size_t number, const origin&) -> test::server_script {
    if (number != 6) return {.takes = 300ms};  // the seventh comes while the others run
    const auto one = endpoints({{1, 1}});
    EXPECT_EQ(*made_->update(one), (endpoint_changes{.removed = 1, .kept = 1}));
    EXPECT_TRUE(shown(0).is_leaving);
    EXPECT_EQ(shown(0).balance.weight, 0U);
    EXPECT_FALSE(shown(1).is_leaving);
    const auto picks = shown(0).balance.picks;
    EXPECT_GT(picks, 0U);
    EXPECT_EQ(*made_->update(one), (endpoint_changes{.kept = 1})) << "it leaves once";
    EXPECT_EQ(*made_->update(endpoints({{0, 7}, {1, 1}})),
              (endpoint_changes{.added = 1, .kept = 1}));
    EXPECT_FALSE(shown(0).is_leaving);
    EXPECT_EQ(shown(0).balance.weight, 7U);
    EXPECT_EQ(shown(0).balance.picks, picks) << "it was not forgotten yet";
    EXPECT_FALSE(shown(0).ejection->is_ejected);
    EXPECT_EQ(*made_->update(one), (endpoint_changes{.removed = 1, .kept = 1}));
    return {};
  };
  const auto ends = change_under(7, 1s, endpoints({{1, 1}}));
  EXPECT_EQ(ends, std::vector<std::string>(7, "200"));
  EXPECT_EQ(shown().size(), 1U);
}

TEST_F(upstream_update, a_retry_goes_to_who_is_there_by_then) {
  make({.retry = {.tries_max = 3, .try_timeout = 400ms, .backoff_max = 100ms, .deadline = 2s}}, 1);
  server(0) = cut_off;
  server(0).takes = 200ms;
  EXPECT_EQ(change_under(1, 100ms, endpoints({{1, 1}})), std::vector<std::string>{"200"});
  EXPECT_EQ(count(0), 1U);
  EXPECT_EQ(count(1), 1U);
}

// While a call waits, the endpoint that it tried is removed and others join. They have not been
// tried, whatever numbers they get.
TEST_F(upstream_update, nobody_is_taken_for_one_that_was_tried_before) {
  make({.retry = {.tries_max = 2,
                  .try_timeout = 400ms,
                  .backoff_base = 100ms,
                  .backoff_max = 100ms,
                  .deadline = 2s}},
       1);
  server(0) = cut_off;
  for (int i = 0; i != 20; ++i) {
    ASSERT_TRUE(made_->update(endpoints({{0, 1}})));
    change_under(1, 2ms, endpoints({{1, 1}, {2, 1}}));
    EXPECT_EQ(shown().size(), 2U);
    wait(1s);
  }
  EXPECT_GT(count(1), 0U);
  EXPECT_GT(count(2), 0U);
}

TEST_F(upstream_update, an_empty_set_refuses_at_once_and_says_so) {
  make({.bulkhead = bulkhead_settings{.running_max = 1, .waiting_max = 5, .wait_max = 1s},
        .rate = rate_limit_settings{.per_second = 0.001, .burst = 2}},
       1);
  server(0).takes = 500ms;
  EXPECT_EQ(change_under(1, 100ms, {}), std::vector<std::string>{"200"});
  for (int i = 0; i != 5; ++i) {
    const mono_time before = loop_.now();
    const auto refused_call = call();
    ASSERT_FALSE(refused_call);
    EXPECT_EQ(refused_call.error().fault, call_fault::shed);
    EXPECT_EQ(refused_call.error().shed, shed_by::no_endpoint);
    EXPECT_EQ(loop_.now(), before);
    EXPECT_EQ(to_problem(refused_call.error()).status, 503);
  }
  EXPECT_EQ(made_->snapshot().breaker->tally.calls, 1U);
  ASSERT_TRUE(made_->update(endpoints({{0, 0}})));
  EXPECT_EQ(ask(), "not called: there is no endpoint") << "weights of 0 are nobody";
  ASSERT_TRUE(made_->update(endpoints({{1, 1}})));
  EXPECT_EQ(ask(), "200") << "refusals took nothing of the rate";
}

TEST_F(upstream_update, may_begin_with_nobody) {
  made_.emplace("shop", network_, std::vector<upstream_endpoint>{}, loop_);
  EXPECT_EQ(ask(), "not called: there is no endpoint");
  upstream other("shop", network_, {}, loop_);
  EXPECT_TRUE(other.snapshot().endpoints.empty());
  ASSERT_TRUE(made_->update(endpoints({{0, 1}})));
  EXPECT_EQ(ask(), "200");
}

TEST_F(upstream_update, a_set_with_a_fault_changes_nothing) {
  make({.balancer = {.endpoints_max = 3}}, 2);
  EXPECT_EQ(ask(), "200");
  const auto at = [](std::size_t i) { return *origin::parse(name(i)); };
  const auto refuse = [&](std::vector<upstream_endpoint> wanted, endpoints_fault fault,
                          std::string_view text) {
    const auto changed = made_->update(std::move(wanted));
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().fault, fault);
    EXPECT_EQ(to_string(changed.error()), text);
    EXPECT_EQ(shown().size(), 2U);
    EXPECT_EQ(shown(1).balance.weight, 1U);
  };
  using enum endpoints_fault;
  refuse(endpoints({{0, 1}, {1, 1}, {2, 1}, {3, 1}}), too_many, "there are too many endpoints");
  refuse(endpoints({{1, 9}, {2, 1}, {2, 1}}), repeated_id,
         "two endpoints have the same id: http://s2");
  refuse({{.id = "a", .address = at(1), .weight = 9}, {.id = "a", .address = at(2)}}, repeated_id,
         "two endpoints have the same id: a");
  refuse({{.id = "http://s1", .address = at(2)}, {.address = at(1), .weight = 9}}, repeated_id,
         "two endpoints have the same id: http://s1");
  refuse({{.id = "a"}}, no_address, "an endpoint has no address: a");
  refuse(endpoints({{1, 65'536}}), weight_too_large, "the weight is too large: http://s1");
  for (const char* authority : {"a b", "a\r\nX: y", "http://a", "a/b", ":", "a:99999"}) {
    refuse({{.id = "x", .address = at(1), .authority = authority, .weight = 9}}, invalid_authority,
           "the authority is not a host with an optional port: x");
  }
  EXPECT_TRUE(made_->update(endpoints({{1, 65'535}, {0, 0}})));
  EXPECT_EQ(shown(1).balance.weight, 65'535U);
}

// As many as there may be can be replaced by as many others while calls hold the old ones.
TEST_F(upstream_update, those_that_leave_take_nobodys_place) {
  make({.balancer = {.endpoints_max = 2}}, 2);
  server(0).takes = server(1).takes = 300ms;
  const auto ends = change_under(8, 100ms, endpoints({{2, 1}, {3, 1}}));
  EXPECT_EQ(ends, std::vector<std::string>(8, "200"));
  EXPECT_EQ(shown().size(), 2U);
}

TEST_F(upstream_update, one_id_at_another_address_is_another_endpoint) {
  const auto at = [](std::size_t i) { return *origin::parse(name(i)); };
  made_.emplace("shop", network_,
                std::vector<upstream_endpoint>{{.id = "a", .address = at(0), .zone = "x"}}, loop_);
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(*made_->update({{.id = "a", .address = at(0), .zone = "y"}}),
            (endpoint_changes{.kept = 1}));
  EXPECT_EQ(shown(0).zone, "y");
  EXPECT_EQ(shown(0).balance.picks, 1U);
  EXPECT_EQ(*made_->update({{.id = "a", .address = at(1)}}),
            (endpoint_changes{.added = 1, .removed = 1}));
  EXPECT_EQ(shown(1).balance.picks, 0U);
  EXPECT_EQ(*made_->update({{.id = "a", .address = at(1)}, {.id = "b", .address = at(1)}}),
            (endpoint_changes{.added = 1, .kept = 1}))
      << "one address may have two ids";
}

TEST_F(upstream_update, host_says_the_authority) {
  make({}, 1);
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(network_.sent[0].host, "") << "that is, what the address says";
  ASSERT_TRUE(made_->update(
      {{.address = *origin::parse(name(0)), .authority = "shop.example:8080", .zone = "a"}}));
  EXPECT_EQ(ask(), "200");
  EXPECT_EQ(network_.sent[1].host, "shop.example:8080");
  EXPECT_EQ(network_.sent[1].server, name(0));
}

// What a try was told of its endpoint stays as it is, though the endpoint is described anew.
TEST_F(upstream_update, a_try_under_way_may_read_what_it_began_with) {
  static constexpr std::string_view long_name = "too-long-to-lie-within-a-string.example";
  make({}, 1);
  std::string seen;
  struct late_reader final : transport {
    task<result<client_stream, transport_failure>> open_within(const origin& to,
                                                               http::client_request what,
                                                               send_watch*) override {
      co_await sleep(200ms);
      *host = std::string(what.host) + '@' + to.text();
      co_return client_stream::whole(http::client_response::make(200, {}, {}));
    }
    std::string* host = nullptr;
  } network;
  network.host = &seen;
  const origin at = *origin::parse(name(0));
  made_.emplace("shop", network,
                std::vector<upstream_endpoint>{
                    {.id = "a", .address = at, .authority = std::string(long_name)}},
                loop_);
  std::vector<upstream_endpoint> next{{.id = "a", .address = at, .authority = "b.example"}};
  for (int i = 2; i != 40; ++i) next.push_back({.id = std::to_string(i), .address = at});
  EXPECT_EQ(change_under(1, 100ms, next), std::vector<std::string>{"200"});
  EXPECT_EQ(seen, std::string(long_name) + "@http://s0");
  EXPECT_EQ(change_under(1, 100ms, {}), std::vector<std::string>{"200"});
}

TEST_F(upstream_update, shows_who_and_where_they_are_as_json) {
  made_.emplace("shop", network_,
                std::vector<upstream_endpoint>{{.id = "s0-a",
                                                .address = *origin::parse(name(0)),
                                                .weight = 2,
                                                .zone = "west",
                                                .labels = {{"version", "7"}}}},
                loop_);
  const json::raw report = made_->report();
  const std::string text(report.text());
  EXPECT_NE(text.find(R"({"origin":"http://s0","id":"s0-a","zone":"west",)"
                      R"("labels":{"version":"7"},"is_leaving":false,)"
                      R"("is_doubted":false,"balance":{"endpoint":0,"weight":2)"),
            text.npos)
      << text;
}

TEST(upstream_endpoints, an_address_that_is_given_twice_counts_once) {
  const auto at = [](const char* url) { return *origin::parse(url); };
  const auto all = endpoints_at({at("http://a"), at("http://b:81"), at("http://A:80/")});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].address.text(), "http://a");
  EXPECT_EQ(all[1].weight, 1U);
}

}  // namespace
}  // namespace ferrule
