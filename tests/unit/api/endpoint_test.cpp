#include "ferrule/api/endpoint.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shop {
struct article {
  int id;
};
enum class error { sold_out };
constexpr ferrule::problem to_problem(error) noexcept { return {.status = 409}; }
}  // namespace shop

namespace ferrule {
namespace {

using namespace detail;

struct store {};
struct page {
  int limit = 20;
};

constexpr endpoint<"GET /articles/{id}", shop::article(std::uint64_t id), shop::error> get{};
static_assert(get.shape.verb == method::get && get.shape.path() == "/articles/{id}");
static_assert(std::same_as<decltype(get)::result_type, shop::article>);
static_assert(std::same_as<decltype(get)::error_type, shop::error>);

// All that may stand in an endpoint.
[[maybe_unused]] constexpr endpoint<"GET /a", std::vector<int>(query<page>)> with_query{};
[[maybe_unused]] constexpr endpoint<"PUT /a", void(header<"If-Match">, body)> with_body{};
[[maybe_unused]] constexpr endpoint<"GET /a/{b}/{c}", std::string(path<"c", int>, std::string)>
    with_names{};
[[maybe_unused]] constexpr endpoint<"GET /b", std::optional<shop::article>()> with_optional{};
[[maybe_unused]] constexpr endpoint<"GET /c", no_content(), problem> with_any_problem{};
static_assert(std::is_void_v<decltype(with_body)::error_type>);

TEST(endpoint, knows_what_is_sent) {
  using handler = signature<void, store&, int, const request&, const query<page>&, deadline>;
  EXPECT_TRUE((std::same_as<sent_types<handler>, type_list<int, query<page>>>));
  EXPECT_TRUE((std::same_as<sent_types<signature<void>>, type_list<>>));
  EXPECT_FALSE((std::same_as<sent_types<signature<void, int, long>>, type_list<long, int>>));
}

TEST(endpoint, takes_values_that_a_client_can_send) {
  EXPECT_TRUE((takes_only_sent_values<signature<void, int, json_body<page>, header<"X">, body>>));
  EXPECT_FALSE((takes_only_sent_values<signature<void, store&>>));
  EXPECT_FALSE((takes_only_sent_values<signature<void, const int&>>));
  EXPECT_FALSE((takes_only_sent_values<signature<void, const request&>>));
  EXPECT_FALSE((takes_only_sent_values<signature<void, deadline>>));
  EXPECT_FALSE((takes_only_sent_values<signature<void, body_stream>>));
}

TEST(endpoint, gives_results_that_a_client_can_know) {
  EXPECT_TRUE(is_described_result<void>());
  EXPECT_TRUE(is_described_result<std::string>());
  EXPECT_TRUE(is_described_result<created<shop::article>>());
  EXPECT_TRUE(is_described_result<std::optional<shop::article>>());
  EXPECT_FALSE(is_described_result<response>());
  EXPECT_FALSE(is_described_result<problem>());
  EXPECT_FALSE(is_described_result<response_stream>());
  EXPECT_FALSE(is_described_result<task<int>>());
  EXPECT_FALSE((is_described_result<result<int, problem>>()));
  EXPECT_FALSE((is_described_result<std::optional<response>>()));
}

}  // namespace
}  // namespace ferrule
