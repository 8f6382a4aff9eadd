// Writer, reader and schema agree on every value of every form: what is written is read back equal
// and fits its schema, and of any text the schema says beforehand whether it will be read.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/schema.hpp"
#include "ferrule/json/write.hpp"
#include "small_schema.hpp"

namespace json = ferrule::json;

namespace {

using std::chrono::system_clock;
template <class Duration>
using time = std::chrono::sys_time<Duration>;

enum class color : std::uint8_t { red, green, blue };
enum class level { low = -100, high = 100 };

// Shapes, to be filled with any type.
template <class T>
struct single {
  T value;
};
template <class T>
struct holder {
  std::optional<T> maybe;
  std::vector<T> list;
  std::array<T, 2> two;
  std::map<std::string, T> by_name;
  T value;
};
template <class T>
struct nullable {
  std::vector<std::optional<T>> list;
  std::map<std::string, std::unique_ptr<T>> by_name;
};
template <class A, class B>
struct both {
  static constexpr std::string_view json_tag = "both";
  A a;
  B b;
};
template <class A, class B>
struct chosen {
  std::variant<single<A>, both<A, B>> one;
  std::vector<std::variant<std::monostate, single<B>, both<A, B>>> any;
};
struct tree {
  std::string name;
  std::vector<tree> children;
  std::unique_ptr<tree> next;
  std::map<std::string, tree> named;
};
struct lenient {
  static constexpr bool json_allow_unknown = true;
  static constexpr bool json_allow_missing = true;
  int retries = 3;
  std::string name = "none";
  std::optional<json::raw> extra;
};
struct empty {};
struct bounded {
  std::string name;
  std::optional<std::string> text;
  std::uint8_t count;
  std::int64_t offset;
  double share;
  std::vector<int> list;
  std::map<std::string, int> map;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1, .size_max = 3, .form = &json::plain_text},
      {.member = "text", .size_min = 2, .size_max = 5},
      {.member = "count", .min = 3},
      {.member = "offset", .min = -10, .max = -1},
      {.member = "share", .min = 0, .max = 1},
      {.member = "list", .size_min = 1, .size_max = 2},
      {.member = "map", .size_max = 2}};
};

/// Makes values of any type, those at the ends of its range among them.
class maker {
 public:
  explicit maker(std::uint64_t seed) : random_(seed) {}

  template <class T>
  T make(int depth = 0) {
    using enum json::kind;
    constexpr json::kind form = json::kind_of<T>;
    if constexpr (form == boolean) {
      return below(2) == 0;
    } else if constexpr (form == integer) {
      const T ends[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T(0), T(1)};
      return below(3) == 0 ? ends[below(4)] : static_cast<T>(random_());
    } else if constexpr (form == floating) {
      return number<T>();
    } else if constexpr (form == string) {
      return text();
    } else if constexpr (form == enumeration) {
      return json::enumerators<T>[below(json::enumerators<T>.size())].value;
    } else if constexpr (form == optional) {
      if (depth > 3 || below(3) == 0) return T();
      return T(held<T>(make<std::remove_reference_t<decltype(*std::declval<T&>())>>(depth + 1)));
    } else if constexpr (form == time_point) {
      using duration = typename T::duration;
      return T(std::chrono::duration_cast<duration>(std::chrono::nanoseconds(random_())));
    } else if constexpr (form == duration) {
      return T(make<typename T::rep>());
    } else if constexpr (form == json::kind::raw) {
      const char* const texts[] = {"null", "1e400", "[0.10,{}]", "\"\\u0000\"", "{\"a\":[1e2]}"};
      return json::raw::trusted(texts[below(5)]);
    } else if constexpr (form == variant) {
      return alternative<T>(depth, std::make_index_sequence<std::variant_size_v<T>>());
    } else if constexpr (form == null) {
      return {};
    } else if constexpr (form == map) {
      T made;
      for (auto left = count(depth); left != 0; --left) {
        made.emplace(text(), make<typename T::mapped_type>(depth + 1));
      }
      return made;
    } else if constexpr (form == sequence) {
      T made{};
      if constexpr (requires { made.push_back(made.front()); } ||
                    requires { made.push_back(typename T::value_type()); }) {
        for (auto left = count(depth); left != 0; --left) {
          made.push_back(make<typename T::value_type>(depth + 1));
        }
      } else {
        for (auto& each : made) each = make<typename T::value_type>(depth + 1);
      }
      return made;
    } else {
      static_assert(form == object);
      T made{};
      std::apply([&](auto&... member) { ((member = like(member, depth)), ...); },
                 json::tie_members(made));
      return made;
    }
  }

