#pragma once
// JSON and JSON Schema once more, small and slow and by nothing of the library's: what the library
// writes, reads and promises is held against it.

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace small {

struct value {
  char type = 'n';    // n(ull), b(oolean), #(number), "(string), [(array), {(object)
  std::string text;   // of a string, decoded; a number or boolean as it stands
  std::vector<std::pair<std::string, value>> members;  // of an object; of an array without names

  const value* find(std::string_view name) const {
    for (const auto& [key, member] : members) {
      if (key == name) return &member;
    }
    return nullptr;
  }
  long double number() const { return std::strtold(text.c_str(), nullptr); }
  bool operator==(const value&) const = default;
};

/// Reads well-formed JSON; throws for all else that it notices.
class parser {
 public:
  static value parse(std::string_view text) {
    parser all{text};
    value whole = all.read();
    all.space();
    if (all.at_ != text.size()) throw std::runtime_error("goes on");
    return whole;
  }

 private:
  explicit parser(std::string_view text) : text_(text) {}

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  bool skip(char c) {
    space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!skip(c)) throw std::runtime_error("expected " + std::string(1, c));
  }
  value read() {
    space();
    value made;
    made.type = peek();
    if (skip('{')) {
      if (skip('}')) return made;
      do {
        space();
        std::string name = string();
        expect(':');
        made.members.emplace_back(std::move(name), read());
      } while (skip(','));
      expect('}');
    } else if (skip('[')) {
      if (skip(']')) return made;
      do {
        made.members.emplace_back("", read());
      } while (skip(','));
      expect(']');
    } else if (peek() == '"') {
      made.text = string();
    } else {
      while (std::string_view("+-.").find(peek()) != std::string_view::npos ||
             std::isalnum(static_cast<unsigned char>(peek())) != 0) {
        made.text += text_[at_++];
      }
      made.type = made.text == "null"                            ? 'n'
                  : made.text == "true" || made.text == "false" ? 'b'
                                                                 : '#';
    }
    return made;
  }
  std::string string() {
    std::string made;
    expect('"');
    while (peek() != '"') {
      if (at_ >= text_.size()) throw std::runtime_error("ends in a string");
      if (peek() != '\\') {
        made += text_[at_++];
        continue;
      }
      const std::string_view letters = "bfnrt";
      const char c = text_[at_ + 1];
      at_ += 2;
      if (c == 'u') {
        unsigned code = unit();
        if (code >= 0xD800 && code < 0xDC00) {
          at_ += 2;
          code = 0x10000 + ((code - 0xD800) << 10) + (unit() - 0xDC00);
        }
        put(made, code);
      } else {
        const std::size_t known = letters.find(c);
        made += known == letters.npos ? c : "\b\f\n\r\t"[known];
      }
    }
    ++at_;
    return made;
  }
  unsigned unit() {
    const std::string digits(text_.substr(at_, 4));
    at_ += 4;
    return static_cast<unsigned>(std::strtoul(digits.c_str(), nullptr, 16));
  }
  static void put(std::string& to, unsigned code) {
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    to += static_cast<char>(lead[more] | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) to += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

inline bool is_date_time(const std::string& text) {
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)([.]\d+)?([Zz]|[+-]\d\d:\d\d))");
  std::smatch parts;
  if (!std::regex_match(text, parts, form)) return false;
  const auto part = [&](std::size_t i) { return std::stoi(parts[i].str()); };
  return part(2) >= 1 && part(2) <= 12 && part(3) >= 1 && part(3) <= 31 && part(4) <= 23 &&
         part(5) <= 59 && part(6) <= 59;
}

/// Validates by the keywords that the library's schemas have, and throws at any other.
class validator {
 public:
  validator(std::string_view schema, std::string_view components)
      : schema_(parser::parse(schema)), components_(parser::parse(components)) {}

  const value& schema() const { return schema_; }
  bool accepts(std::string_view text) const { return accepts(schema_, parser::parse(text)); }
  /// A schema, or the one it refers to.
  const value& resolve(const value& schema) const {
    const value* reference = schema.find("$ref");
    if (reference == nullptr) return schema;
    const std::string_view prefix = "#/components/schemas/";
    if (!reference->text.starts_with(prefix)) throw std::runtime_error(reference->text);
    const value* found = components_.find(reference->text.substr(prefix.size()));
    if (found == nullptr) throw std::runtime_error("no " + reference->text);
    return *found;
  }

