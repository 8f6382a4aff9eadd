#include "ferrule/api/signature.hpp"

#include <gtest/gtest.h>

namespace ferrule::detail {
namespace {

struct store {};
struct settings {
  int x;
};

template <class F>
constexpr auto bind(const pattern& shape) {
  return signature_of<F*>::bind(shape);
}

TEST(signature, tells_arguments_apart_by_their_types) {
  EXPECT_EQ(source_of<std::uint64_t>(), source::position);
  EXPECT_EQ(source_of<std::string_view>(), source::position);
  EXPECT_EQ(source_of<const std::string&>(), source::position);
  EXPECT_EQ((source_of<path<"id", int>>()), source::name);
  EXPECT_EQ(source_of<query<settings>>(), source::query);
  EXPECT_EQ(source_of<json_body<settings>>(), source::json_body);
  EXPECT_EQ(source_of<header<"X-Y">>(), source::header);
  EXPECT_EQ(source_of<body>(), source::body);
  EXPECT_EQ(source_of<body_stream>(), source::body_stream);
  EXPECT_EQ(source_of<deadline>(), source::deadline);
  EXPECT_EQ(source_of<const request&>(), source::request);
  EXPECT_EQ(source_of<store&>(), source::state);
  EXPECT_EQ(source_of<const store&>(), source::state);
}

TEST(signature, knows_what_no_request_can_give) {
  EXPECT_EQ(source_of<store>(), source::unknown);
  EXPECT_EQ(source_of<int*>(), source::unknown);
  EXPECT_EQ(source_of<char>(), source::unknown);
  EXPECT_EQ(source_of<int&>(), source::unknown);
  EXPECT_EQ(source_of<request>(), source::unknown);
  EXPECT_EQ(source_of<request&>(), source::unknown);
}

TEST(signature, binds_positions_from_left_to_right_around_names) {
  constexpr auto bound =
      bind<void(store&, int, path<"a", int>, std::string)>(parsed_pattern<"GET /{x}/{a}/{y}">);
  EXPECT_EQ(bound.fault, binding_fault::none);
  EXPECT_EQ(bound.slots[1], 0);
  EXPECT_EQ(bound.slots[2], 1);
  EXPECT_EQ(bound.slots[3], 2);
}

TEST(signature, finds_faults) {
  constexpr const pattern& two = parsed_pattern<"GET /{a}/{b}">;
  EXPECT_EQ(bind<void(int)>(two).fault, binding_fault::too_many_placeholders);
  EXPECT_EQ((bind<void(int, bool, double)>(two).fault), binding_fault::too_few_placeholders);
  EXPECT_EQ((bind<void(int, int)>(two).fault), binding_fault::one_type_twice);
  EXPECT_EQ((bind<void(std::string, std::string_view)>(two).fault), binding_fault::one_type_twice);
  EXPECT_EQ((bind<void(path<"a", int>, int)>(two).fault), binding_fault::none);
  EXPECT_EQ((bind<void(path<"c", int>, int)>(two).fault), binding_fault::unknown_name);
  EXPECT_EQ((bind<void(int, bool, body, body)>(two).fault), binding_fault::two_bodies);
  EXPECT_EQ((bind<void(int, store)>(two).fault), binding_fault::unknown_argument);
}

TEST(signature, sees_through_every_kind_of_function) {
  const auto closure = [](int, bool) noexcept { return 1; };
  EXPECT_EQ(signature_of<decltype(closure)>::count, 2U);
  const auto changing = [](int) mutable { return 1; };
  EXPECT_EQ(signature_of<std::remove_const_t<decltype(changing)>>::count, 1U);
  EXPECT_EQ(signature_of<void (*)() noexcept>::count, 0U);
  const auto generic = [](auto) {};
  EXPECT_TRUE(std::is_void_v<signature_of<decltype(generic)>>);
}

TEST(signature, knows_which_arguments_a_coroutine_could_lose) {
  EXPECT_TRUE((signature_of<void (*)(const std::string&)>::borrows_arguments()));
  EXPECT_FALSE((signature_of<void (*)(std::string, const request&, store&)>::borrows_arguments()));
}

}  // namespace
}  // namespace ferrule::detail
