#pragma once
// br, by Google's decoder.

#include <memory>

#include "compress/stage.hpp"

namespace ferrule::detail {

std::unique_ptr<decompress_stage> make_unbrotli();

}  // namespace ferrule::detail
