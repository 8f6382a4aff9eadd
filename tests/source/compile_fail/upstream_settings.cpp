#include "ferrule/client/upstream.hpp"

using namespace std::chrono_literals;
using ferrule::checked_upstream;
using ferrule::circuit_breaker_settings;
using ferrule::outlier_settings;

//! case: a breaker for slow calls that end before they are slow
//! expect: upstream_settings_have_a_breaker_whose_slow_after_is_not_below_the_retry_deadline
#ifdef REFUSED
constexpr auto s = checked_upstream({.breaker = circuit_breaker_settings{.slow_after = 2s}});
#else
constexpr auto s = checked_upstream({.breaker = circuit_breaker_settings{.slow_after = 1s}});
#endif

//! case: an ejection by success rates that no endpoint can fall to
//! expect: upstream_settings_have_an_ejection_whose_success_rate_deviations_no_endpoint_can_reach
#ifdef REFUSED
constexpr auto s = checked_upstream(
    {.ejection = outlier_settings{.success_rate_endpoints_min = 5, .success_rate_deviations = 1.9},
     .breaker = std::nullopt});
#else
constexpr auto s = checked_upstream(
    {.ejection = outlier_settings{.success_rate_endpoints_min = 6, .success_rate_deviations = 1.9},
     .breaker = std::nullopt});
#endif

//! case: a try that may connect for longer than it may take
//! expect: upstream_settings_let_a_try_connect_for_longer_than_it_may_take
#ifdef REFUSED
constexpr auto s = checked_upstream({.connect_timeout = 1s});
#else
constexpr auto s = checked_upstream({.connect_timeout = 500ms});
#endif

//! case: a breaker that forgets calls before it has enough
//! expect: upstream_settings_have_a_breaker_whose_calls_min_exceeds_its_window_calls
#ifdef REFUSED
constexpr auto s = checked_upstream(
    {.breaker = circuit_breaker_settings{
         .window_calls = 10, .calls_min = 20, .slow_after = 1s}});
#else
constexpr auto s = checked_upstream(
    {.breaker = circuit_breaker_settings{
         .window_calls = 20, .calls_min = 20, .slow_after = 1s}});
#endif

//! case: an ejection that lasts longer than its maximum
//! expect: upstream_settings_have_an_ejection_whose_base_exceeds_its_max
#ifdef REFUSED
constexpr auto s = checked_upstream(
    {.ejection = outlier_settings{.ejection_base = 2s, .ejection_max = 1s}});
#else
constexpr auto s = checked_upstream(
    {.ejection = outlier_settings{.ejection_base = 1s, .ejection_max = 1s}});
#endif

//! case: trials that may last longer than they are waited for
//! expect: upstream_settings_have_a_breaker_whose_half_open_wait_max_is_below_the_retry_deadline
#ifdef REFUSED
constexpr auto s = checked_upstream(
    {.breaker = circuit_breaker_settings{.slow_after = 1s, .half_open_wait_max = 1s}});
#else
constexpr auto s = checked_upstream(
    {.breaker = circuit_breaker_settings{.slow_after = 1s, .half_open_wait_max = 2s}});
#endif

//! case: a bulkhead that waits for as long as the whole call may take
//! expect: upstream_settings_have_a_bulkhead_whose_wait_max_is_not_below_the_retry_deadline
#ifdef REFUSED
constexpr auto s = checked_upstream({.bulkhead = ferrule::bulkhead_settings{.wait_max = 2s}});
#else
constexpr auto s = checked_upstream({.bulkhead = ferrule::bulkhead_settings{.wait_max = 1s}});
#endif
