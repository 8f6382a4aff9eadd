#include "received_segments.hpp"

#include <gtest/gtest.h>
#include <linux/tcp.h>  // cannot stand beside netinet/tcp.h, whose tcp_info is shorter
#include <netinet/in.h>
#include <sys/socket.h>

namespace ferrule::http {

std::uint32_t received_segments(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  EXPECT_EQ(::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_segs_in;
}

}  // namespace ferrule::http
