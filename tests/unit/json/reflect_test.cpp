#include "ferrule/json/reflect.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ferrule/json/enum_names.hpp"

namespace json = ferrule::json;

namespace app {
struct inner {
  int x, y;
};
struct message {
  std::uint64_t id;
  std::string text;
  bool ok;
  double ratio;
  std::vector<inner> list;
  std::optional<std::string> maybe;
  inner in;
  std::variant<inner, std::monostate> either;
  std::map<std::string, int> counts;
  std::chrono::system_clock::time_point at;
  std::array<int, 3> three;
  std::string_view view;
};
template <class T>
struct page {
  std::vector<T> items;
  std::string next;
};
enum class color : std::uint8_t { red, green = 7, blue = 255 };
struct outer {
  enum kind : int { small = -3, large = 100 };
  kind k;
};
}  // namespace app

template <>
struct json::enum_range<app::color> {
  static constexpr int min = 0;
  static constexpr int max = 255;
};

namespace {

struct hidden {
  int first;
  std::string second_;
  std::unique_ptr<int> third;
};
enum class hidden_enum { a, b };
struct empty {};
struct initialised {
  int a = 3;
  std::string s = "x";
  static constexpr bool not_a_member = true;
};
struct needs_argument {
  explicit needs_argument(int) {}
};
struct without_default {
  needs_argument first;
  int second;
  needs_argument third;
};
struct recursive {
  std::string name;
  std::vector<recursive> children;
};
struct many {
  int a1, a2, a3, a4, a5, a6, a7, a8, b1, b2, b3, b4, b5, b6, b7, b8;
  int c1, c2, c3, c4, c5, c6, c7, c8, d1, d2, d3, d4, d5, d6, d7, last;
};
enum unscoped : short { first_value, second_value = 5 };
enum class flag : bool { off, on };
enum class byte_wide : unsigned char { low = 1, middle = 128, high = 255 };
enum class letter : char { a = 'a', z = 'z' };
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension"
struct with_dollars {
  int $a, a$, $;
};
#pragma clang diagnostic pop
template <class A, class B>
struct holder {
  enum class state { open, shut };
  state now;
};

TEST(reflect, counts_and_names_members) {
  static_assert(json::member_count<app::message> == 12);
  static_assert(json::member_name<app::message, 0> == "id");
  static_assert(json::member_name<app::message, 5> == "maybe");
  static_assert(json::member_name<app::message, 6> == "in");
  static_assert(json::member_name<app::message, 7> == "either");
  static_assert(json::member_name<app::message, 11> == "view");
  static_assert(std::is_same_v<json::member_type<app::message, 4>, std::vector<app::inner>>);
  static_assert(json::member_count<empty> == 0);
  static_assert(json::member_count<initialised> == 2 && initialised::not_a_member);
  static_assert(json::member_count<many> == 32);
  static_assert(json::member_name<many, 31> == "last");
  static_assert(json::member_name<with_dollars, 0> == "$a");
  static_assert(json::member_name<with_dollars, 1> == "a$");
  static_assert(json::member_name<with_dollars, 2> == "$");
}

TEST(reflect, knows_templates_local_hidden_and_recursive_types) {
  struct local {
    int a;
    int longer_name;
  };
  static_assert(json::member_name<local, 1> == "longer_name");
  static_assert(json::type_name<local>.ends_with("local"));
  static_assert(json::member_name<hidden, 1> == "second_");
  static_assert(json::member_count<hidden> == 3);
  static_assert(json::member_name<app::page<app::inner>, 0> == "items");
  static_assert(json::member_name<recursive, 1> == "children");
  static_assert(json::member_count<without_default> == 3);
  static_assert(json::member_name<without_default, 2> == "third");
}

TEST(reflect, ties_members_by_reference) {
  app::inner value{1, 2};
  std::get<1>(json::tie_members(value)) = 5;
  EXPECT_EQ(value.y, 5);
  many large{};
  large.last = 9;
  EXPECT_EQ(&std::get<31>(json::tie_members(large)), &large.last);
}

TEST(reflect, names_types) {
  static_assert(json::type_name<app::inner> == "inner");
  static_assert(json::qualified_type_name<app::inner> == "app::inner");
  static_assert(json::type_name<app::page<app::inner>> == "page<app::inner>");
  static_assert(json::type_name<hidden> == "hidden");
  static_assert(json::type_name<app::outer::kind> == "kind");
}

TEST(reflect, names_enumerators) {
  static_assert(json::enumerators<app::color>.size() == 3);
  static_assert(json::enum_name(app::color::green) == "green");
  static_assert(json::enum_name(app::color::blue) == "blue");
  static_assert(json::enum_name(static_cast<app::color>(9)).empty());
  static_assert(json::enum_value<app::color>("red") == app::color::red);
  static_assert(!json::enum_value<app::color>("RED"));
  static_assert(json::enum_name(app::outer::small) == "small");
  static_assert(json::enum_name(app::outer::large) == "large");
  static_assert(json::enumerators<app::outer::kind>.size() == 2);
  static_assert(json::enum_name(hidden_enum::b) == "b");
  static_assert(json::enum_name(second_value) == "second_value");
  static_assert(json::enumerators<unscoped>.size() == 2);
  static_assert(json::enum_name(flag::on) == "on");
  static_assert(json::enumerators<byte_wide>.size() == 3);
  static_assert(json::enum_value<byte_wide>("high") == byte_wide::high);
  static_assert(json::enum_name(letter::z) == "z");
  static_assert(json::enum_name(holder<int, app::page<int>>::state::shut) == "shut");
  enum class local { x, y };
  static_assert(json::enum_name(local::y) == "y");
  static_assert(json::enumerators<local>.size() == 2);
}

}  // namespace
