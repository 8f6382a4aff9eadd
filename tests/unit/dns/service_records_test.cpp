#include "dns/service_records.hpp"

#include <gtest/gtest.h>

#include "name_server.hpp"

namespace ferrule::dns {
namespace {

using namespace std::chrono_literals;

struct reading {
  bool whole = false;
  std::vector<service_target> targets;
  std::chrono::seconds ttl{0};
};

reading read(std::string_view message) {
  reading out;
  out.whole =
      read_services({reinterpret_cast<const unsigned char*>(message.data()), message.size()},
                    out.targets, out.ttl);
  return out;
}

std::string message_with(const std::vector<std::string>& answers) {
  std::string text = u16(7) + u16(0x8180) + u16(1) + u16(static_cast<unsigned>(answers.size())) +
                     u32(0) + labels("_http._tcp.a") + u16(33) + u16(1);
  for (const std::string& each : answers) text += each;
  return text;
}

TEST(service_records, reads_targets_and_the_shortest_ttl) {
  const reading read_back =
      read(message_with({record("_http._tcp.a", record_type::cname, 30, labels("_http._tcp.b")),
                         srv_record("_http._tcp.b", 60, 1, 2, 8001, "one.test"),
                         srv_record("_http._tcp.b", 90, 3, 4, 8002, "two.test")}));
  EXPECT_TRUE(read_back.whole);
  EXPECT_EQ(read_back.ttl, 30s);
  EXPECT_EQ(read_back.targets,
            (std::vector<service_target>{{"one.test", 8001, 1, 2}, {"two.test", 8002, 3, 4}}));
}

TEST(service_records, a_root_as_target_means_there_is_none) {
  const reading read_back = read(message_with({srv_record("_http._tcp.a", 60, 0, 0, 0, "")}));
  EXPECT_TRUE(read_back.whole);
  EXPECT_TRUE(read_back.targets.empty());
}

TEST(service_records, refuses_what_is_cut_off_anywhere) {
  const std::string whole = message_with({srv_record("_http._tcp.a", 60, 1, 2, 8001, "one.test")});
  EXPECT_TRUE(read(whole).whole);
  for (std::size_t size = 0; size != whole.size(); ++size) {
    EXPECT_FALSE(read(whole.substr(0, size)).whole) << size;
  }
}

}  // namespace
}  // namespace ferrule::dns
