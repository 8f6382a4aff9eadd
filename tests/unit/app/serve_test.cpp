#include "ferrule/app/serve.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/task.hpp"
#include "ferrule/test/call.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule {
namespace {

struct counter {
  static constexpr bool thread_safe = true;
  int hits = 0;
};

TEST(serve, takes_each_kind_of_state) {
  counter common;
  auto own = per_reactor([] { return counter{.hits = 40}; });
  auto all = shared(common);
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  std::tuple given(own, all);
  using states = detail::state_list<2, decltype(own), decltype(all)>;
  states mine(given, loop);
  states others(given, loop);
  ++std::get<0>(mine.values()).hits;
  EXPECT_EQ(std::get<0>(mine.values()).hits, 41);
  EXPECT_EQ(std::get<0>(others.values()).hits, 40);
  EXPECT_EQ(&std::get<1>(mine.values()), &common);
}

struct clockwork {
  explicit clockwork(reactor& on) : loop(on) {}
  clockwork(const clockwork&) = delete;
  reactor& loop;
};

TEST(serve, makes_state_that_needs_its_reactor_in_place) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  std::tuple given(per_reactor([](reactor& on) { return clockwork(on); }));
  detail::state_list<1, std::tuple_element_t<0, decltype(given)>> mine(given, loop);
  EXPECT_EQ(&std::get<0>(mine.values()).loop, &loop);
}

constexpr auto count_routes =
    route_table(route<"GET /">([](counter& c) { return std::to_string(++c.hits); }));

auto counting_from(int hits, int& times_opened) {
  return opened([hits, &times_opened]() -> result<std::unique_ptr<counter>, std::string> {
    ++times_opened;
    if (hits < 0) return fail(std::string("cannot count from there"));
    return std::make_unique<counter>(counter{.hits = hits});
  });
}

TEST(serve, opens_state_once_for_all_reactors) {
  int times_opened = 0;
  using state = decltype(counting_from(0, times_opened));
  detail::table_service_factory<count_routes, state> factory(counting_from(6, times_opened));
  EXPECT_EQ(times_opened, 0);
  EXPECT_EQ(factory.start(), "");
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  const auto one = factory.make(loop);
  const auto other = factory.make(loop);
  EXPECT_EQ(test::call(one->handlers(), {.line = "GET /"}).body, "7");
  EXPECT_EQ(test::call(other->handlers(), {.line = "GET /"}).body, "8");
  EXPECT_EQ(times_opened, 1);
}

constexpr auto admin_routes = route_table(
    route<"GET /hits">([](counter& c) { return std::to_string(c.hits); }));
constexpr auto plain_routes = route_table(route<"GET /">([] { return "plain"; }));

TEST(serve, gives_each_listener_its_routes_and_all_of_them_the_states) {
  auto admin = listener<admin_routes>("admin", "127.0.0.1:0", {.connections_max = 7});
  auto state = per_reactor([] { return counter{.hits = 3}; });
  auto plain = listener<plain_routes>("plain", "none");
  detail::table_service_factory<count_routes, decltype(admin), decltype(state), decltype(plain)>
      factory(std::move(admin), std::move(state), std::move(plain));
  const further_listeners& more = *factory.listeners();
  ASSERT_EQ(more.all().size(), 2U);
  EXPECT_EQ(more.all()[0].name, "admin");
  EXPECT_EQ(more.all()[0].places, "127.0.0.1:0");
  EXPECT_EQ(more.all()[0].own.connections_max, 7U);
  EXPECT_EQ(more.all()[1].name, "plain");
  EXPECT_EQ(factory.start(), "");
  test::sim_world world(1);
  const auto made = factory.make(world.add_host("10.0.0.1"));
  EXPECT_EQ(test::call(made->handlers_of(0), {.line = "GET /"}).body, "4");
  EXPECT_EQ(test::call(made->handlers_of(0), {.line = "GET /hits"}).status, 404);
  EXPECT_EQ(test::call(made->handlers_of(1), {.line = "GET /hits"}).body, "4");
  EXPECT_EQ(test::call(made->handlers_of(1), {.line = "GET /"}).status, 404);
  EXPECT_EQ(test::call(made->handlers_of(2), {.line = "GET /"}).body, "plain");
}

