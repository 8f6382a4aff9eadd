#include "ferrule/route/limits.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

std::string size_of(body b) { return std::to_string(b.bytes.size()); }
task<std::string> later() {
  co_await sleep(std::chrono::hours(1));
  co_return "done";
}
struct marked {
  void after(answer& a) const { a.add_field("X-Mark", "m"); }
};

constexpr auto routes = route_table(
    with(body_bytes_max<10>, marked{}, handler_timeout_ms<2000>), route<"POST /small">(size_of),
    route<"POST /large">(size_of, with(body_bytes_max<100>)), route<"GET /later">(later),
    route<"GET /patient">(later, with(handler_timeout_ms<0>)),
    route<"GET /hasty">(later, with(handler_timeout_ms<5>, marked{}, handler_timeout_ms<7>)));
constexpr auto plain = route_table(route<"POST /">(size_of), route<"GET /later">(later));

/// What an engine is told of the request's route.
template <const auto& Table>
http::route_traits traits_of(std::string_view line) {
  struct finder final : http::sink {
    void respond(http::exchange&, const http::answer_head&, std::string_view) override {}
    void begin(http::exchange&, const http::answer_head&, std::optional<std::uint64_t>) override {}
    bool write(http::exchange&, std::string_view) override { return true; }
    void finish(http::exchange&, std::span<const header_field>) override {}
    void reset(http::exchange&, http::reset_reason) override {}
    std::optional<std::string_view> read(http::exchange&) override { return std::nullopt; }
    void refuse(http::exchange&, int, std::string_view) override {}
    void handler_ended(http::exchange&, bool) noexcept override {}
  } nowhere;
  http::routed_request asked;
  http::exchange ex(nowhere, {}, asked);
  request& r = asked.head;
  r.verb = parse_method(line.substr(0, line.find(' ')));
  r.path = line.substr(line.find(' ') + 1);
  dispatcher<Table> service;
  service.match(ex);
  return *ex.match().traits;
}

TEST(route_limits, of_the_route_win_over_those_of_the_table) {
  EXPECT_EQ(traits_of<routes>("POST /small").body_bytes_max, 10U);
  EXPECT_EQ(traits_of<routes>("POST /large").body_bytes_max, 100U);
  EXPECT_EQ(traits_of<routes>("POST /small").handler_timeout_ms, 2000);
  EXPECT_EQ(traits_of<routes>("GET /patient").handler_timeout_ms, 0);
  EXPECT_EQ(traits_of<routes>("GET /hasty").handler_timeout_ms, 7);
}

TEST(route_limits, are_the_servers_where_nothing_is_said) {
  EXPECT_EQ(traits_of<plain>("POST /").body_bytes_max, 0U);
  EXPECT_EQ(traits_of<plain>("GET /later").handler_timeout_ms, -1);
}

TEST(route_limits, stand_among_layers_without_being_one) {
  EXPECT_EQ(test::call<routes>({.line = "POST /small", .body = "hi"}).field("X-Mark"), "m");
  EXPECT_FALSE(traits_of<routes>("POST /small").suspends);
}

}  // namespace
}  // namespace ferrule
