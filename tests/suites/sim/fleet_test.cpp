// Services that call services, all in one process on a virtual clock: what is lost, late, refused
// or down behind a service costs its callers what it must, and no more.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "ferrule/client/client.hpp"
#include "ferrule/client/client_pool.hpp"
#include "ferrule/client/upstream.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/contract_table.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The service at the bottom.

namespace users {
struct user {
  std::uint64_t id = 0;
  std::int64_t left_ms = 0;  // until the request's deadline
};
enum class error : std::uint8_t { not_found, closed };
constexpr problem to_problem(error e) noexcept {
  if (e == error::closed) return {.status = 503, .title = "Closed"};
  return {.status = 404, .title = "No such user"};
}

inline constexpr endpoint<"GET /users/{id}", user(std::uint64_t id), error> get{};
inline constexpr contract api(get);

struct state {
  nanoseconds takes = 2ms;
  bool fails = false;
  std::uint64_t begun = 0;
  int running = 0;
};
struct running_guard {
  explicit running_guard(state& of) : all(of) { ++all.begun, ++all.running; }
  ~running_guard() { --all.running; }
  state& all;
};

task<result<user, error>> show(std::uint64_t id, state& here, deadline by) {
  const running_guard running(here);
  const environment& env = co_await current_environment();
  const auto left = std::chrono::floor<milliseconds>(by.at - env.loop->now());
  co_await sleep(here.takes);
  if (here.fails) co_return fail(error::closed);
  if (id == 0) co_return fail(error::not_found);
  co_return user{id, left.count()};
}
constexpr auto routes = route_table<api>(on<get>(show));
}  // namespace users

// The service that calls it.

namespace orders {
struct order {
  std::uint64_t user = 0;
  std::int64_t left_ms = 0;
  std::int64_t left_below_ms = 0;
};
enum class error : std::uint8_t { no_user, users_down };
constexpr problem to_problem(error e) noexcept {
  if (e == error::no_user) return {.status = 422, .title = "No such user"};
  return {.status = 503, .title = "Users cannot be asked"};
}
inline constexpr endpoint<"GET /orders/{user}", order(std::uint64_t user), error> get{};
inline constexpr contract api(get);

struct state {
  state(reactor& loop, std::vector<origin> where, const upstream_settings& settings)
      : service("users", pool, std::move(where), loop, settings), users(service) {}
  client_pool pool;
  upstream service;
  client<users::api> users;
};

task<result<order, error>> show(std::uint64_t user, state& here, deadline by) {
  const environment& env = co_await current_environment();
  const auto left = std::chrono::floor<milliseconds>(by.at - env.loop->now());
  const auto found = co_await here.users(users::get, user);
  if (found) co_return order{user, left.count(), found->left_ms};
  if (found.error().is(users::error::not_found)) co_return fail(error::no_user);
  co_return fail(error::users_down);
}
constexpr auto routes = route_table<api>(on<get>(show));
}  // namespace orders

/// A server on a host of the world; it drains before the world ends.
template <const auto& Table, class State>
class host {
 public:
  host(test::sim_world& world, const std::string& ip, State& state)
      : world_(world),
        service_(state),
        server_(world.add_host(ip), service_,
                {.trusted_peers = *network_list::parse("10.0.0.0/24")}) {
    server_.listen(*address::parse(ip, 80), {});
  }
  ~host() {
    bool drained = false;
    server_.drain(1s, [](void* done) noexcept { *static_cast<bool*>(done) = true; }, &drained);
    EXPECT_TRUE(world_.run_until([&] { return drained; })) << "something goes on for ever";
  }

 private:
  test::sim_world& world_;
  dispatcher<Table, State> service_;
  http::server server_;
};

origin at(const std::string& ip) { return *origin::parse("http://" + ip); }

/// How a call from outside ended.
struct outcome {
  mono_time begun;
  nanoseconds took;
  bool is_good;
  std::string what;
};

constexpr upstream_settings direct{.retry = {.tries_max = 1, .try_timeout = 1s, .deadline = 1s},
                                   .breaker = std::nullopt};

