#include "load/driver.hpp"

#include <gtest/gtest.h>

#include "sim_server.hpp"

namespace ferrule::load {
namespace {

/// What was due is answered, failed or unsent: nothing is lost.
void expect_balanced(const recorder& books) {
  const route_record total = books.total();
  EXPECT_EQ(total.counts.due, total.counts.ok + total.counts.failed());
}

TEST(driver, an_open_loop_sends_by_the_clock) {
  sim_fixture in;
  const request_set requests = requests_for("/users/7");
  recorder books(1);
  run_in(in, in.settings_for(requests, 4), {.rate = parse_rate("200"), .duration = 5s}, books);
  const route_record total = books.total();
  EXPECT_EQ(total.counts.due, 1000U);
  EXPECT_EQ(total.counts.ok, 1000U);
  EXPECT_EQ(total.statuses.at(200), 1000U);
  EXPECT_EQ(books.connections_made, 4U);
  EXPECT_LE(books.lag().max(), 50us);
  EXPECT_GE(total.service.min(), 200us);  // there and back
  EXPECT_LE(total.response.max(), 400us);
}

TEST(driver, a_closed_loop_keeps_every_connection_busy) {
  sim_fixture in;
  const request_set requests = requests_for("/queued");
  recorder books(1);
  run_in(in, in.settings_for(requests, 3), {.rate = {}, .duration = 5s}, books);
  const route_record total = books.total();
  EXPECT_NEAR(static_cast<double>(total.counts.ok), 5000, 10);  // the queue's 1 ms each
  EXPECT_NEAR(static_cast<double>(total.service.quantile(0.5).count()), 3e6, 3e5);
  expect_balanced(books);
}

TEST(driver, a_stall_shows_in_the_response_time_and_not_in_the_service_time) {
  sim_fixture in;
  in.queue.service_time = 100us;
  const request_set requests = requests_for("/queued");
  recorder books(1);
  // Half a second of nothing among ten: 5 % of the requests were due while it lasted.
  bool has_stalled = false;
  run_in(in, in.settings_for(requests, 1), {.rate = parse_rate("1000")}, books,
         [&](driver&, nanoseconds elapsed) {
           if (has_stalled || elapsed < 5s) return;
           has_stalled = true;
           in.queue.stalled_until = in.world.now() + 500ms;
         });
  const route_record total = books.total();
  EXPECT_EQ(total.counts.ok, 10000U);
  EXPECT_LE(total.service.quantile(0.999), 1ms);  // one request alone was waiting
  EXPECT_GE(total.response.quantile(0.99), 300ms);
  EXPECT_GE(total.response.max(), 490ms);
  EXPECT_LE(books.lag().quantile(0.99), 1ms);  // and it was not the tool's fault
}

TEST(driver, what_is_never_answered_is_counted_as_a_timeout_or_unsent) {
  sim_fixture in;
  const request_set requests = requests_for("/never");
  recorder books(1);
  drive_settings settings = in.settings_for(requests, 2);
  settings.connection.timeout = 1s;
  const nanoseconds took = run_in(in, settings, {.rate = parse_rate("10"), .duration = 5s}, books);
  const route_record total = books.total();
  EXPECT_EQ(total.counts.due, 50U);
  EXPECT_EQ(total.counts.ok, 0U);
  EXPECT_GE(total.counts.of(failure_kind::timeout), 8U);  // two a second
  EXPECT_GE(total.counts.of(failure_kind::unsent), 30U);
  expect_balanced(books);
  EXPECT_EQ(total.response.count(), 50U);
  EXPECT_GE(total.response.min(), 1s);
  EXPECT_LE(took, 8s);  // it ends by itself
}

TEST(driver, a_reset_connection_fails_its_request_and_is_made_again) {
  sim_fixture in;
  in.queue.service_time = 50ms;
  in.world.everywhere().reset = 0.01;
  const request_set requests = requests_for("/queued");
  recorder books(1);
  run_in(in, in.settings_for(requests, 2),
         {.rate = parse_rate("10"), .duration = 60s, .step = 100us}, books);
  EXPECT_GT(in.world.counts().resets, 3U);
  const route_record total = books.total();
  EXPECT_EQ(total.counts.due, 600U);
  EXPECT_GT(total.counts.of(failure_kind::closed), 0U);
  EXPECT_GT(total.counts.ok, 550U);
  EXPECT_GT(books.connections_made, 2U);
  expect_balanced(books);
}

TEST(driver, a_server_that_refuses_is_told) {
  sim_fixture in;
  const request_set requests = requests_for("/");
  recorder books(1);
  drive_settings settings = in.settings_for(requests, 2);
  settings.connection.to.set_port(81);
  driver load(in.client, settings, books);
  load.connect();
  ASSERT_TRUE(in.world.run_until([&] { return load.has_connected(); }, 1min));
  EXPECT_EQ(load.connect_error(), ECONNREFUSED);
  EXPECT_EQ(books.connect_errors.at(ECONNREFUSED), 2U);
  load.stop(in.world.now());
  EXPECT_TRUE(in.world.run_until([&] { return load.is_finished(); }, 1min));
}

TEST(driver, a_server_that_restarts_is_found_again_and_the_tool_is_not_to_blame) {
  sim_fixture in;
  const request_set requests = requests_for("/users/1");
  const address place = *address::parse("10.0.0.1", 81);
  std::optional<http::server> server(std::in_place, in.server_loop, in.handlers);
  ASSERT_EQ(server->listen(place, {}), 0);
  recorder books(1);
  drive_settings settings = in.settings_for(requests, 2);
  settings.connection.to = place;
  bool drained = false;
  int step = 0;
  run_in(in, settings, {.rate = parse_rate("100"), .duration = 5s, .step = 100us}, books,
         [&](driver&, nanoseconds elapsed) {
           if (step == 0 && elapsed >= 1s) {
             ++step;
             server->drain(0s, [](void* d) noexcept { *static_cast<bool*>(d) = true; }, &drained);
           } else if (step == 1 && elapsed >= 2s && drained) {
             ++step;
             server.emplace(in.server_loop, in.handlers);
             EXPECT_EQ(server->listen(place, {}), 0);
           }
         });
  const route_record total = books.total();
  EXPECT_EQ(total.counts.due, 500U);
  EXPECT_GE(total.counts.ok, 498U);  // one a connection may have been under way
  EXPECT_GT(books.connect_errors.at(ECONNREFUSED), 10U);
  EXPECT_GE(total.response.max(), 900ms);
  EXPECT_LE(total.service.max(), 10ms);
  EXPECT_LE(books.lag().max(), 1ms);
  drained = false;
  server->drain(0s, [](void* d) noexcept { *static_cast<bool*>(d) = true; }, &drained);
  EXPECT_TRUE(in.world.run_until([&] { return drained; }));
}

TEST(driver, without_keep_alive_each_request_has_its_connection) {
  sim_fixture in;
  const auto requests = request_set::prepare({{.target = "/users/1"}}, "a", false);
  ASSERT_TRUE(requests);
  recorder books(1);
  drive_settings settings = in.settings_for(*requests, 4);
  settings.connection.keep_alive = false;
  run_in(in, settings, {.rate = parse_rate("100"), .duration = 5s}, books);
  EXPECT_EQ(books.total().counts.ok, 500U);
  EXPECT_EQ(books.connections_made, 500U);
  EXPECT_GE(books.total().service.min(), 400us);  // the handshake is part of it
}

TEST(driver, a_pipeline_keeps_answers_and_requests_together) {
  sim_fixture in;
  const auto requests = request_set::prepare(
      {{.target = "/users/1", .expect_body = "1"}, {.target = "/users/2", .expect_body = "2"}}, "a",
      true);
  ASSERT_TRUE(requests);
  recorder books(2);
  drive_settings settings = in.settings_for(*requests, 2);
  settings.connection.pipeline = 8;
  run_in(in, settings, {.rate = {}, .duration = 100ms}, books);
  const route_record total = books.total();
  EXPECT_GT(total.counts.ok, 2000U);
  EXPECT_EQ(total.counts.failed(), 0U);
  EXPECT_GT(books.routes()[0].counts.ok, 800U);
  EXPECT_GT(books.routes()[1].counts.ok, 800U);
}

TEST(driver, unexpected_answers_are_counted_by_kind) {
  sim_fixture in;
  const auto requests = request_set::prepare({{.target = "/nowhere"},
                                              {.target = "/users/1", .expect_body = "nobody"},
                                              {.target = "/gone", .statuses = {404}}},
                                             "a", true);
  ASSERT_TRUE(requests);
  recorder books(3);
  run_in(in, in.settings_for(*requests, 2), {.rate = parse_rate("100"), .duration = 3s}, books);
  const auto& routes = books.routes();
  EXPECT_EQ(routes[0].counts.of(failure_kind::unexpected_status), routes[0].counts.due);
  EXPECT_EQ(routes[1].counts.of(failure_kind::unexpected_body), routes[1].counts.due);
  EXPECT_EQ(routes[2].counts.ok, routes[2].counts.due);
  for (const route_record& each : routes) EXPECT_GT(each.counts.due, 60U);
  EXPECT_EQ(books.total().counts.due, 300U);
}

TEST(driver, breaking_off_leaves_nothing_uncounted) {
  sim_fixture in;
  in.queue.service_time = 100ms;
  const request_set requests = requests_for("/queued");
  recorder books(1);
  run_in(in, in.settings_for(requests, 2), {.rate = parse_rate("100"), .duration = 10s}, books,
         [&](driver& load, nanoseconds elapsed) {
           if (elapsed >= 2s) load.stop(in.world.now());
         });
  const route_record total = books.total();
  EXPECT_NEAR(static_cast<double>(total.counts.due), 200, 1);
  EXPECT_NEAR(static_cast<double>(total.counts.ok), 20, 1);
  EXPECT_EQ(total.counts.of(failure_kind::unfinished), 2U);
  expect_balanced(books);
}

TEST(driver, a_late_tool_admits_it) {
  sim_fixture in;
  const request_set requests = requests_for("/users/7");
  recorder books(1);
  run_in(in, in.settings_for(requests, 64),
         {.rate = parse_rate("1000"), .duration = 5s, .step = 20ms}, books);
  EXPECT_EQ(books.total().counts.ok, 5000U);
  EXPECT_GE(books.lag().quantile(0.5), 5ms);
  EXPECT_GE(books.total().response.quantile(0.5), 5ms);
}

TEST(driver, the_same_seed_gives_the_same_run) {
  const auto run = [] {
    sim_fixture in(9);
    in.world.everywhere().reset = 0.01;
    const request_set requests = requests_for("/queued");
    recorder books(1);
    run_in(in, in.settings_for(requests, 3), {.rate = parse_rate("100"), .duration = 2s}, books);
    return std::pair(in.world.digest(), books.total().response.mean());
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace ferrule::load
