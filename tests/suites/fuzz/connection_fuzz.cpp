// Whole connections: the input is the script of a simulated world, its clients, their requests and
// the network's faults. What must hold is in tests/suites/sim/storm.hpp.

#include <cstdio>
#include <span>

#include "../sim/storm.hpp"
#include "check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ferrule::test::storm_report report = ferrule::test::run_storm(std::span(data, size));
  if (!report.wrong.empty()) std::fprintf(stderr, "%s\n", report.wrong.c_str());
  FUZZ_CHECK(report.wrong.empty());
  return 0;
}
