#pragma once
// The program: what the command line asks for, done and reported.

namespace ferrule::load {

/// Returns the process' exit code: 0 all is well; 1 the run could not begin, nothing was answered
/// as expected, or compare found a regression; 2 a wrong option; 3 the figures are not to be
/// believed.
int run_tool(int argc, const char* const* argv);

}  // namespace ferrule::load
