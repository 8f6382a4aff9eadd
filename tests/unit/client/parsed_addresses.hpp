#pragma once
// Addresses as tests write them.

#include <initializer_list>
#include <vector>

#include "ferrule/io/address.hpp"

namespace ferrule {

/// Port 80 of each.
inline std::vector<address> addresses_of(std::initializer_list<const char*> ips) {
  std::vector<address> all;
  for (const char* ip : ips) all.push_back(*address::parse(ip, 80));
  return all;
}

}  // namespace ferrule
