#include "ferrule/api/parameter.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace shop {
struct article {
  std::uint32_t number = 0;
};
inline bool parse_parameter(std::string_view text, article& out) {
  return text.starts_with('A') && ferrule::parse_parameter(text.substr(1), out.number);
}
}  // namespace shop

namespace ferrule {
namespace {

enum class color { red, green };

template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  if (!parse_parameter(text, value)) return std::nullopt;
  return value;
}

TEST(parameter, reads_whole_numbers_within_range) {
  EXPECT_EQ(parse<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse<int>("-7"), -7);
  EXPECT_EQ(parse<int>("007"), 7);
  for (const char* text : {"", "-", "+7", " 7", "7 ", "7x", "0x7", "7.0"}) {
    EXPECT_EQ(parse<int>(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse<unsigned>("-7"), std::nullopt);
}

TEST(parameter, reads_finite_floating_point_numbers) {
  EXPECT_EQ(parse<double>("2.5e3"), 2500.0);
  EXPECT_EQ(parse<double>("-0.5"), -0.5);
  EXPECT_EQ(parse<float>("1e-50"), 0.0F);  // nearer to zero than any other
  EXPECT_EQ(parse<double>("-1e-400"), -0.0);
  EXPECT_EQ(parse<double>("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse<float>("1e39"), std::nullopt);
  EXPECT_EQ(parse<float>("1e-50x"), std::nullopt);
  for (const char* text : {"", "inf", "nan", "1e999", "1,5", "1.5 "}) {
    EXPECT_EQ(parse<double>(text), std::nullopt) << text;
  }
}

TEST(parameter, reads_bool_enum_and_text) {
  EXPECT_EQ(parse<bool>("true"), true);
  EXPECT_EQ(parse<bool>("false"), false);
  EXPECT_EQ(parse<bool>("1"), std::nullopt);
  EXPECT_EQ(parse<color>("green"), color::green);
  EXPECT_EQ(parse<color>("blue"), std::nullopt);
  EXPECT_EQ(parse<std::string_view>(" any text "), " any text ");
  EXPECT_EQ(parse<std::string>(""), "");
}

TEST(parameter, reads_types_that_bring_their_own_reading) {
  ASSERT_TRUE(parse<shop::article>("A17"));
  EXPECT_EQ(parse<shop::article>("A17")->number, 17U);
  EXPECT_FALSE(parse<shop::article>("17"));
}

TEST(parameter, can_say_what_it_expects) {
  EXPECT_EQ(detail::expected_parameter<bool>(), "true or false");
  EXPECT_EQ(detail::expected_parameter<std::uint16_t>(), "an unsigned integer of 16 bits");
  EXPECT_EQ(detail::expected_parameter<long>(), "an integer of 64 bits");
  EXPECT_EQ(detail::expected_parameter<double>(), "a number");
  EXPECT_EQ(detail::expected_parameter<color>(), "one of red, green");
  EXPECT_EQ(detail::expected_parameter<shop::article>(), "a valid article");
}

static_assert(!text_parameter<char> && !text_parameter<int*>);

}  // namespace
}  // namespace ferrule
