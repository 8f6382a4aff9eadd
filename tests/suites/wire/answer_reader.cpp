#include "answer_reader.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace ferrule::wire {
namespace {

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != others.npos);
  });
}

bool is_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view space = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(space), text.size());
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7); N is a digit and a a letter.
bool is_date(std::string_view text) {
  constexpr std::string_view shape = "aaa, NN aaa NNNN NN:NN:NN GMT";
  return std::ranges::equal(text, shape, [](char c, char like) {
    if (like == 'N') return is_digit(c);
    if (like == 'a') return std::isalpha(static_cast<unsigned char>(c)) != 0;
    return c == like;
  });
}

/// Digits only, base 10 or 16; none for anything else or too much of it.
std::optional<std::uint64_t> read_size(std::string_view text, unsigned base) {
  if (text.empty() || text.size() > 15) return {};
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (is_digit(c)) {
      value = value * base + static_cast<unsigned>(c - '0');
    } else if (base == 16 && lower >= 'a' && lower <= 'f') {
      value = value * base + static_cast<unsigned>(lower - 'a' + 10);
    } else {
      return {};
    }
  }
  return value;
}

class reader {
 public:
  reader(std::string_view bytes, const answer_context& context)
      : bytes_(bytes), context_(context) {}

  answer_reading read() {
    answer_reading reading;
    bool whole = read_head() && check_head() && read_body();
    if (whole && answer_.status == 205 && !answer_.body.empty()) whole = refuse("205 with a body");
    if (whole) {
      reading.whole = std::move(answer_);
      reading.consumed = at_;
    }
    reading.fault = std::move(fault_);
    return reading;
  }

 private:
  bool refuse(const std::string& why) {
    fault_ = why;
    return false;
  }
  /// The next line without its CRLF; none when it is not whole.
  std::optional<std::string_view> take_line() {
    const std::size_t end = bytes_.find("\r\n", at_);
    const std::string_view line = bytes_.substr(at_, end == bytes_.npos ? end : end - at_);
    if (line.find('\n') != line.npos) refuse("a bare LF");
    if (end == bytes_.npos || !fault_.empty()) return {};
    at_ = end + 2;
    return line;
  }

  bool read_head() {
    const auto status_line = take_line();
    if (!status_line) {
      // Garbage must not pass for an answer of which the rest is missing.
      constexpr std::string_view begin = "HTTP/1.1 ";
      const std::size_t common = std::min(bytes_.size(), begin.size());
      return bytes_.substr(0, common) == begin.substr(0, common) ? false : refuse("no status line");
    }
    const std::string_view line = *status_line;
    if (line.size() < 13 || !line.starts_with("HTTP/1.1 ") || line[12] != ' ' ||
        !std::ranges::all_of(line.substr(9, 3), is_digit) ||
        (line.size() > 13 && !is_value(line.substr(13)))) {
      return refuse("not a status line: " + std::string(line));
    }
    answer_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (answer_.status < 100 || answer_.status > 599) return refuse("not a status");
    for (;;) {
      const auto field = take_line();
      if (!field) return false;
      if (field->empty()) return true;
      const std::size_t colon = field->find(':');
      if (colon == field->npos || !is_token(field->substr(0, colon))) {
        return refuse("not a field: " + std::string(*field));
      }
      const std::string_view value = without_space(field->substr(colon + 1));
      if (!is_value(value)) return refuse("not a value: " + std::string(*field));
      answer_.fields.emplace_back(field->substr(0, colon), value);
    }
  }

  bool check_head() {
    for (const std::string_view name : {"Date", "Content-Length", "Transfer-Encoding",
                                        "Content-Type", "Connection", "Location"}) {
      const auto has_name = [&](const auto& field) { return same(field.first, name); };
      if (std::ranges::count_if(answer_.fields, has_name) > 1) {
        return refuse("twice: " + std::string(name));
      }
    }
    const std::string* const length = answer_.field("Content-Length");
    const std::string* const coding = answer_.field("Transfer-Encoding");
    if (answer_.interim()) {
      return length == nullptr && coding == nullptr ? true : refuse("1xx with framing");
    }
    const std::string* const date = answer_.field("Date");
    if (date == nullptr || !is_date(*date)) return refuse("no valid Date");
    if (answer_.status == 405 && answer_.field("Allow") == nullptr) return refuse("no Allow");
    if (length != nullptr && coding != nullptr) return refuse("framed twice");
    if (length != nullptr && !read_size(*length, 10)) return refuse("not a length: " + *length);
    if (coding != nullptr && *coding != "chunked") return refuse("not a coding: " + *coding);
    if (answer_.status == 204 && (length != nullptr || coding != nullptr)) {
      return refuse("204 with framing");
    }
    return true;
  }

  bool read_body() {
    const bool never =
        context_.to_head || answer_.interim() || answer_.status == 204 || answer_.status == 304;
    if (never) return true;
    if (answer_.field("Transfer-Encoding") != nullptr) return read_chunks();
    if (const std::string* const length = answer_.field("Content-Length"); length != nullptr) {
      return take_data(*read_size(*length, 10));
    }
    if (!context_.until_close_allowed) return refuse("no framing");
    answer_.until_close = true;
    return context_.ended && take_data(bytes_.size() - at_);
  }

  bool take_data(std::uint64_t size) {
    if (bytes_.size() - at_ < size) return false;
    answer_.body += bytes_.substr(at_, size);
    at_ += size;
    return true;
  }

  bool read_chunks() {
    for (;;) {
      const auto line = take_line();
      if (!line) return false;
      const auto size = read_size(*line, 16);
      if (!size) return refuse("not a chunk's size: " + std::string(*line));
      if (*size != 0 && !take_data(*size)) return false;
      const auto end = take_line();  // after the data, or after no trailers
      if (!end) return false;
      if (!end->empty()) return refuse("bytes after a chunk: " + std::string(*end));
      if (*size == 0) return true;
    }
  }

  std::string_view bytes_;
  answer_context context_;
  std::size_t at_ = 0;
  answer answer_;
  std::string fault_;
};

}  // namespace

const std::string* answer::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& field) { return same(field.first, name); });
  return found == fields.end() ? nullptr : &found->second;
}

bool answer::lists(std::string_view name, std::string_view member) const {
  const std::string* const value = field(name);
  if (value == nullptr) return false;
  std::string_view rest = *value;
  for (;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (same(without_space(rest.substr(0, comma)), member)) return true;
    if (comma == rest.size()) return false;
    rest.remove_prefix(comma + 1);
  }
}

answer_reading read_answer(std::string_view bytes, const answer_context& context) {
  return reader(bytes, context).read();
}

}  // namespace ferrule::wire