/// Two servers of users, one of orders that calls them, and someone who asks for orders.
class fleet : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr nanoseconds patience = 1s;

  void start(const upstream_settings& to_users = {}) {
    loop_ = &world_.add_host("10.0.0.3");
    orders_.emplace(*loop_, std::vector{at("10.0.0.1"), at("10.0.0.2")}, to_users);
    orders_host_.emplace(world_, "10.0.0.3", *orders_);
  }
  ~fleet() override {
    // Those that are called go last, and the pools when nothing uses them.
    if (orders_host_) orders_host_.reset();
  }

  test::sim_link& link(int server) {
    return world_.between("10.0.0.3", "10.0.0." + std::to_string(server));
  }

  static task<> ask(fleet* self) {
    const environment& env = co_await current_environment();
    const mono_time begun = env.loop->now();
    const auto got = co_await self->client_(orders::get, 7);
    self->outcomes_.push_back(
        {begun, env.loop->now() - begun, got.has_value(), got ? "" : to_string(got.error())});
  }
  static task<> ask_repeatedly(scope& asked, fleet* self, nanoseconds span, nanoseconds interval) {
    for (nanoseconds past{0}; past < span; past += interval) {
      asked.spawn(ask(self));
      co_await sleep(interval);
    }
  }
  static task<> ask_and_wait(fleet* self, nanoseconds span, nanoseconds interval) {
    co_await with_scope(&ask_repeatedly, self, span, interval);
  }
  /// Asks every `interval` for `span`, without waiting for answers.
  void load(nanoseconds span, nanoseconds interval = 20ms) {
    outcomes_.clear();
    const auto ended =
        test::sim_run(world_, asker_, ask_and_wait(this, span, interval), span + 10s);
    EXPECT_TRUE(ended.has_value()) << "something outlived its deadline";
  }
  void expect_all_good() {
    for (const outcome& each : outcomes_) {
      EXPECT_TRUE(each.is_good) << each.what << " after " << each.took / 1ms << " ms";
    }
  }
  void expect_all_in_time() {
    for (const outcome& each : outcomes_) EXPECT_LE(each.took, patience + 10ms) << each.what;
  }
  int running() const { return first_.running + second_.running; }

  test::sim_world world_{GetParam()};
  users::state first_;
  users::state second_;
  host<users::routes, users::state> first_host_{world_, "10.0.0.1", first_};
  host<users::routes, users::state> second_host_{world_, "10.0.0.2", second_};
  reactor* loop_ = nullptr;
  std::optional<orders::state> orders_;
  std::optional<host<orders::routes, orders::state>> orders_host_;
  reactor& asker_ = world_.add_host("10.0.0.4");
  client_pool pool_;
  upstream upstream_{"orders", pool_, {at("10.0.0.3")}, asker_, direct};
  client<orders::api> client_{upstream_};
  std::vector<outcome> outcomes_;
};

TEST_P(fleet, answers_through_both_services) {
  start();
  load(2s);
  expect_all_good();
  EXPECT_EQ(outcomes_.size(), 100U);
  EXPECT_EQ(first_.begun + second_.begun, 100U);
  EXPECT_GT(first_.begun, 25U);
  EXPECT_GT(second_.begun, 25U);
}

TEST_P(fleet, does_without_a_server_that_is_killed_and_takes_it_back) {
  start();
  load(1s);
  link(1).refused = link(1).reset = 1;  // its process is gone: RST to what is open, and to SYNs
  load(5s);
  expect_all_good();
  expect_all_in_time();
  link(1).refused = link(1).reset = 0;
  load(10s);
  expect_all_good();
  const std::uint64_t before = first_.begun;
  load(2s);
  EXPECT_GT(first_.begun, before + 20) << "it is used again within ten seconds";
}

TEST_P(fleet, does_without_a_server_in_a_black_hole) {
  start();
  load(1s);
  link(2).half_open = 1;
  load(5s);
  expect_all_good();  // the first ones after a try's time
  expect_all_in_time();
  EXPECT_EQ(running(), 0);
  link(2).half_open = 0;
  load(10s);
  expect_all_good();
  const std::uint64_t before = second_.begun;
  load(2s);
  EXPECT_GT(second_.begun, before + 20);
}

TEST_P(fleet, moves_away_from_a_server_that_is_slow) {
  start();
  load(1s);
  first_.takes = 250ms;
  const std::uint64_t before = first_.begun;
  load(5s);
  expect_all_good();
  EXPECT_LT(first_.begun - before, 50U) << "of 250";
  EXPECT_EQ(running(), 0);
}

TEST_P(fleet, fails_at_once_while_all_are_down_and_recovers) {
  start();
  load(1s);
  for (int server : {1, 2}) link(server).half_open = 1;
  load(5s);
  expect_all_in_time();
  EXPECT_TRUE(std::ranges::none_of(outcomes_, &outcome::is_good));
  const auto is_quick = [](const outcome& each) { return each.took < 10ms; };
  EXPECT_GT(std::ranges::count_if(outcomes_, is_quick), 150) << "of 250: the breaker is open";
  EXPECT_NE(orders_->service.snapshot().breaker->state, circuit_state::closed);
  EXPECT_EQ(running(), 0);

  for (int server : {1, 2}) link(server).half_open = 0;
  load(10s);
  const mono_time back = world_.now() - 2s;
  for (const outcome& each : outcomes_) {
    if (each.begun > back) EXPECT_TRUE(each.is_good) << each.what;
  }
}

