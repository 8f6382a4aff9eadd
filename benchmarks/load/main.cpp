// ferrule-load: requests at a given rate, and honest figures of how long they took.
#include "load/tool.hpp"

int main(int argc, char** argv) { return ferrule::load::run_tool(argc, argv); }
