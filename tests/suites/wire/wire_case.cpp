#include "wire_case.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace ferrule::wire {
namespace {

struct text_line {
  int number;
  std::string text;
};

[[noreturn]] void refuse(const text_line& line, const std::string& why) {
  throw std::runtime_error("line " + std::to_string(line.number) + ": " + why + ": " + line.text);
}

template <class Number>
std::optional<Number> read_number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// Takes one byte, written plainly or as an escape, from the front of `text`.
std::optional<char> take_byte(std::string_view& text) {
  if (text.empty()) return {};
  const char first = text.front();
  if (first != '\\') {
    text.remove_prefix(1);
    return first;
  }
  constexpr std::string_view names = "rnt0\\";
  constexpr std::string_view meanings{"\r\n\t\0\\", 5};
  const std::string_view escape = text.substr(1);
  if (escape.empty()) return {};
  if (const std::size_t at = names.find(escape.front()); at != names.npos) {
    text.remove_prefix(2);
    return meanings[at];
  }
  const auto value = escape.size() < 3 || escape.front() != 'x'
                         ? std::nullopt
                         : read_number<unsigned>(escape.substr(1, 2), 16);
  if (!value) return {};
  text.remove_prefix(4);
  return static_cast<char>(*value);
}

std::string hex_escape(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'\\', 'x', digits[value >> 4U], digits[value & 15U]};
}

std::string decode(const text_line& line, std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const auto byte = take_byte(text);
    if (!byte) refuse(line, "no such escape");
    bytes += *byte;
  }
  return bytes;
}

struct alternative {
  std::string text;  // still escaped
  bool within_range = false;
};

/// The alternatives of `{each a|b|\x00..\x1f}`.
std::vector<alternative> alternatives(std::string_view list) {
  std::vector<alternative> all;
  for (;;) {
    const std::size_t bar = list.find('|');
    const std::string_view one = list.substr(0, bar);
    std::string_view rest = one;
    const auto first = take_byte(rest);
    const bool dots = first && rest.starts_with("..");
    if (dots) rest.remove_prefix(2);
    const auto last = dots ? take_byte(rest) : std::nullopt;
    if (last && rest.empty()) {
      const unsigned begin = static_cast<unsigned char>(*first);
      const unsigned end = static_cast<unsigned char>(*last);
      for (unsigned byte = begin; byte <= end; ++byte) {
        all.push_back({hex_escape(byte), byte != begin && byte != end});
      }
    } else {
      all.push_back({std::string(one)});
    }
    if (bar == list.npos) return all;
    list.remove_prefix(bar + 1);
  }
}

/// Appends what a line sends, and where it may be split: `{8*ab}` is `ab` eight times.
void append_bytes(const text_line& line, wire_step& to) {
  constexpr std::size_t long_repetition = 32;
  std::string_view text = std::string_view(line.text).substr(2);
  while (!text.empty()) {
    if (text.front() != '{') {
      const auto byte = take_byte(text);
      if (!byte) refuse(line, "no such escape");
      to.bytes += *byte;
      to.cuts.push_back(to.bytes.size());
      continue;
    }
    const std::size_t star = text.find('*');
    const std::size_t end = text.find('}');
    if (end == text.npos || star > end) refuse(line, "neither {each a|b} nor {8*a}");
    const auto times = read_number<std::size_t>(text.substr(1, star - 1));
    if (!times) refuse(line, "not a number of times");
    const std::string item = decode(line, text.substr(star + 1, end - star - 1));
    const std::size_t begin = to.bytes.size();
    for (std::size_t i = 0; i != *times; ++i) to.bytes += item;
    for (std::size_t at = begin + 1; at <= to.bytes.size(); ++at) {
      const bool near_an_end = at == begin + 1 || at + 1 >= to.bytes.size();
      if (near_an_end || to.bytes.size() - begin <= long_repetition) to.cuts.push_back(at);
    }
    text.remove_prefix(end + 1);
  }
}

/// `< 200`, `< 100?`, `< 200 HEAD`, `< 200 until close`, `< 200 x3`
void append_answers(const text_line& line, std::vector<expected_answer>& to) {
  std::string_view text = std::string_view(line.text).substr(2);
  const auto status = read_number<int>(text.substr(0, 3));
  if (!status) refuse(line, "not a status");
  expected_answer answer{.status = *status};
  text.remove_prefix(3);
  std::size_t times = 1;
  if (text == "?") {
    answer.optional = true;
  } else if (text == " HEAD") {
    answer.to_head = true;
  } else if (text == " until close") {
    answer.until_close = true;
  } else if (text.starts_with(" x")) {
    times = read_number<std::size_t>(text.substr(2)).value_or(0);
  } else if (!text.empty()) {
    times = 0;
  }
  if (times == 0) refuse(line, "no such kind of answer");
  to.insert(to.end(), times, answer);
}

