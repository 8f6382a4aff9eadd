#pragma once
// What is asked: requests rendered before the run, so that sending one is handing over bytes.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/http/method.hpp"

namespace ferrule::load {

/// A request as it is described. In the target "{1..1000}" stands for a number drawn at random.
struct request_source {
  std::string name{};  ///< in reports; empty: method and target
  double weight = 1;   ///< how often it is sent, in relation to the others
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::vector<int> statuses{};  ///< expected; empty: any below 400
  std::string expect_body{};    ///< what the body of an answer must contain
};

/// A request ready to be sent.
struct prepared_request {
  std::string name;
  double weight = 1;
  method verb = method::get;
  std::vector<std::string> variants;  ///< whole requests as bytes, one for each number
  std::vector<int> statuses;
  std::string expect_body;

  bool expects(int status) const noexcept;
};

/// All requests of a run.
class request_set {
 public:
  /// For the server known as `authority`; without `keep_alive` every request says so. Fails with a
  /// line for the user.
  static result<request_set, std::string> prepare(const std::vector<request_source>& sources,
                                                  std::string_view authority, bool keep_alive);

  const std::vector<prepared_request>& all() const noexcept { return requests_; }
  /// The index of the next request, drawn by weight.
  std::uint32_t pick(rng& random) const noexcept;

 private:
  std::vector<prepared_request> requests_;
  std::vector<double> weights_so_far_;  // summed up
};

/// Reads a file of requests: a JSON array of objects with `target` and optionally `name`, `weight`,
/// `method`, `headers`, `body` (text) or `json` (any value), `expect_status` and `expect_body`.
/// Fails with a line for the user that names every problem.
result<std::vector<request_source>, std::string> parse_requests(std::string_view json);

}  // namespace ferrule::load
