#pragma once
// One client of a storm: what its script makes it send, and how it judges what comes back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ferrule/core/task.hpp"
#include "ferrule/io/address.hpp"
#include "ferrule/test/sim.hpp"

namespace ferrule::test {

/// How often `GET /much/{token}` repeats its token.
inline constexpr unsigned storm_repetitions = 500;

/// A script as a source of decisions; all of them are 0 when it has ended.
class choices {
 public:
  explicit choices(std::span<const std::uint8_t> script) : rest_(script) {}

  /// From 0 to `bound` - 1; `bound` is 256 at most.
  unsigned below(unsigned bound) {
    if (rest_.empty()) return 0;
    const unsigned chosen = rest_.front() % bound;
    rest_ = rest_.subspan(1);
    return chosen;
  }
  /// Up to `most` bytes of the script itself.
  std::string raw(std::size_t most) {
    const std::size_t size = std::min<std::size_t>(most, rest_.size());
    std::string taken(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// What an answer has to be.
struct storm_answer {
  std::string body{};
  bool is_head = false;     ///< to HEAD: without its body
  bool is_refusal = false;  ///< to what is malformed: any error
};

/// What may happen to a connection that ends it.
enum class disturbance : std::uint8_t { none, reset, half_open, refused, leaves, babbles };

struct storm_connection {
  // The plan.
  std::vector<std::string> pieces;
  std::vector<unsigned> pauses_ms;  ///< after each piece
  std::vector<storm_answer> wanted;
  bool ends = false;      ///< after the last answer wanted
  bool says_fin = false;  ///< with the last piece
  disturbance trouble = disturbance::none;
  std::size_t disturbed_at = 0;  ///< before which piece

  // What came of it.
  unsigned answered = 0;
  bool refused = false;
  bool ended = false;  ///< the server's FIN came
  bool timed_out = false;
  std::string unread;
  std::string wrong;

  /// What must not be, if anything.
  std::string problem() const;
};

struct storm_client {
  std::string host;
  std::vector<storm_connection> connections;
};

storm_client make_client(unsigned number, choices& script);

/// Carries the plan out over `link`, which gets its faults.
task<> converse(sim_link& link, storm_connection& plan, address server);

}  // namespace ferrule::test
