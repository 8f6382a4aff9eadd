#pragma once
// Errors of a connection as values.

#include <new>
#include <optional>
#include <utility>

#include "ferrule/storage/error.hpp"

namespace ferrule::storage::detail {

/// Calls what may throw an `error` or find no memory, and returns what it threw.
template <class F>
std::optional<error> attempt(F&& f) noexcept {
  try {
    std::forward<F>(f)();
    return std::nullopt;
  } catch (const error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return error(error_kind::io, "out of memory");
  }
}

}  // namespace ferrule::storage::detail
