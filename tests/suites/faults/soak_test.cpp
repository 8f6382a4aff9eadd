// Mixed traffic with faults over real sockets for a while: nothing grows. FERRULE_SOAK_SECONDS says
// for how long.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <vector>

#include "faulty_server.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/scope.hpp"
#include "ferrule/net/stream.hpp"
#include "ferrule/route/failure.hpp"

namespace ferrule::test {
namespace {

constexpr bool memory_is_quarantined =
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

std::chrono::seconds soak_time() {
  const char* const given = std::getenv("FERRULE_SOAK_SECONDS");
  return std::chrono::seconds(given == nullptr ? 4 : std::strtol(given, nullptr, 10));
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%zu %zu", &total, &resident) != 2) ADD_FAILURE();
  if (file != nullptr) std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

/// What was measured in a quarter of the time.
struct quarter {
  std::size_t resident_bytes_max = 0;
  std::size_t descriptors_max = 0;
  std::vector<std::chrono::nanoseconds> latencies;

  std::chrono::nanoseconds median() {
    const auto middle = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() / 2);
    std::nth_element(latencies.begin(), middle, latencies.end());
    return *middle;
  }
};

struct soak {
  soak(reactor& at, rng& chance, std::chrono::nanoseconds time)
      : loop(at), random(chance), begin(at.now()), span(time) {}

  bool over() const { return loop.now() >= begin + span; }
  quarter& now() {
    const auto index = static_cast<std::size_t>((loop.now() - begin) * 4 / span);
    return quarters[std::min<std::size_t>(index, 3)];
  }
  void sample() {
    quarter& q = now();
    q.resident_bytes_max = std::max(q.resident_bytes_max, resident_bytes());
    q.descriptors_max = std::max(q.descriptors_max, open_descriptors());
  }

  reactor& loop;
  rng& random;
  mono_time begin;
  std::chrono::nanoseconds span;
  std::array<quarter, 4> quarters;
  std::uint64_t answered = 0;
  std::uint64_t cut = 0;
  std::string wrong;
};

/// Says one script and hears the answers or the end, or stops in the middle of it. Returns whether
/// the connection can be used again.
task<bool> talk(tcp_stream& stream, const script& what, soak& into) {
  const mono_time start = into.loop.now();
  for (const std::string& piece : what.pieces) {
    const auto written = co_await stream.write(piece);
    if (!written || into.random.below(50) == 0) co_return false;
  }
  std::string received;
  std::array<std::byte, 16384> bytes;
  verdict heard;
  while (heard.whole() != what.answers.size() && heard.wrong.empty()) {
    const auto read = co_await stream.read(bytes);
    if (!read || *read == 0) break;
    received.append(reinterpret_cast<const char*>(bytes.data()), *read);
    heard = judge(received, what.answers);
    if (into.random.below(200) == 0) co_return false;
  }
  if (!heard.wrong.empty()) into.wrong = heard.wrong;
  into.answered += heard.right;
  const bool all = heard.right == what.answers.size();
  if (all) into.now().latencies.push_back(into.loop.now() - start);
  into.cut += all ? 0 : 1;
  co_return all;
}

task<> come_and_go(soak& into, address server) {
  while (!into.over()) {
    auto connected = co_await tcp_stream::connect(server);
    if (!connected) continue;
    tcp_stream stream = std::move(*connected);
    for (std::uint64_t left = 1 + into.random.below(20); left != 0 && !into.over(); --left) {
      const std::vector<script>& all = scripts();
      auto talked =
          co_await with_deadline(30s, talk(stream, all[into.random.below(all.size())], into));
      if (!talked) into.wrong = "nothing more comes, not even the end";
      if (!talked || !*talked) break;
    }
  }
}

template <class World>
class soak_test : public testing::Test {};
using kernel_worlds = testing::Types<io::suite::uring_world, io::suite::epoll_world>;
TYPED_TEST_SUITE(soak_test, kernel_worlds);

TYPED_TEST(soak_test, nothing_grows) {
  set_exception_log([](const escaped_exception&) noexcept {});
  rng random(1);  // before the server, which asks it to the end
  faulty_server<TypeParam> server;
  if (server.io() == nullptr) GTEST_SKIP();
  server.io()->at_completion = [&random](fallible what) {
    if (random.below(what == fallible::accept ? 20 : 2000) != 0) return 0;
    return what == fallible::accept ? -EMFILE : -ENOBUFS;
  };

  soak run(server.client_loop(), random, soak_time() / 2);  // for each of two backends
  stop_source never;
  const environment surroundings{.loop = &server.client_loop(), .stop = &never};
  scope clients(surroundings);
  for (int i = 0; i != 16; ++i) clients.spawn(come_and_go(run, server.address()));
  mono_time next_sample = run.begin;
  while (!clients.empty()) {
    server.run_both();
    if (run.loop.now() < next_sample) continue;
    run.sample();
    next_sample = run.loop.now() + run.span / 100;
  }

  EXPECT_EQ(run.wrong, "");
  EXPECT_GT(run.answered, 100U);
  EXPECT_GT(run.cut, 0U) << "no fault was met";
  quarter& first = run.quarters.front();
  quarter& last = run.quarters.back();
  EXPECT_LE(last.descriptors_max, first.descriptors_max + 20);
  EXPECT_LE(last.median(), 5 * first.median() + 20ms);
  if (!memory_is_quarantined) {
    EXPECT_LE(last.resident_bytes_max, first.resident_bytes_max + (std::size_t{16} << 20U));
  }
  set_exception_log(nullptr);
}

}  // namespace
}  // namespace ferrule::test
