#include "ferrule/json/reader.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "json/document.hpp"
#include "json/integer.hpp"
#include "json/locate.hpp"
#include "json/pointer.hpp"

namespace ferrule::json {

namespace {

using detail::low_half;
using detail::type_of;

char type_at(node value) noexcept { return type_of(*value.at); }

std::string_view describe(node value) noexcept {
  switch (type_at(value)) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
      return "true";
    case 'f':
      return "false";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

/// "one", "two" or "three"
std::string quoted_list(std::span<const std::string_view> names) {
  std::string list;
  for (std::size_t i = 0; i != names.size(); ++i) {
    if (i != 0) list += i + 1 == names.size() ? " or " : ", ";
    list.append(1, '"').append(names[i]).append(1, '"');
  }
  return list;
}

template <class Number>
Number number_at(node value) noexcept {
  return std::bit_cast<Number>(value.at[1]);
}

/// Whether `number`, which `narrow` is the nearest float to, has another one as near.
bool is_between_floats(double number, float narrow) noexcept {
  if (narrow == number || !std::isfinite(narrow)) return false;
  const double away = number > narrow ? HUGE_VAL : -HUGE_VAL;
  const float other = std::nextafter(narrow, static_cast<float>(away));
  return double{narrow} + double{other} == 2 * number;
}

bool is_number(node value) noexcept {
  const char type = type_at(value);
  return type == 'l' || type == 'u' || type == 'd' || type == 'b';
}

/// JSON without the space between its tokens.
std::string without_space(std::string_view text) {
  std::string compact;
  compact.reserve(text.size());
  bool in_string = false;
  for (std::size_t at = 0; at != text.size(); ++at) {
    const char c = text[at];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    compact += c;
    if (c == '"') in_string = !in_string;
    if (c == '\\') compact += text[++at];
  }
  return compact;
}

}  // namespace

void violations::add(std::string_view pointer, std::string_view message) {
  in_.add(error_kind::invalid, pointer, message);
}

reader::reader(std::string_view text, read_limits limits)
    : text_(text),
      document_(detail::document::take()),
      problems_max_(limits.problems_max),
      allow_unknown_(limits.allow_unknown) {
  const std::size_t depth_max = std::min(limits.depth_max, nesting_max);
  std::optional<detail::member_place> duplicate;
  if (document_->parse(text, depth_max) == simdjson::SUCCESS) {
    duplicate = document_->find_duplicate();
    parsed_ = !duplicate;
  }
  if (parsed_) return;
  detail::syntax_place place = detail::locate(text, depth_max, duplicate);
  if (place.message.empty()) place.message = "is not JSON";
  error_.kind = error_kind::syntax;
  error_.problems.push_back(
      {error_kind::syntax, std::move(place.pointer), std::string(place.message), place.offset});
}

reader::~reader() { detail::document::give_back(std::move(document_)); }

node reader::root() const noexcept { return {document_->tape() + 1}; }

std::string_view reader::text_of(node string) const noexcept {
  return document_->string(*string.at);
}

node reader::after(node value) const noexcept {
  const std::uint64_t* tape = document_->tape();
  return {tape + detail::next_index(tape, static_cast<std::size_t>(value.at - tape))};
}

void reader::add(error_kind kind, std::string_view pointer, std::string_view message) {
  ++problem_count_;
  if (kind < error_.kind) error_.kind = kind;
  if (error_.problems.size() >= problems_max_ && !error_.problems.empty()) {
    ++error_.unlisted;
    return;
  }
  // A name can be as long as the document, and all within it have it in their pointers.
  constexpr std::size_t place_bytes_max = 4'096;
  const bool is_long = detail::pointer_bytes(path_) > place_bytes_max;
  if (is_long && !error_.problems.empty()) {
    ++error_.unlisted;
    return;
  }
  const detail::path_step* shown = path_;
  while (detail::pointer_bytes(shown) > place_bytes_max) shown = shown->before;
  std::string place;
  detail::append_pointer(place, shown);
  if (!is_long) place += pointer;
  std::string text(is_long ? "holds, below a very long name, what " : "");
  text += message;
  error_.problems.push_back({kind, std::move(place), std::move(text), 0});
}

bool reader::fail(std::string_view message) {
  add(error_kind::schema, "", message);
  return false;
}

bool reader::mismatch(node value, std::string_view expected) {
  return fail(std::string("must be ").append(expected).append(", not ").append(describe(value)));
}

bool reader::expect(node value, char type, std::string_view expected) {
  return type_at(value) == type || mismatch(value, expected);
}

bool reader::is_null(node value) noexcept { return type_at(value) == 'n'; }

bool reader::read_null(node value) { return expect(value, 'n', "null"); }

bool reader::read(node value, bool& into) {
  if (type_at(value) != 't' && type_at(value) != 'f') return mismatch(value, "true or false");
  into = type_at(value) == 't';
  return true;
}

std::string_view reader::source_of(node value) const {
  return document_->source(text_, static_cast<std::size_t>(value.at - document_->tape()));
}

double reader::double_at(node value) const {
  switch (type_at(value)) {
    case 'l':
      return static_cast<double>(number_at<std::int64_t>(value));
    case 'u':
      return static_cast<double>(number_at<std::uint64_t>(value));
    case 'd':
      return number_at<double>(value);
    default:
      return std::strtod(std::string(source_of(value)).c_str(), nullptr);
  }
}

bool reader::read(node value, double& into) {
  if (!is_number(value)) return mismatch(value, "a number");
  const double number = double_at(value);
  if (!std::isfinite(number)) return fail("must be within what a 64-bit number holds");
  into = number;
  return true;
}

bool reader::read(node value, float& into) {
  if (!is_number(value)) return mismatch(value, "a number");
  const double number = double_at(value);
  auto narrow = static_cast<float>(number);
  if (is_between_floats(number, narrow)) {  // the text may be nearer to one of them
    narrow = std::strtof(std::string(source_of(value)).c_str(), nullptr);
  }
  if (!std::isfinite(narrow)) return fail("must be within what a 32-bit number holds");
  into = narrow;
  return true;
}

bool reader::read(node value, std::string& into) {
  if (!expect(value, '"', "a string")) return false;
  into = text_of(value);
  return true;
}

std::optional<detail::integer> reader::integer_at(node value) {
  if (!is_number(value)) {
    mismatch(value, "a whole number");
    return std::nullopt;
  }
  if (type_at(value) == 'u') return detail::integer{number_at<std::uint64_t>(value)};
  if (type_at(value) == 'l') return detail::integer::of(number_at<std::int64_t>(value));
  const std::optional<detail::integer> whole = detail::parse_integer(source_of(value));
  if (!whole) fail("must be a whole number");
  return whole;
}

bool reader::read_signed(node value, std::int64_t min, std::int64_t max, std::int64_t& into) {
  const std::optional<detail::integer> number = integer_at(value);
  if (!number) return false;
  const std::optional<std::int64_t> fitting = number->as_signed();
  if (!fitting || *fitting < min || *fitting > max) {
    return fail("must be from " + std::to_string(min) + " to " + std::to_string(max));
  }
  into = *fitting;
  return true;
}

bool reader::read_unsigned(node value, std::uint64_t max, std::uint64_t& into) {
  const std::optional<detail::integer> number = integer_at(value);
  if (!number) return false;
  if (number->is_beyond || number->is_negative || number->magnitude > max) {
    return fail("must be from 0 to " + std::to_string(max));
  }
  into = number->magnitude;
  return true;
}

bool reader::read_time(node value, tick_length tick, std::int64_t min, std::int64_t max,
                       std::int64_t& ticks) {
  if (!expect(value, '"', "a date and time")) return false;
  const std::optional<timestamp> time = parse_rfc3339(text_of(value));
  if (!time) return fail("must be a date and time as in \"2024-05-01T12:34:56Z\"");
  const std::optional<std::int64_t> count = to_ticks(*time, tick);
  if (!count || *count < min || *count > max) {
    return fail("is a time beyond the precision or range that is kept");
  }
  ticks = *count;
  return true;
}

bool reader::read_raw(node value, std::string& into) {
  if (value.at == root().at) {
    into = text_;
    return true;
  }
  into = without_space(source_of(value));
  return true;
}

std::optional<std::size_t> reader::choose(node value, std::span<const std::string_view> names) {
  if (!expect(value, '"', "a string")) return std::nullopt;
  const std::string_view text = text_of(value);
  for (std::size_t i = 0; i != names.size(); ++i) {
    if (names[i] == text) return i;
  }
  fail("must be " + quoted_list(names));
  return std::nullopt;
}

std::optional<std::size_t> reader::choose_tagged(node value, std::string_view tag,
                                                 std::span<const std::string_view> names) {
  if (!expect(value, '{', "an object")) return std::nullopt;
  const detail::path_step step{path_, tag};
  path_ = &step;
  std::optional<std::size_t> chosen;
  const node end{document_->tape() + low_half(*value.at) - 1};
  node key{value.at + 1};
  while (key.at != end.at && text_of(key) != tag) key = after({key.at + 1});
  if (key.at == end.at) {
    fail("is missing");
  } else {
    chosen = choose({key.at + 1}, names);
  }
  path_ = step.before;
  return chosen;
}

bool reader::read_object(node value, const object_form& form, void* into, std::string_view tag) {
  if (!expect(value, '{', "an object")) return false;
  const std::size_t before = problem_count_;
  read_members(value, form, into, tag);
  return problem_count_ == before;
}

void reader::read_members(node value, const object_form& form, void* into, std::string_view tag) {
  const std::size_t count = form.members.size();
  const node end{document_->tape() + low_half(*value.at) - 1};
  std::uint64_t seen = 0;
  std::size_t expected = 0;  // members mostly come in the order of the aggregate
  for (node key{value.at + 1}; key.at != end.at; key = after({key.at + 1})) {
    const std::string_view name = text_of(key);
    const detail::path_step step{path_, name};
    path_ = &step;
    std::size_t tried = 0;
    while (tried != count && form.members[expected].name != name) {
      ++tried;
      expected = expected + 1 == count ? 0 : expected + 1;
    }
    if (tried != count) {
      seen |= std::uint64_t{1} << expected;
      form.members[expected].read(*this, {key.at + 1}, into);
      expected = expected + 1 == count ? 0 : expected + 1;
    } else if (!form.allow_unknown && !allow_unknown_ && (tag.empty() || name != tag)) {
      fail("is not known here");
    }
    path_ = step.before;
  }
  for (std::size_t i = 0; i != count; ++i) {
    if ((seen >> i & 1) != 0 || !form.members[i].required) continue;
    const detail::path_step step{path_, form.members[i].name};
    path_ = &step;
    fail("is missing");
    path_ = step.before;
  }
}

bool reader::read_map(node value, read_entry_function entry, void* into) {
  if (!expect(value, '{', "an object")) return false;
  const std::size_t before = problem_count_;
  const node end{document_->tape() + low_half(*value.at) - 1};
  for (node key{value.at + 1}; key.at != end.at; key = after({key.at + 1})) {
    const detail::path_step step{path_, text_of(key)};
    path_ = &step;
    entry(*this, step.key, {key.at + 1}, into);
    path_ = step.before;
  }
  return problem_count_ == before;
}

bool reader::read_array(node value, read_function element, void* into) {
  if (!expect(value, '[', "an array")) return false;
  const std::size_t before = problem_count_;
  const node end{document_->tape() + low_half(*value.at) - 1};
  detail::path_step step{path_, {}, 0, true};
  path_ = &step;
  for (node at{value.at + 1}; at.at != end.at; at = after(at), ++step.index) {
    element(*this, at, into);
  }
  path_ = step.before;
  return problem_count_ == before;
}

bool reader::has_size(node value, std::size_t count) {
  if (!expect(value, '[', "an array")) return false;
  const node end{document_->tape() + low_half(*value.at) - 1};
  std::size_t elements = 0;
  for (node at{value.at + 1}; at.at != end.at; at = after(at)) ++elements;
  return elements == count ||
         fail("must have " + std::to_string(count) + " elements, not " + std::to_string(elements));
}

}  // namespace ferrule::json
