// Any bytes: reading must neither crash nor accept what is not JSON, and what was accepted must
// come back the same after being written.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace json = ferrule::json;

namespace {

struct circle {
  double radius;
};
struct square {
  float side;
};
enum class color { red, green };
struct subject {
  static constexpr bool json_allow_missing = true;
  bool b = false;
  std::int8_t i = 0;
  std::uint64_t u = 0;
  double d = 0;
  std::string s;
  color c = color::red;
  std::optional<int> o;
  std::vector<subject> v;
  std::map<std::string, std::vector<bool>> m;
  std::variant<std::monostate, circle, square> x;
  std::chrono::system_clock::time_point t;
  std::unique_ptr<subject> p;
  json::raw r;
};

void check_problems(const json::read_error& error, std::size_t size) {
  FUZZ_CHECK(!error.problems.empty() && error.problems.size() <= json::read_limits{}.problems_max);
  for (const json::violation& problem : error.problems) {
    FUZZ_CHECK(problem.offset <= size && !problem.message.empty());
    // The parser refused it, so the place must have been found, too.
    FUZZ_CHECK(problem.message != "is not JSON");
    FUZZ_CHECK(problem.pointer.empty() || problem.pointer[0] == '/');
  }
}

template <class T>
void check(std::string_view text) {
  const auto read = json::read<T>(text);
  if (!read) return check_problems(read.error(), text.size());
  const std::string written = json::write(*read);
  const auto again = json::read<T>(written);
  FUZZ_CHECK(again.has_value() && json::write(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of the exact size, so that the sanitizer sees every byte read beyond the end.
  const std::unique_ptr<char[]> copy(new char[size]);
  std::copy_n(data, size, copy.get());
  const std::string_view text(copy.get(), size);
  check<json::raw>(text);
  check<subject>(text);
  check<std::vector<json::raw>>(text);
  check<std::string>(json::write(text));  // any bytes as a string are valid JSON
  return 0;
}
