#pragma once
// gzip and deflate, by zlib.

#include <memory>

#include "compress/stage.hpp"

namespace ferrule::detail {

std::unique_ptr<decompress_stage> make_gunzip();
/// Of the zlib format and of bare deflate data, whichever it meets.
std::unique_ptr<decompress_stage> make_inflate();

}  // namespace ferrule::detail