 private:
  bool accepts(const value& schema, const value& v) const {
    const value& resolved = resolve(schema);
    for (const auto& [keyword, argument] : resolved.members) {
      if (!keeps(resolved, keyword, argument, v)) return false;
    }
    return true;
  }
  std::size_t matching(const value& schemas, const value& v) const {
    std::size_t count = 0;
    for (const auto& [_, each] : schemas.members) count += accepts(each, v) ? 1 : 0;
    return count;
  }
  static bool is_type(const std::string& name, const value& v) {
    if (name == "integer") return v.type == '#' && std::floor(v.number()) == v.number();
    return name == (v.type == 'n'   ? "null"
                    : v.type == 'b' ? "boolean"
                    : v.type == '#' ? "number"
                    : v.type == '"' ? "string"
                    : v.type == '[' ? "array"
                                    : "object");
  }
  bool keeps(const value& schema, const std::string& keyword, const value& argument,
             const value& v) const {
    const auto size_of = [&](char type) {
      return type == '"' ? characters(v.text) : v.members.size();
    };
    const auto size = [&](char type, bool is_min) {
      if (v.type != type) return true;
      const auto bound = static_cast<std::size_t>(argument.number());
      return is_min ? size_of(type) >= bound : size_of(type) <= bound;
    };
    if (keyword == "type") return is_type(argument.text, v);
    if (keyword == "const") return v == argument;
    if (keyword == "enum") {
      for (const auto& [_, each] : argument.members) {
        if (each == v) return true;
      }
      return false;
    }
    if (keyword == "anyOf") return matching(argument, v) != 0;
    if (keyword == "oneOf") return matching(argument, v) == 1;
    if (keyword == "minimum") return v.type != '#' || v.number() >= argument.number();
    if (keyword == "maximum") return v.type != '#' || v.number() <= argument.number();
    if (keyword == "minLength") return size('"', true);
    if (keyword == "maxLength") return size('"', false);
    if (keyword == "minItems") return size('[', true);
    if (keyword == "maxItems") return size('[', false);
    if (keyword == "minProperties") return size('{', true);
    if (keyword == "maxProperties") return size('{', false);
    if (keyword == "pattern") {
      return v.type != '"' || std::regex_search(v.text, std::regex(argument.text));
    }
    if (keyword == "format") {
      return argument.text != "date-time" || v.type != '"' || is_date_time(v.text);
    }
    if (keyword == "items") {
      if (v.type != '[') return true;
      for (const auto& [_, each] : v.members) {
        if (!accepts(argument, each)) return false;
      }
      return true;
    }
    if (keyword == "required") {
      if (v.type != '{') return true;
      for (const auto& [_, name] : argument.members) {
        if (v.find(name.text) == nullptr) return false;
      }
      return true;
    }
    if (keyword == "properties") {
      if (v.type != '{') return true;
      for (const auto& [name, member] : v.members) {
        const value* each = argument.find(name);
        if (each != nullptr && !accepts(*each, member)) return false;
      }
      return true;
    }
    if (keyword == "additionalProperties") {
      if (v.type != '{') return true;
      const value* properties = schema.find("properties");
      for (const auto& [name, member] : v.members) {
        if (properties != nullptr && properties->find(name) != nullptr) continue;
        if (argument.text == "false" || !accepts(argument, member)) return false;
      }
      return true;
    }
    if (keyword == "description") return true;
    throw std::runtime_error("unknown keyword " + keyword);
  }

  value schema_;
  value components_;
};

/// Makes texts by a schema: valid ones, or such with a fault somewhere with some probability.
class generator {
 public:
  generator(const validator& by, std::uint64_t seed, int fault_percent)
      : by_(by), random_(seed), fault_percent_(fault_percent) {}

  std::string make() { return make(by_.schema(), 0); }

