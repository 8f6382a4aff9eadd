// Walks at random through updates, calls with retries, ejections and waits, beside a model that
// knows only who is wanted and which calls hold whom.
#include "client/endpoint_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "ferrule/test/sim.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

/// An endpoint of the model: where it stays, and what the set must still know of it.
struct known_endpoint {
  upstream_endpoint value;
  std::uint64_t picks = 0;
  std::uint32_t running = 0;
  std::uint32_t calls = 0;  // that have tried it and have not ended
  bool is_wanted = false;
};

class endpoint_walk {
 public:
  endpoint_walk(std::uint64_t seed, balancing algorithm)
      : world_(seed), chance_(seed + 1), set_(settings(algorithm), loop_) {}

  void step() {
    switch (chance_.below(8)) {
      case 0:
        update();
        break;
      case 1:
        world_.run_for(std::chrono::milliseconds(chance_.below(300)));
        break;
      case 2:
      case 3:
      case 4:
        if (calls_.size() < 12) calls_.emplace_back();
        try_next(calls_.empty() ? calls_.emplace_back() : any_call());
        break;
      default:
        if (!calls_.empty()) end_something(any_call());
        break;
    }
    compare();
  }
  void finish() {
    while (!calls_.empty()) end_something(calls_.front());
    compare();
    ASSERT_TRUE(set_.update({}));
    for (auto& [key, each] : known_) each.is_wanted = false;
    compare();
    EXPECT_TRUE(known_.empty()) << "nothing is left of those that were removed";
  }
  std::uint64_t ejected_tries() const { return ejected_tries_; }
  std::uint64_t leaving_seen() const { return leaving_seen_; }

 private:
  struct open_call {
    std::vector<std::uint32_t> tried{};  // in ascending order
    std::vector<std::string> keys{};     // of these, in no order
    std::optional<endpoint_set::taken> running{};
  };

  static upstream_settings settings(balancing algorithm) {
    return {.balancer = {.algorithm = algorithm, .endpoints_max = endpoints_max}};
  }
  static std::string key_of(const upstream_endpoint& each) {
    return each.id + '@' + each.address.text();
  }
  open_call& any_call() { return calls_[chance_.below(calls_.size())]; }

  /// Any set of few ids, each at one of two addresses; some of them with a fault.
  void update() {
    std::vector<upstream_endpoint> wanted;
    for (std::uint32_t id = 0; id != 7; ++id) {
      if (chance_.below(2) == 0) continue;
      wanted.push_back(
          {.id = std::to_string(id),
           .address = *origin::parse("http://s" + std::to_string(chance_.below(8) == 0 ? 1 : 0)),
           .authority = "shop-" + std::to_string(chance_.below(3)),
           .weight = static_cast<std::uint32_t>(chance_.below(4)),
           .zone = chance_.below(2) == 0 ? "a" : "b"});
    }
    bool is_sound = wanted.size() <= endpoints_max;
    if (!wanted.empty() && chance_.below(8) == 0) {
      wanted.push_back(wanted.front());
      is_sound = false;
    }
    const auto changed = set_.update(wanted);
    ASSERT_EQ(changed.has_value(), is_sound);
    if (!is_sound) return;
    endpoint_changes expected;
    std::set<std::string> stay;
    for (const upstream_endpoint& each : wanted) {
      const std::string key = key_of(each);
      known_endpoint& one = known_[key];
      ++(one.is_wanted ? expected.kept : expected.added);
      one.value = each;
      one.is_wanted = true;
      stay.insert(key);
    }
    for (auto& [key, one] : known_) {
      if (!one.is_wanted || stay.contains(key)) continue;
      one.is_wanted = false;
      ++expected.removed;
    }
    EXPECT_EQ(*changed, expected);
  }

  bool takes_calls(const known_endpoint& one) const {
    return one.is_wanted && one.value.weight != 0;
  }

