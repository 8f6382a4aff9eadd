#pragma once
#include <cstdint>

namespace ferrule::http {

/// How many TCP segments came in on a connected socket, those without data included.
std::uint32_t received_segments(int socket);

}  // namespace ferrule::http
