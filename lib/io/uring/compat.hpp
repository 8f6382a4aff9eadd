#pragma once
/// @file
/// liburing with what its oldest supported version (2.3) lacks or leaves to chance.

#include <liburing.h>

#include <cstddef>

namespace ferrule::io::uring {

// The ring of provided buffers is shared with the kernel, and its declaration in C++ has differed
// between versions of the header.
static_assert(sizeof(io_uring_buf) == 16);
static_assert(offsetof(io_uring_buf, addr) == 0);
static_assert(offsetof(io_uring_buf, len) == 8);
static_assert(offsetof(io_uring_buf, bid) == 12);
static_assert(offsetof(io_uring_buf_ring, tail) == 14);

/// What arrived together with multishot receive (Linux 6.0), which no probe reports by itself.
constexpr int newest_needed_opcode = IORING_OP_SEND_ZC;

}  // namespace ferrule::io::uring