 private:
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  std::size_t count(int depth) { return depth > 3 ? 0 : below(4); }

  template <class M>
  M like(const M& /*member*/, int depth) {
    return make<M>(depth + 1);
  }
  template <class T, class V>
  static T held(V&& v) {
    if constexpr (requires { typename T::element_type; }) {
      return std::make_unique<typename T::element_type>(std::forward<V>(v));
    } else {
      return T(std::forward<V>(v));
    }
  }
  template <class T>
  T number() {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const T ends[] = {T(0), -T(0), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(),
                      std::numeric_limits<T>::denorm_min(), T(1e20), T(-0.1)};
    if (below(2) == 0) return ends[below(std::size(ends))];
    const T any = std::bit_cast<T>(static_cast<bits>(random_()));
    return std::isfinite(any) ? any : T(1);
  }
  std::string text() {
    std::string made;
    for (auto left = below(20); left != 0; --left) {
      const std::string_view pieces[] = {"a",  "\"",    "\\",        "/", "\xC3\xA9",
                                         "~",  "plain", "\xE2\x82\xAC", " ", "\xF0\x9F\x98\x80",
                                         "\n", "\x1f",  {"\0", 1}};
      made += pieces[below(std::size(pieces))];
    }
    return made;
  }
  template <class T, std::size_t... I>
  T alternative(int depth, std::index_sequence<I...>) {
    const std::size_t wanted = below(sizeof...(I));
    T made;
    ((I == wanted ? void(made = make<std::variant_alternative_t<I, T>>(depth + 1)) : void()), ...);
    return made;
  }

  std::mt19937_64 random_;
};

/// Equal to the last bit, whatever the type.
template <class T>
bool equal(const T& a, const T& b) {
  using enum json::kind;
  constexpr json::kind form = json::kind_of<T>;
  if constexpr (form == floating) {
    return a == b && std::signbit(a) == std::signbit(b);
  } else if constexpr (form == optional) {
    return bool(a) == bool(b) && (!a || equal(*a, *b));
  } else if constexpr (form == variant) {
    return a.index() == b.index() && std::visit(
                                         [&]<class A>(const A& alternative) {
                                           return equal(alternative, std::get<A>(b));
                                         },
                                         a);
  } else if constexpr (form == map) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, mapped] : a) {
      const auto found = b.find(key);
      if (found == b.end() || !equal(mapped, found->second)) return false;
    }
    return true;
  } else if constexpr (form == sequence) {
    auto at = b.begin();
    if (a.size() != b.size()) return false;
    for (const auto& each : a) {
      if (!equal<typename T::value_type>(each, *at++)) return false;
    }
    return true;
  } else if constexpr (form == object) {
    const auto of_a = json::tie_members(a);
    const auto of_b = json::tie_members(b);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (equal(std::get<I>(of_a), std::get<I>(of_b)) && ...);
    }(std::make_index_sequence<json::member_count<T>>());
  } else {
    return a == b;
  }
}

template <class T>
small::validator schema_of(json::schema_use use) {
  json::components types;
  types.use = use;
  ferrule::buffer schema;
  json::write_schema<T>(schema, types);
  ferrule::buffer all;
  types.write(all);
  return {schema.view(), all.view()};
}

