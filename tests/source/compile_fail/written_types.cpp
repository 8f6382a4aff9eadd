// No type may compile and then crash when it is written, or lose what it holds.
#include <atomic>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <ranges>
#include <set>

#include "ferrule/json/read.hpp"
#include "ferrule/json/schema.hpp"
#include "ferrule/json/write.hpp"
using namespace ferrule;

//! case: a path, which is a range of paths
//! expect: a range of itself, or one without an end, would be written for ever
//! expect: use std::string for a std::filesystem::path
//! expect: checked_form<std::filesystem::path>
#ifdef REFUSED
struct subject {
  std::filesystem::path member;
};
#else
struct subject {
  std::string member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a container of itself
//! expect: make a recursive container a member of an aggregate
//! expect: subject>
#ifdef REFUSED
struct subject : std::vector<subject> {};
#else
struct subject {
  std::vector<subject> children;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a range without an end
//! expect: a range of itself, or one without an end
#ifdef REFUSED
struct subject {
  std::ranges::iota_view<int> member;
};
#else
struct subject {
  std::ranges::iota_view<int, int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a range that does not know its size
//! expect: this range does not know how many elements it has
//! expect: forward_list<int>
#ifdef REFUSED
struct subject {
  std::forward_list<int> member;
};
#else
struct subject {
  std::list<int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: an optional of an optional
//! expect: an optional of what may itself be null
//! expect: has two values for one null in JSON
//! expect: optional<std::optional<int>>
#ifdef REFUSED
struct subject {
  std::optional<std::optional<int>> member;
};
#else
struct subject {
  std::optional<int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: an optional json::raw that is no member
//! expect: an optional json::raw may be a member
#ifdef REFUSED
struct subject {
  std::vector<std::optional<json::raw>> member;
};
#else
struct subject {
  std::optional<json::raw> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a multimap
//! expect: a multimap has no form in JSON
//! expect: use a map of vectors
//! expect: multimap<
#ifdef REFUSED
struct subject {
  std::multimap<std::string, int> member;
};
#else
struct subject {
  std::map<std::string, std::vector<int>> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a map whose keys are no text
//! expect: the keys of this map are no text
//! expect: std::map<int, int
#ifdef REFUSED
struct subject {
  std::map<int, int> member;
};
#else
struct subject {
  std::map<std::string, int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a pair
//! expect: a pair or tuple has no names for its members
//! expect: pair<int, int>
#ifdef REFUSED
struct subject {
  std::pair<int, int> member;
};
#else
struct subject {
  std::array<int, 2> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a shared pointer
//! expect: this pointer has no form in JSON
//! expect: shared_ptr<int>
#ifdef REFUSED
struct subject {
  std::shared_ptr<int> member;
};
#else
struct subject {
  std::unique_ptr<int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a plain pointer
//! expect: this pointer has no form in JSON: use std::unique_ptr or std::optional
//! expect: int *
#ifdef REFUSED
struct subject {
  int* member;
};
#else
struct subject {
  std::optional<int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a pointer to an array
//! expect: this pointer has no form in JSON
//! expect: unique_ptr<int[]>
#ifdef REFUSED
struct subject {
  std::unique_ptr<int[]> member;
};
#else
struct subject {
  std::vector<int> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a character
//! expect: a single character has no form in JSON
//! expect: checked_form<char>
#ifdef REFUSED
struct subject {
  char member;
};
#else
struct subject {
  std::int8_t member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: text that is not UTF-8
//! expect: a single character has no form in JSON: use std::string for text (in UTF-8
//! expect: char8_t
#ifdef REFUSED
struct subject {
  std::u8string member;
};
#else
struct subject {
  std::string member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a C array
//! expect: a C array cannot be reflected: use std::array
//! expect: subject
#ifdef REFUSED
struct subject {
  int member[4];
};
#else
struct subject {
  std::array<int, 4> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a C array of one character
//! expect: a C array
//! expect: use std::array
#ifdef REFUSED
struct subject {
  char member[1];
};
#else
struct subject {
  std::string member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a union
//! expect: a union does not know which member it holds
//! expect: use a std::variant of aggregates
struct whole {
  int i;
};
struct real {
  float f;
};
#ifdef REFUSED
union number {
  int i;
  float f;
};
struct subject {
  number member;
};
#else
struct subject {
  std::variant<whole, real> member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: an anonymous union
//! expect: subject
//! expect: anonymous union
#ifdef REFUSED
struct subject {
  int kind;
  union {
    int i;
    float f;
  };
};
#else
struct subject {
  int kind;
  int i;
  float f;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a bit-field
//! expect: cannot bind to bit-field 'low'
//! expect: a bit-field has no address: make it a plain member
//! expect: subject
#ifdef REFUSED
struct subject {
  unsigned low : 3;
  unsigned high : 5;
};
#else
struct subject {
  std::uint8_t low;
  std::uint8_t high;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a reference that is no constant one
//! expect: cannot be initialised (a reference, perhaps)
#ifdef REFUSED
struct subject {
  int& member;
};
#else
struct subject {
  int member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a reference
//! expect: a reference cannot be reflected: make it a value, or a view
//! expect: subject
#ifdef REFUSED
struct subject {
  const std::string& member;
};
#else
struct subject {
  std::string_view member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a volatile member
//! expect: a volatile value has no form in JSON: copy it into a plain member
#ifdef REFUSED
struct subject {
  volatile int member;
};
#else
struct subject {
  int member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: an atomic
//! expect: this type has no form in JSON: use an aggregate
//! expect: atomic<int>
#ifdef REFUSED
struct subject {
  std::atomic<int> member;
};
#else
struct subject {
  int member;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a base class
//! expect: an aggregate with a base class cannot be reflected: make the base a member
//! expect: subject
struct base {
  int first;
};
#ifdef REFUSED
struct subject : base {
  int more;
};
#else
struct subject {
  base below;
  int more;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: private members
//! expect: use an aggregate (a struct without constructors, private members
//! expect: subject
#ifdef REFUSED
class subject {
  int hidden_ = 0;
};
#else
struct subject {
  int shown = 0;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a virtual function
//! expect: use an aggregate (a struct without constructors, private members
//! expect: subject
#ifdef REFUSED
struct subject {
  int shown = 0;
  virtual ~subject() = default;
};
#else
struct subject {
  int shown = 0;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: an enumeration without names in range
//! expect: no value of this enumeration has a name within -128 to 127: specialise json::enum_range
//! expect: subject
#ifdef REFUSED
enum class subject { not_found = 404 };
#else
enum class subject { not_found = 4 };
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: more members than are supported
//! expect: more than 32 members
//! expect: subject
#ifdef REFUSED
struct subject {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
  int aa, bb, cc, dd, ee, ff, gg;
};
#else
struct subject {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
  int aa, bb, cc, dd, ee, ff;
};
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a variant of what are no aggregates
//! expect: a variant in JSON holds aggregates and std::monostate only
struct whole {
  int value;
};
struct text {
  std::string value;
};
#ifdef REFUSED
using subject = std::variant<int, std::string>;
#else
using subject = std::variant<whole, text>;
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a null pointer
//! expect: this type has no form in JSON
//! expect: checked_form<std::nullptr_t>
#ifdef REFUSED
using subject = std::nullptr_t;
#else
using subject = std::monostate;
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a map whose keys are pointers to text
//! expect: the keys of this map are no text
#ifdef REFUSED
using subject = std::map<const char*, int>;
#else
using subject = std::map<std::string_view, int>;
#endif
inline std::string use(const subject& s) { return json::write(s); }

//! case: a time finer than a nanosecond
//! expect: this type has no form in JSON
#ifdef REFUSED
using subject = std::chrono::sys_time<std::chrono::duration<std::int64_t, std::pico>>;
#else
using subject = std::chrono::sys_time<std::chrono::nanoseconds>;
#endif
inline std::string use(const subject& s) { return json::write(s); }
