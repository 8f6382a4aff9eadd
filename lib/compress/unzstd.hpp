#pragma once
// zstd, by its reference library.

#include <memory>

#include "compress/stage.hpp"

namespace ferrule::detail {

std::unique_ptr<decompress_stage> make_unzstd();

}  // namespace ferrule::detail