/// `is_exact`: the schema says all there is to say of what is read.
template <class T>
void check(bool is_exact = true, int rounds = 60) {
  SCOPED_TRACE(json::qualified_type_name<T>);
  const small::validator written = schema_of<T>(json::schema_use::written);
  const small::validator taken = schema_of<T>(json::schema_use::read);
  maker values(42);
  for (int i = 0; i != rounds; ++i) {
    const T value = values.make<T>();
    const std::string text = json::write(value);
    const auto back = json::read<T>(text);
    ASSERT_TRUE(back) << text << '\n' << back.error().problems[0].pointer << ' '
                      << back.error().problems[0].message;
    ASSERT_TRUE(equal(*back, value)) << text << '\n' << json::write(*back);
    ASSERT_TRUE(written.accepts(text)) << text;
    ASSERT_TRUE(taken.accepts(text)) << text;
  }
  for (const int fault_percent : {0, 3, 20}) {
    small::generator texts(taken, 42, fault_percent);
    for (int i = 0; i != rounds; ++i) {
      const std::string text = texts.make();
      const bool is_valid = taken.accepts(text);
      ASSERT_TRUE(is_valid || fault_percent != 0) << text;
      const auto read = json::read<T>(text);
      if (read) {
        ASSERT_TRUE(is_valid || !is_exact) << "read, but not by the schema: " << text;
        ASSERT_TRUE(written.accepts(json::write(*read))) << text;
      } else {
        ASSERT_TRUE(!is_valid || !is_exact)
            << "not read, but by the schema: " << text << '\n'
            << read.error().problems[0].pointer << ' ' << read.error().problems[0].message;
      }
    }
  }
}

template <class T>
void check_in_all_shapes() {
  check<T>();
  check<holder<T>>();
  check<nullable<T>>();
  check<chosen<T, std::string>>();
}

TEST(json_agreement, integers) {
  check_in_all_shapes<std::int8_t>();
  check_in_all_shapes<std::uint64_t>();
  check<holder<std::uint8_t>>();
  check<holder<std::int16_t>>();
  check<holder<std::uint16_t>>();
  check<holder<std::int32_t>>();
  check<holder<std::uint32_t>>();
  check<holder<std::int64_t>>();
}

TEST(json_agreement, floating_numbers) {
  check_in_all_shapes<double>();
  check<holder<float>>();
}

TEST(json_agreement, text_names_and_flags) {
  check_in_all_shapes<std::string>();
  check_in_all_shapes<color>();
  check<holder<level>>();
  check_in_all_shapes<bool>();
}

TEST(json_agreement, times_and_durations) {
  check<holder<time<std::chrono::seconds>>>();
  check<holder<time<std::chrono::milliseconds>>>();
  check<holder<time<std::chrono::microseconds>>>();
  check<holder<system_clock::time_point>>();
  check<holder<time<std::chrono::days>>>(false);
  check<holder<std::chrono::milliseconds>>();
  check<holder<std::chrono::duration<std::int8_t>>>();
  check<holder<std::chrono::duration<double>>>();
}

TEST(json_agreement, containers_of_containers) {
  check<holder<std::vector<std::deque<int>>>>();
  check<holder<std::unordered_map<std::string, std::array<bool, 3>>>>();
  check<holder<holder<color>>>();
  check<nullable<nullable<double>>>();
  check<chosen<holder<int>, nullable<std::string>>>();
  check<holder<std::vector<chosen<color, float>>>>();
}

TEST(json_agreement, aggregates) {
  check<empty>();
  check<holder<empty>>();
  check<tree>();
  check<lenient>();
  check<holder<lenient>>();
  check<std::vector<json::raw>>();
}

TEST(json_agreement, limits) {
  // What is made at random keeps no limits; what is made by the schema does.
  const small::validator taken = schema_of<bounded>(json::schema_use::read);
  for (const int fault_percent : {0, 3, 20}) {
    small::generator texts(taken, 42, fault_percent);
    for (int i = 0; i != 500; ++i) {
      const std::string text = texts.make();
      ASSERT_EQ(json::read<bounded>(text).has_value(), taken.accepts(text)) << text;
    }
  }
}

}  // namespace