TEST(serve, has_no_listeners_but_those_it_is_given) {
  detail::table_service_factory<plain_routes> factory;
  EXPECT_EQ(factory.listeners(), nullptr);
}

TEST(serve, does_not_start_when_state_cannot_be_opened) {
  int times_opened = 0;
  using state = decltype(counting_from(0, times_opened));
  detail::table_service_factory<count_routes, state, state> factory(
      counting_from(-1, times_opened), counting_from(1, times_opened));
  EXPECT_EQ(factory.start(), "cannot count from there");
  EXPECT_EQ(times_opened, 1);
}

/// Says when it is made and destroyed.
template <char Name>
struct witness {
  static constexpr bool thread_safe = true;
  explicit witness(std::string& tell, std::string made_from = {}) : log(tell) {
    log += std::string("+") + Name + made_from;
  }
  witness(const witness&) = delete;
  ~witness() { log += std::string("-") + Name; }
  std::string& log;
};
template <char Name>
using opened_witness = result<std::unique_ptr<witness<Name>>, std::string>;

constexpr auto one_route = route_table(route<"GET /">([] { return "Hello"; }));

template <class... State>
std::string life_of(State... states) {
  test::sim_world world(1);
  reactor& loop = world.add_host("10.0.0.1");
  detail::table_service_factory<one_route, State...> factory(std::move(states)...);
  if (std::string error = factory.start(); !error.empty()) return error;
  const auto one = factory.make(loop);
  return {};
}

TEST(serve, makes_states_in_their_order_and_destroys_them_in_the_reverse) {
  std::string log;
  life_of(per_reactor([&] { return witness<'a'>(log); }),
          opened([&]() -> opened_witness<'b'> { return std::make_unique<witness<'b'>>(log); }),
          per_reactor([](witness<'a'>& a, witness<'b'>& b) {
            return witness<'c'>(b.log, &a.log == &b.log ? "(ab)" : "");
          }),
          opened([](witness<'b'>& b) -> opened_witness<'d'> {
            return std::make_unique<witness<'d'>>(b.log, "(b)");
          }));
  EXPECT_EQ(log, "+b+d(b)+a+c(ab)-c-a-d-b");
}

TEST(serve, closes_what_was_opened_when_a_later_state_fails) {
  std::string log;
  EXPECT_EQ(life_of(opened([&]() -> opened_witness<'a'> {
                      return std::make_unique<witness<'a'>>(log);
                    }),
                    opened([](witness<'a'>&) -> opened_witness<'b'> {
                      return fail(std::string("no disk"));
                    })),
            "no disk");
  EXPECT_EQ(log, "+a-a");
}

TEST(serve, hands_background_work_the_states_before_it) {
  test::sim_world world(1);
  std::tuple given(per_reactor([] { return counter{.hits = 40}; }),
                   background("count once", [](counter& own) { own.hits += 1; }),
                   background_per_reactor("count", [](counter& own) -> task<> {
                     own.hits += 10;
                     co_return;
                   }));
  const auto hits_on = [&](reactor& loop) {
    return std::apply(
        [&](auto&... each) {
          detail::state_list<sizeof...(each), std::remove_cvref_t<decltype(each)>...> held(given,
                                                                                           loop);
          background_runner runner(loop);
          held.add_background(runner);
          runner.begin();
          return std::get<0>(held.values()).hits;
        },
        given);
  };
  EXPECT_EQ(hits_on(world.add_host("10.0.0.1")), 51);
  reactor second(world.make_backend("10.0.0.2"), 1, {.index = 1, .count = 2});
  EXPECT_EQ(hits_on(second), 50) << "once a process is on the first reactor";
}

}  // namespace
}  // namespace ferrule
