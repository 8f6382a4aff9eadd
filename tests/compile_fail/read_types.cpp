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
//! expect: only maps with keys of std::string can be read: a view would outlive the document
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
//! expect: no answer can be made of what this handler returns
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
