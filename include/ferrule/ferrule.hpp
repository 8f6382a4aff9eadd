#pragma once
/// @file
/// All that a service needs, in one header.
///
/// ```cpp
/// constexpr auto routes = ferrule::route_table(
///     ferrule::route<"GET /">([] { return "Hello, World!"; }));
/// int run(int argc, char** argv) { return ferrule::serve<routes>(argc, argv); }
/// ```

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/api/html.hpp"
#include "ferrule/api/openapi.hpp"
#include "ferrule/api/request_log.hpp"
#include "ferrule/app/serve.hpp"
#include "ferrule/core/async_mutex.hpp"
#include "ferrule/core/channel.hpp"
#include "ferrule/core/drain.hpp"
#include "ferrule/core/now.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/core/semaphore.hpp"
#include "ferrule/core/sleep.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/core/when_all.hpp"
#include "ferrule/json/patch.hpp"
#include "ferrule/route/combine.hpp"
#include "ferrule/route/contract_table.hpp"
#include "ferrule/route/layers.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/route/service_routes.hpp"

namespace ferrule {
using namespace std::chrono_literals;  // so that `co_await sleep(1ms)` reads as it stands
}  // namespace ferrule
