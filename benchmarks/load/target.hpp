#pragma once
// What is loaded: a server found and looked at, with the requests for it.

#include <string>
#include <string_view>
#include <vector>

#include "load/report.hpp"
#include "load/requests.hpp"
#include "load/settings.hpp"
#include "load/url.hpp"

namespace ferrule::load {

/// A server and what it is asked.
struct target {
  url where;
  address at;
  request_set requests;
};

/// Takes the URL apart, finds the first address of its host that takes connections, and gets the
/// requests together. Fails with a line for
/// the user.
result<target, std::string> find_target(const settings& asked, std::string_view url_text);

/// What came of trying a target.
struct trial_requests {
  std::string error;                  ///< what keeps a run from making sense; empty: it can begin
  std::vector<std::string> problems;  ///< one a request whose answer was unexpected
};

/// Sends every request once. It is an error when nobody is there, there is no answer, or none of
/// the answers was expected.
trial_requests try_target(const target& with, nanoseconds timeout);

/// A run as the settings have it, except that its rate and duration are still theirs to choose.
run_settings run_settings_for(const settings& asked, const target& with, nanoseconds duration);

}  // namespace ferrule::load
