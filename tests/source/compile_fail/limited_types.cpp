#include "ferrule/json/limited.hpp"
#include "ferrule/json/patch.hpp"
#include "ferrule/json/schema.hpp"
using namespace ferrule;

//! case: a constant beyond its bounds
//! expect: a_constant_is_beyond_the_ends_of_its_bounded
//! lines: 30
struct page {
#ifdef REFUSED
  bounded<int, 1, 100> limit = 101;
#else
  bounded<int, 1, 100> limit = 100;
#endif
};
inline page first;

//! case: bounds the wrong way round
//! expect: Min is above Max
#ifdef REFUSED
inline bounded<int, 2, 1> n;
#else
inline bounded<int, 1, 2> n;
#endif

//! case: a pattern with a group
//! expect: this_pattern_has_a_group_or_an_alternative
#ifdef REFUSED
inline matching<"(ab)+"> text;
#else
inline matching<"[ab]+"> text;
#endif

//! case: a pattern with an escape that validators do not know outside of a class
//! expect: this_pattern_has_an_escape_that_is_not_known
#ifdef REFUSED
inline matching<"[0-9]+\\-[0-9]+"> text;
#else
inline matching<"[0-9]+-[\\-0-9]+"> text;
#endif

//! case: a pattern with a range of a set
//! expect: this_pattern_has_a_range_that_begins_with_a_set
#ifdef REFUSED
inline matching<"[\\d-x]"> text;
#else
inline matching<"[\\dx-]"> text;
#endif

//! case: a pattern with a bracket that closes nothing
//! expect: this_pattern_has_a_bracket_that_closes_nothing
#ifdef REFUSED
inline matching<"a}"> text;
#else
inline matching<"a\\}"> text;
#endif

//! case: a pattern with an anchor
//! expect: this_pattern_has_an_anchor_though_the_whole_text_has_to_match
#ifdef REFUSED
inline matching<"^a"> text;
#else
inline matching<"a"> text;
#endif

//! case: a patch of what has no members
//! expect: a patch<T> is of an aggregate
#ifdef REFUSED
inline patch<std::optional<int>> change;
#else
struct numbers {
  std::optional<int> n;
};
inline patch<numbers> change;
#endif

//! case: a name for a member that is not there
//! expect: json_names names a member that this type does not have
struct part {
  int n = 0;
#ifdef REFUSED
  static constexpr json::renamed json_names[] = {{.member = "m", .name = "a-b"}};
#else
  static constexpr json::renamed json_names[] = {{.member = "n", .name = "a-b"}};
#endif
};
inline std::string text = json::write(part{});

//! case: one name for two members
//! expect: json_names gives two members one name
struct part {
  int n = 0;
  int m = 0;
#ifdef REFUSED
  static constexpr json::renamed json_names[] = {{.member = "n", .name = "m"}};
#else
  static constexpr json::renamed json_names[] = {{.member = "n", .name = "a-b"}};
#endif
};
inline std::string text = json::write(part{});