TEST_P(fleet, recovers_from_any_weather) {
  start();
  for (const int server : {1, 2}) {
    test::sim_link& storm = link(server);
    storm.delay = 0.2;
    storm.reset = 0.02;
    storm.stall = 0.01;
    storm.short_read = storm.short_write = 0.2;
    storm.refused = 0.1;
    storm.half_open = 0.005;
  }
  load(10s);
  expect_all_in_time();
  EXPECT_EQ(running(), 0);
  EXPECT_GT(world_.counts().resets + world_.counts().half_opens, 10U) << "there was weather";
  for (const int server : {1, 2}) link(server) = test::sim_link{};
  load(10s);
  for (const outcome& each : outcomes_) {
    if (each.begun > world_.now() - 2s) EXPECT_TRUE(each.is_good) << each.what;
  }
  EXPECT_EQ(orders_->service.snapshot().breaker->state, circuit_state::closed);
}

TEST_P(fleet, every_hop_has_a_little_less_time) {
  start();
  const auto timed = [](const client<orders::api>* to) -> task<orders::order> {
    const auto got = co_await (*to)(orders::get, 7, call_options{.timeout = milliseconds(500)});
    EXPECT_TRUE(got.has_value());
    co_return *got;
  };
  const auto got = test::sim_run(world_, asker_, timed(&client_));
  EXPECT_LE(got->left_ms, 500);
  EXPECT_GE(got->left_ms, 490);
  EXPECT_LE(got->left_below_ms, got->left_ms);
  EXPECT_GE(got->left_below_ms, 480);
}

TEST_P(fleet, what_nobody_waits_for_ends_everywhere) {
  start();
  first_.takes = second_.takes = 1h;
  const auto impatient = [](const client<orders::api>* to) -> task<call_fault> {
    const auto got = co_await (*to)(orders::get, 7, call_options{.timeout = milliseconds(300)});
    co_return got ? call_fault::declared : got.error().fault;
  };
  const mono_time begun = world_.now();
  EXPECT_EQ(test::sim_run(world_, asker_, impatient(&client_)), call_fault::timeout);
  EXPECT_LT(world_.now() - begun, 305ms);
  world_.run_for(5ms);
  EXPECT_EQ(running(), 0) << "two hops down";
  EXPECT_EQ(first_.begun + second_.begun, 1U);
}

constexpr upstream_settings persistent{.budget = {.share = 10, .per_second_min = 10'000},
                                       .ejection = std::nullopt,
                                       .breaker = std::nullopt};

TEST_P(fleet, retries_of_two_layers_add_up_and_do_not_multiply) {
  start(persistent);
  first_.fails = second_.fails = true;  // 503s, which orders answers 503
  upstream eager("orders", pool_, {at("10.0.0.3")}, asker_, persistent);
  const client<orders::api> eager_client(eager);
  const auto ask_eagerly = [](const client<orders::api>* to) -> task<bool> {
    const auto got = co_await (*to)(orders::get, 7);
    co_return got.has_value();
  };
  for (std::uint64_t calls = 1; calls <= 20; ++calls) {
    EXPECT_EQ(test::sim_run(world_, asker_, ask_eagerly(&eager_client)), false);
    EXPECT_LE(first_.begun + second_.begun, calls * 4 + 1)
        << "one call and the root's three retries; and once a look at the other server";
  }
  EXPECT_GT(first_.begun + second_.begun, 20U) << "it was tried again";
}

constexpr upstream_settings frugal{.budget = {.share = 0.2, .per_second_min = 1},
                                   .ejection = std::nullopt,
                                   .breaker = std::nullopt};

TEST_P(fleet, budgets_bound_a_storm_over_two_layers) {
  start(frugal);
  first_.fails = second_.fails = true;
  upstream eager("orders", pool_, {at("10.0.0.3")}, asker_, frugal);
  const client<orders::api> eager_client(eager);
  const auto ask_eagerly = [](const client<orders::api>* to) -> task<bool> {
    const auto got = co_await (*to)(orders::get, 7);
    co_return got.has_value();
  };
  for (int calls = 0; calls != 500; ++calls) {
    EXPECT_EQ(test::sim_run(world_, asker_, ask_eagerly(&eager_client)), false);
  }
  const std::uint64_t tries = orders_->service.snapshot().picks.total();
  EXPECT_GE(tries, 500U);
  EXPECT_LE(tries, 500U * 144 / 100 + 30) << "a fifth more in each layer, and what time gives";
}

// One seed for a quick round; a wider range finds more.
INSTANTIATE_TEST_SUITE_P(seeds, fleet, testing::Range<std::uint64_t>(1, 2));

}  // namespace
}  // namespace ferrule
