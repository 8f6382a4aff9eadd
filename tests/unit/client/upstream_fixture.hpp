#pragma once
// A service of servers on scripts, called through an upstream.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/upstream.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_transport.hpp"

namespace ferrule {

using namespace std::chrono_literals;
using test::server_script;

inline const server_script refused{
    .takes = 1ms, .fails = transport_failure{transport_error::connect_failed, false}};
inline const server_script cut_off{.takes = 1ms,
                                   .fails = transport_failure{transport_error::closed_early, true}};

/// A service of up to three servers on scripts.
class upstream_test : public testing::Test {
 protected:
  static task<> call_once(upstream* service) {
    const auto got = co_await service->call({.request = {.target = "/x"}});
    EXPECT_TRUE(got || got.error().fault != call_fault::declared);
  }
  static task<> call_five(scope& all, upstream* service) {
    for (int i = 0; i != 5; ++i) all.spawn(call_once(service));
    co_await sleep(1s);
  }
  static task<> call_five_together(upstream* service) { co_await with_scope(&call_five, service); }
  /// Cancels five calls after `span`; returns whether they had all ended.
  static task<bool> call_for(upstream* service, std::chrono::nanoseconds span) {
    const auto ended = co_await with_deadline(span, call_five_together(service));
    co_return ended.has_value();
  }

  upstream& make(const upstream_settings& settings, std::size_t servers = 1) {
    std::vector<origin> where;
    for (std::size_t i = 0; i != servers; ++i) where.push_back(*origin::parse(name(i)));
    return made_.emplace("shop", network_, std::move(where), loop_, settings);
  }
  /// As `make` has them, by number and weight.
  static std::vector<upstream_endpoint> endpoints(
      const std::vector<std::pair<std::size_t, std::uint32_t>>& wanted) {
    std::vector<upstream_endpoint> all;
    for (const auto& [i, weight] : wanted) {
      all.push_back({.address = *origin::parse(name(i)), .weight = weight});
    }
    return all;
  }
  static std::string name(std::size_t i) { return "http://s" + std::to_string(i); }
  server_script& server(std::size_t i) { return network_.at(name(i)); }
  std::size_t count(std::size_t i) const { return network_.count(name(i)); }

  template <class T>
  T run(task<T> work) {
    auto given = test::sim_run(world_, loop_, std::move(work), 10min);
    EXPECT_TRUE(given.has_value()) << "it did not end";
    return std::move(*given);
  }
  caller::outcome call(std::string_view verb = "GET", bool has_key = false) {
    return run(
        made_->call({.request = {.verb = verb, .target = "/x"}, .has_idempotency_key = has_key}));
  }
  /// The status of the answer, or the fault.
  std::string ask(std::string_view verb = "GET") {
    const auto got = call(verb);
    return got ? std::to_string(got->status()) : to_string(got.error());
  }
  void wait(std::chrono::nanoseconds span) { world_.run_for(span); }

  test::sim_world world_{3};
  reactor& loop_ = world_.add_host("10.0.0.1");
  test::scripted_transport network_;
  std::optional<upstream> made_;
};

inline constexpr circuit_breaker_settings quick{.calls_min = 4,
                                                .open_wait = 1s,
                                                .open_wait_max = 4s,
                                                .jitter = 0,
                                                .half_open_calls = 2,
                                                .half_open_wait_max = 5s};

}  // namespace ferrule
