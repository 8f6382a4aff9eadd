#pragma once
/// @file
/// The socket calls that answer at once, shared by the backends that run on the kernel. Results
/// are those of `io::backend`: a handle or 0, or -errno.

#include <cstdint>

#include "ferrule/io/backend.hpp"

namespace ferrule::io::kernel {

std::int32_t listen(const address& at, const socket_options& options) noexcept;
std::int32_t open(int family, int type) noexcept;
/// Gives a listening socket that was made elsewhere the options that the connections it accepts
/// inherit. -EINVAL: it is no listening TCP or Unix socket.
std::int32_t take_listener(handle listening, const socket_options& options) noexcept;
/// Makes `fd` close-on-exec and, unless it is a regular file, non-blocking. On failure the
/// descriptor stays the caller's.
std::int32_t adopt(int fd) noexcept;
std::int32_t local(handle socket, address& out);
std::int32_t peer(handle socket, address& out) noexcept;
std::int32_t peek(handle socket) noexcept;
send_progress progress(handle socket) noexcept;
std::int32_t option(handle socket, int level, int name, int value) noexcept;
/// The kernel drops SYNs that come to `listener`, so that whoever sent one asks again, after a
/// second, whoever listens then. Connections whose handshake has begun go on.
std::int32_t refuse_handshakes(handle listener) noexcept;
/// The next connection at `listener`, or -EAGAIN.
std::int32_t accept(handle listener) noexcept;
void shutdown(handle socket, int how) noexcept;
void close(handle any) noexcept;
/// Whether recv(2) and send(2) work on it; pipes and terminals need read(2) and write(2).
bool is_socket(handle any) noexcept;
/// Whether `result` of an accept tells of one connection only, so that the next may be sound.
bool is_passing_accept_error(std::int32_t result) noexcept;

}  // namespace ferrule::io::kernel
