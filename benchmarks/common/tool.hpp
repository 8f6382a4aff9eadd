#pragma once
// What every measuring tool needs: flags, and an end with a reason.

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
  std::exit(1);
}

/// For calls that return -1 and set errno.
inline int check(int result, const char* call) {
  if (result < 0) fail(std::string(call) + ": " + std::strerror(errno));
  return result;
}

/// For liburing's calls, which return -errno.
inline int check_uring(int result, const char* call) {
  if (result < 0) fail(std::string(call) + ": " + std::strerror(-result));
  return result;
}

/// `--name value` pairs. Reading one takes it out; whatever is left in the end is an error.
class flags {
 public:
  flags(int argc, char** argv, const char* usage) : usage_(usage) {
    for (int i = 1; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (!name.starts_with("--") || i + 1 == argc) reject(name);
      values_.emplace(name.substr(2), argv[i + 1]);
    }
  }

  std::string text(const char* name, const char* otherwise) {
    auto found = values_.extract(name);
    return found.empty() ? otherwise : std::move(found.mapped());
  }

  long number(const char* name, long otherwise) { return parse(name, otherwise); }
  double decimal(const char* name, double otherwise) { return parse(name, otherwise); }

  void done() {
    if (!values_.empty()) reject("--" + values_.begin()->first);
  }

  [[noreturn]] void reject(std::string_view what) const {
    std::fprintf(stderr, "%s: cannot use '%.*s'\nusage: %s %s\n", program_invocation_short_name,
                 static_cast<int>(what.size()), what.data(), program_invocation_short_name, usage_);
    std::exit(2);
  }

 private:
  template <class Number>
  Number parse(const char* name, Number otherwise) {
    const auto found = values_.extract(name);
    if (found.empty()) return otherwise;
    const std::string& given = found.mapped();
    Number value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error != std::errc{} || end != given.data() + given.size() || !(value >= 0)) {
      reject(std::string("--") + name + " " + given);
    }
    return value;
  }

  const char* usage_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace bench
