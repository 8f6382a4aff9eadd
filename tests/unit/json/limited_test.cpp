#include "ferrule/json/limited.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/schema.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::json {
namespace {

using count = bounded<std::uint32_t, 1, 100>;
using code = matching<"[A-Z]{2}[0-9]+", 3, 5>;
using name = bounded_text<1, 3>;

struct order {
  count pieces = 20;
  std::vector<code> codes;
  std::optional<name> note;
};
struct basket {
  std::map<name, bounded<int, -5, 5>> of_name;
  std::unordered_map<name, order> orders;
};

template <class T>
std::string problems_of(std::string_view text) {
  const auto read = json::read<T>(text);
  if (read) return "";
  std::string all;
  for (const violation& each : read.error().problems) {
    all += each.pointer + " " + each.message + "\n";
  }
  return all;
}
template <class T>
std::string schema_of() {
  buffer out;
  components types;
  types.use = schema_use::read;
  write_schema<T>(out, types);
  return std::string(out.view());
}

TEST(limited, values_are_read_within_their_limits) {
  const auto good = read<order>(R"({"pieces":100,"codes":["AB1","XY123"],"note":"äöü"})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->pieces, 100U);
  EXPECT_EQ(*good->codes[1], "XY123");
  EXPECT_EQ(good->note->operator std::string_view(), "äöü");
  EXPECT_EQ(write(*good), R"({"pieces":100,"codes":["AB1","XY123"],"note":"äöü"})");

  EXPECT_EQ(problems_of<order>(R"({"pieces":101,"codes":["AB1","ab1","AB1234"],"note":""})"),
            "/pieces must be from 1 to 100\n"
            "/codes/1 must match [A-Z]{2}[0-9]+\n"
            "/codes/2 must have from 3 to 5 characters\n"
            "/note must have from 1 to 3 characters\n");
  EXPECT_EQ(problems_of<order>(R"({"pieces":"1","codes":[]})"),
            "/pieces must be a whole number, not a string\n");
}

// As a number without an end each of these would be read, and could not be written.
TEST(limited, ends_can_be_those_of_64_bits) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  using row = bounded<std::uint64_t, 1, most>;
  EXPECT_EQ(problems_of<row>("9223372036854775807"), "");
  EXPECT_EQ(problems_of<row>("9223372036854775808"),
            " must be from 1 to 9223372036854775807\n");
  EXPECT_EQ(problems_of<std::vector<std::optional<row>>>("[18446744073709551615]"),
            "/0 must be from 1 to 9223372036854775807\n");
  EXPECT_EQ(schema_of<row>(), R"({"type":"integer","minimum":1,"maximum":9223372036854775807})");
  using debt = bounded<double, -9223372036854775808.0, 0.0>;
  EXPECT_EQ(problems_of<debt>("-9223372036854775808"), "");
  EXPECT_EQ(problems_of<debt>("-1e300"), " must be from -9223372036854775808 to 0\n");
}

TEST(limited, numbers_are_told_their_limits_whatever_their_type_holds) {
  using level = bounded<std::uint8_t, 1, 200>;
  for (const char* text : {"0", "201", "256", "-1", "1e30"}) {
    EXPECT_EQ(problems_of<level>(text), " must be from 1 to 200\n") << text;
  }
  using degrees = bounded<std::int16_t, -40, 32767>;
  EXPECT_EQ(problems_of<degrees>("99999"), " must be from -40 to 32767\n");
  EXPECT_EQ(*read<degrees>("-40"), -40);
  EXPECT_EQ(problems_of<degrees>("1.5"), " must be a whole number\n");
}

TEST(limited, no_form_is_looked_for_in_what_is_too_long) {
  EXPECT_EQ(problems_of<code>(R"("ab123456")"), " must have from 3 to 5 characters\n");
  EXPECT_EQ(problems_of<code>(R"("a")"),
            " must have from 3 to 5 characters\n must match [A-Z]{2}[0-9]+\n");
}

TEST(limited, text_is_a_key_of_maps) {
  const auto good = read<basket>(R"({"of_name":{"a":5},"orders":{"b":{"pieces":1,"codes":[]}}})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->of_name.begin()->second, 5);
  EXPECT_EQ(write(*good), R"({"of_name":{"a":5},"orders":{"b":{"pieces":1,"codes":[]}}})");
  EXPECT_EQ(problems_of<basket>(R"({"of_name":{"abcd":1,"":6},"orders":{}})"),
            "/of_name/abcd has a name that must be text of 1 to 3 characters\n"
            "/of_name/ has a name that must be text of 1 to 3 characters\n"
            "/of_name/ must be from -5 to 5\n");
}

TEST(limited, schemas_have_the_limits) {
  EXPECT_EQ(schema_of<count>(), R"({"type":"integer","minimum":1,"maximum":100})");
  EXPECT_EQ(schema_of<code>(),
            R"({"type":"string","minLength":3,"maxLength":5,"pattern":"^[A-Z]{2}[0-9]+$"})");
  EXPECT_EQ((schema_of<bounded_text<0, 36, &uuid_form>>().substr(0, 48)),
            R"({"type":"string","maxLength":36,"format":"uuid",)");
  EXPECT_EQ((schema_of<std::map<name, count>>()),
            R"({"type":"object","additionalProperties":{"type":"integer","minimum":1,)"
            R"("maximum":100},"propertyNames":{"type":"string","minLength":1,"maxLength":3}})");
  EXPECT_EQ((schema_of<bounded<double, 0.0, 1.0>>()),
            R"({"type":"number","format":"double","minimum":0,"maximum":1})");
}

TEST(limited, what_was_never_given_a_value_is_not_written) {
  EXPECT_THROW(write(name()), unwritable);
  EXPECT_THROW(write(count{}), unwritable);
  EXPECT_EQ(write(bounded_text<0, 3>()), R"("")");
}

TEST(limited, values_are_made_within_their_limits) {
  static_assert(count::from(100) && !count::from(101) && !count::from(0));
  constexpr count ten = 10;
  static_assert(ten == 10 && ten * 2 == 20U);
  EXPECT_FALSE(name::from("abcd"));
  EXPECT_EQ(**name::from("abc"), "abc");
  using most = bounded<std::uint64_t, 1, 18446744073709551615U>;
  EXPECT_EQ(*most::from(18446744073709551615U), 18446744073709551615U);
  EXPECT_EQ(problems_of<most>("0"), " must be at least 1\n");
}

}  // namespace
}  // namespace ferrule::json