  void try_next(open_call& call) {
    if (call.running) return;
    bool has_any = false;
    bool has_untried = false;
    for (const auto& [key, one] : known_) {
      has_any |= takes_calls(one);
      has_untried |= takes_calls(one) && std::ranges::find(call.keys, key) == call.keys.end();
    }
    ASSERT_EQ(set_.takes_calls(), has_any);
    ASSERT_EQ(set_.has_untried(call.tried), has_untried);
    call.running = set_.take(call.tried);
    ASSERT_EQ(call.running.has_value(), has_any);
    if (!call.running) return;
    const std::string key = key_of(*call.running->endpoint);
    ASSERT_TRUE(known_.contains(key));
    known_endpoint& one = known_[key];
    EXPECT_TRUE(takes_calls(one)) << "it was removed, or has no weight";
    EXPECT_EQ(*call.running->endpoint, one.value);
    const bool is_new = std::ranges::find(call.keys, key) == call.keys.end();
    EXPECT_EQ(is_new, has_untried) << "one that was tried comes last";
    if (call.running->was_ejected) ++ejected_tries_;
    ++one.picks;
    ++one.running;
    const std::uint32_t number = call.running->number;
    const auto at = std::ranges::lower_bound(call.tried, number);
    EXPECT_EQ(at == call.tried.end() || *at != number, is_new) << "a number came to mean another";
    if (!is_new) return;
    call.tried.insert(at, number);
    call.keys.push_back(key);
    set_.keep(number);
    ++one.calls;
  }

  /// Its try, and in the end itself.
  void end_something(open_call& call) {
    if (call.running) {
      static constexpr outcome_class ends[] = {
          outcome_class::success,     outcome_class::success,     outcome_class::failure,
          outcome_class::not_reached, outcome_class::not_reached, outcome_class::timed_out,
          outcome_class::not_reached, outcome_class::cut_short,   outcome_class::overload};
      --known_[key_of(*call.running->endpoint)].running;
      set_.end(*call.running, ends[chance_.below(std::size(ends))],
               std::chrono::microseconds(chance_.below(100'000)));
      call.running.reset();
      return;
    }
    for (const std::uint32_t number : call.tried) set_.release(number);
    for (const std::string& key : call.keys) --known_[key].calls;
    std::erase_if(calls_, [&](const open_call& each) { return &each == &call; });
  }

  void compare() {
    std::erase_if(known_, [](const auto& each) {
      return !each.second.is_wanted && each.second.calls == 0;
    });
    upstream_snapshot shown;
    set_.show(shown);
    ASSERT_EQ(shown.endpoints.size(), known_.size());
    std::set<std::uint32_t> numbers;
    for (const upstream_endpoint_snapshot& each : shown.endpoints) {
      const auto found = known_.find(each.id + '@' + each.origin);
      ASSERT_NE(found, known_.end());
      const known_endpoint& one = found->second;
      EXPECT_EQ(each.is_leaving, !one.is_wanted);
      EXPECT_EQ(each.zone, one.value.zone);
      EXPECT_EQ(each.balance.weight, one.is_wanted ? one.value.weight : 0);
      EXPECT_EQ(each.balance.picks, one.picks) << "what was known of it is lost, or another's";
      EXPECT_EQ(each.balance.running, one.running);
      EXPECT_EQ(each.ejection.has_value(), takes_calls(one));
      EXPECT_EQ(each.balance.is_available, !each.ejection || !each.ejection->is_ejected);
      EXPECT_TRUE(numbers.insert(each.balance.endpoint).second);
      leaving_seen_ += each.is_leaving ? 1 : 0;
    }
  }

  static constexpr std::uint32_t endpoints_max = 5;

  test::sim_world world_;
  reactor& loop_ = world_.add_host("10.0.0.1");
  rng chance_;
  endpoint_set set_;
  std::map<std::string, known_endpoint> known_;  // by id and address
  std::deque<open_call> calls_;
  std::uint64_t ejected_tries_ = 0;
  std::uint64_t leaving_seen_ = 0;
};

class endpoint_set_test : public testing::TestWithParam<balancing> {};

TEST_P(endpoint_set_test, is_what_a_simple_model_is_whatever_comes_and_goes) {
  std::uint64_t ejected_tries = 0;
  std::uint64_t leaving = 0;
  for (std::uint64_t seed = 0; seed != 25; ++seed) {
    endpoint_walk walk(seed, GetParam());
    for (int i = 0; i != 400; ++i) {
      walk.step();
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", step " << i;
    }
    walk.finish();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", at the end";
    ejected_tries += walk.ejected_tries();
    leaving += walk.leaving_seen();
  }
  EXPECT_GT(ejected_tries, 30U) << "or this test says little";
  EXPECT_GT(leaving, 1000U);
}

INSTANTIATE_TEST_SUITE_P(all, endpoint_set_test,
                         testing::Values(balancing::peak_ewma, balancing::least_request,
                                         balancing::round_robin));

}  // namespace
}  // namespace ferrule
