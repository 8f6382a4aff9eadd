#pragma once
// A report as one page that needs nothing else: plots are drawn by the script in it.

#include <string>
#include <string_view>

namespace ferrule::load {

/// `json`: a run, a search, a curve or a comparison.
std::string html_page(std::string_view json);

}  // namespace ferrule::load
