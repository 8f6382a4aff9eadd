#pragma once
/// @file
/// A file operation on its way through a worker thread.

#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrule/io/backend.hpp"
#include "io/epoll/socket_table.hpp"

namespace ferrule::io::epoll {

/// What a worker does for a user's operation. It is an operation of its own because the pool
/// links what it runs, and the user's has no room for the arguments.
struct file_job : operation {
  operation* user = nullptr;
  socket_record* file = nullptr;
  int fd = -1;  // the worker's copy: the record belongs to the reactor's thread
  std::span<std::byte> data;
  std::int64_t offset = 0;
  std::int32_t result = 0;
};

}  // namespace ferrule::io::epoll
