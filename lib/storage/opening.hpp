#pragma once
// How the connection that writes comes to be.

#include <memory>
#include <string>

#include "ferrule/storage/database.hpp"
#include "storage/patience.hpp"

namespace ferrule::storage::detail {

inline constexpr std::string_view memory_path = ":memory:";

/// Opens a database and brings its tables up to date. While other processes open or change it too,
/// it tries again, for as long as `waits` lasts. Throws `error`.
std::unique_ptr<connection> open_writer(const std::string& path, const database_options& options,
                                        patience& waits);

}  // namespace ferrule::storage::detail