/// `<: Name: value`, `<! Name`, `<= body`
void append_detail(const text_line& line, std::vector<expected_answer>& to) {
  if (to.empty()) refuse(line, "which answer?");
  const std::string text =
      decode(line, std::string_view(line.text).substr(std::min<std::size_t>(3, line.text.size())));
  expected_answer& answer = to.back();
  if (line.text[1] == '=') {
    answer.body = text;
  } else if (line.text[1] == '!') {
    answer.absent.push_back(text);
  } else {
    const std::size_t colon = text.find(": ");
    if (colon == text.npos) refuse(line, "not a field");
    answer.fields.emplace_back(text.substr(0, colon), text.substr(colon + 2));
  }
}

fate read_fate(const text_line& line) {
  constexpr std::pair<std::string_view, fate> names[] = {{"= open", fate::open},
                                                         {"= closed", fate::closed},
                                                         {"= closed early", fate::closed_early},
                                                         {"= closed late", fate::closed_late},
                                                         {"= cut", fate::cut},
                                                         {"= waits", fate::waits}};
  for (const auto& [name, value] : names) {
    if (line.text == name) return value;
  }
  refuse(line, "no such end");
}

/// A case without alternatives; the first line is its head.
wire_case read_case(const std::vector<text_line>& lines) {
  const std::string& head = lines.front().text;
  const std::size_t end = head.rfind("] ");
  if (end == head.npos) refuse(lines.front(), "not [name] section");
  wire_case made{.name = head.substr(1, end - 1),
                 .section = head.substr(end + 2),
                 .line = lines.front().number};
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    const std::string& text = lines[i].text;
    if (text.starts_with("> ")) {
      if (made.steps.empty() || !made.steps.back().answers.empty()) made.steps.emplace_back();
      append_bytes(lines[i], made.steps.back());
      continue;
    }
    if (made.steps.empty()) refuse(lines[i], "an answer to nothing");
    if (text.starts_with("< ")) {
      append_answers(lines[i], made.steps.back().answers);
    } else if (text == "<=" || text.starts_with("<: ") || text.starts_with("<! ") ||
               text.starts_with("<= ")) {
      append_detail(lines[i], made.steps.back().answers);
    } else {
      refuse(lines[i], "no such line");
    }
  }
  made.end = read_fate(lines.back());
  if (made.steps.empty()) refuse(lines.front(), "sends nothing");
  return made;
}

void read_alternatives(const std::vector<text_line>& lines, bool within_range,
                       std::vector<wire_case>& into) {
  constexpr std::string_view opening = "{each ";
  for (std::size_t i = 1; i != lines.size(); ++i) {
    const std::size_t begin = lines[i].text.find(opening);
    if (begin == std::string::npos) continue;
    const std::size_t end = lines[i].text.find('}', begin);
    if (end == std::string::npos) refuse(lines[i], "no end of {each");
    const std::size_t first = begin + opening.size();
    for (const auto& [one, within] : alternatives(lines[i].text.substr(first, end - first))) {
      std::vector<text_line> chosen = lines;
      chosen[i].text.replace(begin, end + 1 - begin, one);
      chosen.front().text.insert(chosen.front().text.rfind(']'), " <" + one + ">");
      read_alternatives(chosen, within_range || within, into);
    }
    return;
  }
  into.push_back(read_case(lines));
  into.back().within_range = within_range;
}

}  // namespace

std::string wire_case::bytes() const {
  std::string all;
  for (const wire_step& step : steps) all += step.bytes;
  return all;
}

std::vector<wire_case> read_cases(std::string_view text) {
  std::vector<wire_case> all;
  std::vector<text_line> open_case;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const text_line line{number, std::string(text.substr(0, end))};
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.text.empty() || line.text.front() == '#') continue;
    if (open_case.empty() != line.text.starts_with('[')) {
      refuse(line, "a case begins with [name] and ends with its = line");
    }
    open_case.push_back(line);
    if (!line.text.starts_with("= ")) continue;
    const std::size_t first = all.size();
    read_alternatives(open_case, false, all);
    for (std::size_t i = first + 1; i < all.size(); ++i) {
      const std::string before = all[i - 1].bytes();
      const std::string bytes = all[i].bytes();
      all[i].differs_at =
          static_cast<std::size_t>(std::ranges::mismatch(before, bytes).in2 - bytes.begin());
    }
    open_case.clear();
  }
  if (!open_case.empty()) refuse(open_case.front(), "a case without an end");
  return all;
}

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      text += hex_escape(static_cast<unsigned char>(byte));
    }
    if (text.size() > 2000) return text + "...";
  }
  return text;
}

}  // namespace ferrule::wire