 private:
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }

  std::string any() {
    const char* const texts[] = {
        "null",   "true", "0",         "-1",  "1.5",  "1e400", "\"\"", "\"x\"",   "[]",
        "[null]", "{}",   "{\"a\":1}", "300", "-1e2", "1e0",   "5.0",  "\"a.b\"", "1e20"};
    return texts[below(std::size(texts))];
  }
  std::string make(const value& schema, int depth) {
    if (chance(fault_percent_)) return any();
    const value& by = by_.resolve(schema);
    for (const char* several : {"anyOf", "oneOf"}) {
      if (const value* choices = by.find(several)) {
        const std::size_t last = choices->members.size() - 1;  // of an optional it is null
        return make(choices->members[depth > 4 ? last : below(last + 1)].second, depth);
      }
    }
    if (const value* one = by.find("const")) return quoted(one->text);
    if (const value* names = by.find("enum")) {
      return quoted(names->members[below(names->members.size())].second.text);
    }
    const value* type = by.find("type");
    if (type == nullptr) return any();
    if (type->text == "null") return "null";
    if (type->text == "boolean") return chance(50) ? "true" : "false";
    if (type->text == "integer") return integer(by);
    if (type->text == "number") return number(by);
    if (type->text == "string") return string(by);
    return type->text == "array" ? array(by, depth) : object(by, depth);
  }
  std::string integer(const value& by) {
    const std::string low = by.find("minimum")->text;
    const std::string high = by.find("maximum")->text;
    switch (below(8)) {
      case 0:
        return low;
      case 1:
        return high;
      case 2:
        return low + ".0";
      case 3:
        return high + "e0";
      case 4:
        return high + "0E-1";
      default: {
        const long double from = by.find("minimum")->number();
        const long double span = by.find("maximum")->number() - from;
        const auto at = from + std::floor(span * static_cast<long double>(below(1'000'001)) / 1e6L);
        char text[64];
        std::snprintf(text, sizeof text, chance(80) ? "%.0Lf" : "%.0Lf.000", at);
        return text;
      }
    }
  }
  std::string number(const value& by) {
    const auto from = static_cast<double>(by.find("minimum")->number());
    const auto to = static_cast<double>(by.find("maximum")->number());
    const double at = static_cast<double>(below(1'000'001)) / 1e6;
    char text[64];
    std::snprintf(text, sizeof text, chance(50) ? "%.17g" : "%.9g",
                  chance(50) ? from * (1 - at) + to * at : at);
    return text;
  }
  static std::string quoted(const std::string& text) {
    std::string made = "\"";
    for (char c : text) {
      if (c == '"' || c == '\\') made += '\\';
      made += c;
    }
    return made + '"';
  }
  std::string string(const value& by) {
    const value* format = by.find("format");
    if (format != nullptr && format->text == "date-time") return date_time(by);
    const value* min = by.find("minLength");
    const value* max = by.find("maxLength");
    const std::size_t least = min == nullptr ? 0 : static_cast<std::size_t>(min->number());
    const std::size_t most = max == nullptr ? 8 : static_cast<std::size_t>(max->number());
    const bool is_plain = by.find("pattern") != nullptr;
    std::string made = "\"";
    for (std::size_t left = least + below(most - least + 1); left != 0; --left) {
      const char* const pieces[] = {"a",          "Z",   "\\\"", "\\\\", "/", "\xC3\xA9", "\\u20ac",
                                    "\\ud83d\\ude00", " ", "\\u0000", "\\n"};
      made += pieces[below(std::size(pieces) - (is_plain ? 2 : 0))];
    }
    return made + '"';
  }
  std::string date_time(const value& by) {
    const value* pattern = by.find("pattern");
    const auto two = [&](std::size_t from, std::size_t count) {
      const std::string digits = std::to_string(from + below(count));
      return digits.size() == 1 ? "0" + digits : digits;
    };
    std::string made = std::to_string(1700 + below(500)) + '-' + two(1, 12) + '-' + two(1, 28) +
                       (chance(90) ? 'T' : 't') + two(0, 24) + ':' + two(0, 60) + ':' + two(0, 60);
    if (chance(50)) {
      made += '.';
      // Of whole seconds only zeros; else three digits, which every finer type keeps.
      const bool is_whole = pattern != nullptr && pattern->text.find("0-9") == std::string::npos;
      for (std::size_t left = 1 + below(3); left != 0; --left) made += is_whole ? '0' : '7';
      made += chance(20) ? "00000000000" : "";
    }
    const std::string zone = chance(50) ? "+" : "-";
    return '"' + made + (chance(50) ? "Z" : zone + two(0, 24) + ':' + two(0, 60)) + '"';
  }
  std::string array(const value& by, int depth) {
    const value* min = by.find("minItems");
    const value* max = by.find("maxItems");
    const std::size_t least = min == nullptr ? 0 : static_cast<std::size_t>(min->number());
    const std::size_t most = max == nullptr ? least + 3 : static_cast<std::size_t>(max->number());
    std::size_t count = depth > 4 ? least : least + below(most - least + 1);
    if (chance(fault_percent_)) count += 1;
    std::string made;
    for (; count != 0; --count) {
      made += (made.empty() ? "" : ", ") + make(*by.find("items"), depth + 1);
    }
    return '[' + made + ']';
  }
  std::string object(const value& by, int depth) {
    std::vector<std::string> members;
    const value* required = by.find("required");
    if (const value* properties = by.find("properties")) {
      for (const auto& [name, schema] : properties->members) {
        bool is_required = false;
        for (const auto& [_, each] : required->members) is_required |= each.text == name;
        if (chance(is_required ? fault_percent_ : depth > 4 ? 100 : 40)) continue;
        members.push_back(quoted(name) + ':' + make(schema, depth + 1));
      }
    }
    if (const value* more = by.find("additionalProperties"); more != nullptr) {
      if (more->text != "false" && depth <= 4) {
        for (std::size_t i = below(3); i != 0; --i) {
          members.push_back("\"k" + std::to_string(i) + "\":" + make(*more, depth + 1));
        }
      }
    }
    if (chance(fault_percent_)) members.push_back("\"unheard-of\":1");
    std::shuffle(members.begin(), members.end(), random_);
    std::string made;
    for (const std::string& each : members) made += (made.empty() ? "" : ",\n ") + each;
    return '{' + made + '}';
  }

  const validator& by_;
  std::mt19937_64 random_;
  int fault_percent_;
};

}  // namespace small
