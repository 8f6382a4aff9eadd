// What cannot be read is refused with what to do about it, by schemas and routes as well.
#include <atomic>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <ranges>
#include <set>

#include "ferrule/api/query.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/json/schema.hpp"
#include "ferrule/json/write.hpp"
#include "ferrule/route/table.hpp"
using namespace ferrule;

//! case: the schema of a path
//! expect: use std::string for a std::filesystem::path
//! expect: checked_form<std::filesystem::path>
#ifdef REFUSED
struct subject {
  std::vector<std::filesystem::path> member;
};
#else
struct subject {
  std::vector<std::string> member;
};
#endif
inline void use(buffer& out, json::components& all) { json::write_schema<subject>(out, all); }

//! case: a path to be read
//! expect: use std::string for a std::filesystem::path
#ifdef REFUSED
struct subject {
  std::optional<std::filesystem::path> member;
};
#else
struct subject {
  std::optional<std::string> member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: an optional of an optional to be read
//! expect: an optional of what may itself be null
#ifdef REFUSED
struct subject {
  std::vector<std::optional<std::unique_ptr<int>>> member;
};
#else
struct subject {
  std::vector<std::optional<int>> member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: the schema of an optional of a variant with a monostate
//! expect: an optional of what may itself be null
struct item {};
#ifdef REFUSED
struct subject {
  std::optional<std::variant<std::monostate, item>> member;
};
#else
struct subject {
  std::optional<std::variant<item>> member;
};
#endif
inline void use(buffer& out, json::components& all) { json::write_schema<subject>(out, all); }

//! case: a map of views to be read
//! expect: only maps with keys of std::string or bounded_text can be read
#ifdef REFUSED
struct subject {
  std::map<std::string_view, int> member;
};
#else
struct subject {
  std::map<std::string, int> member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a reference to be read
//! expect: make references values
#ifdef REFUSED
struct subject {
  const std::string& member;
};
#else
struct subject {
  std::string member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a const member to be read
//! expect: what is const cannot be read: remove the const
#ifdef REFUSED
struct subject {
  const int member;
};
#else
struct subject {
  int member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: an enumeration without names
//! expect: no value of this enumeration has a name
//! expect: use an integer (std::uint8_t for std::byte)
#ifdef REFUSED
struct subject {
  std::vector<std::byte> member;
};
#else
struct subject {
  std::vector<std::uint8_t> member;
};
#endif
inline void use(buffer& out, json::components& all) { json::write_schema<subject>(out, all); }

//! case: a view to be read
//! expect: only std::string can be read: a view would outlive the document
#ifdef REFUSED
struct subject {
  std::string_view member;
};
#else
struct subject {
  std::string member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a set to be read
//! expect: only std::array and containers with push_back can be read
#ifdef REFUSED
struct subject {
  std::set<int> member;
};
#else
struct subject {
  std::vector<int> member;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: an element without a default to be read
//! expect: a type needs a default value before it can be read
struct held {
  explicit held(int);
};
struct seconds {
  held count;
};
#ifdef REFUSED
struct subject {
  std::vector<seconds> members;
};
#else
struct subject {
  std::vector<int> members;
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: limits of a member that is not there
//! expect: json_limits names a member that this type does not have
//! expect: subject
#ifdef REFUSED
struct subject {
  std::string name;
  static constexpr json::member_limits json_limits[] = {
      {.member = "nam", .size_min = 1}};
};
#else
struct subject {
  std::string name;
  static constexpr json::member_limits json_limits[] = {
      {.member = "name", .size_min = 1}};
};
#endif
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a size of a number
//! expect: json_limits gives a size to a member that has none
#ifdef REFUSED
struct subject {
  int count;
  static constexpr json::member_limits json_limits[] = {
      {.member = "count", .size_max = 5}};
};
#else
struct subject {
  int count;
  static constexpr json::member_limits json_limits[] = {
      {.member = "count", .max = 5}};
};
#endif
inline void use(buffer& out, json::components& all) { json::write_schema<subject>(out, all); }

//! case: a path as a handler's result
//! expect: no response can be made of what this handler returns
//! expect: GET /
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /">([] { return std::filesystem::path(); }));
#else
constexpr auto routes = route_table(route<"GET /">([] { return std::string(); }));
#endif

//! case: a query of optionals of optionals
//! expect: a query cannot give this optional or vector its values
#ifdef REFUSED
struct page {
  std::optional<std::optional<int>> after;
};
#else
struct page {
  std::optional<int> after;
};
#endif
inline constexpr bool known = !query_member_required<page, 0>;  // by route_table

//! case: a character as a path parameter
//! expect: this handler has a parameter that no request can give
#ifdef REFUSED
constexpr auto routes = route_table(route<"GET /{c}">([](char) {}));
#else
constexpr auto routes = route_table(route<"GET /{c}">([](std::int8_t) {}));
#endif

//! case: limits that name a member twice
//! expect: json_limits names a member twice
struct subject {
  int count;
#ifdef REFUSED
  static constexpr json::member_limits json_limits[] = {{.member = "count", .min = 0},
                                                        {.member = "count", .max = 5}};
#else
  static constexpr json::member_limits json_limits[] = {{.member = "count", .min = 0, .max = 5}};
#endif
};
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: limits that leave no value
//! expect: json_limits leaves a member no value
struct subject {
  int count;
#ifdef REFUSED
  static constexpr json::member_limits json_limits[] = {{.member = "count", .min = 5, .max = 0}};
#else
  static constexpr json::member_limits json_limits[] = {{.member = "count", .min = 0, .max = 5}};
#endif
};
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a form of text that is not checked
//! expect: a text_form needs a function `fits`
#ifdef REFUSED
inline constexpr json::text_form only_a{"^a*$", nullptr, "must be of a alone"};
#else
inline constexpr json::text_form only_a{
    "^a*$", [](std::string_view text) { return text.find_first_not_of('a') == text.npos; },
    "must be of a alone"};
#endif
struct subject {
  std::string text;
  static constexpr json::member_limits json_limits[] = {{.member = "text", .form = &only_a}};
};
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a validate that is not const
//! expect: a validate takes its value as const
struct subject {
  int count;
#ifdef REFUSED
  void validate(json::violations& problems) {
#else
  void validate(json::violations& problems) const {
#endif
    if (count < 0) problems.add("/count", "must not be negative");
  }
};
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }

//! case: a validate beside its type that is not of a const
//! expect: a validate takes its value as const
struct subject {
  int count;
};
#ifdef REFUSED
inline void validate(subject& checked, json::violations& problems) {
#else
inline void validate(const subject& checked, json::violations& problems) {
#endif
  if (checked.count < 0) problems.add("/count", "must not be negative");
}
constexpr auto routes = route_table(route<"GET /">([](query<subject>) {}));
inline bool use(std::string_view text) { return bool(json::read<subject>(text)); }
