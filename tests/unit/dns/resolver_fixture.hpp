#pragma once
// A resolver of the system and a name server on one reactor, for each of the kernel's backends.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/dns/system_resolver.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "name_server.hpp"
#include "support/backend_suite.hpp"

namespace ferrule::dns {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

inline task<names> ips_of(resolver* by, std::string name) {
  const auto found = co_await by->addresses(name);
  if (!found) co_return names{to_string(found.error())};
  names ips;
  for (const address& each : *found) ips.push_back(each.ip());
  std::sort(ips.begin(), ips.end());
  co_return ips;
}

inline task<names> ips_within(std::chrono::nanoseconds limit, resolver* by, std::string name) {
  auto found = co_await with_deadline(limit, ips_of(by, name));
  co_return found ? *found : names{"too late"};
}

inline const names unknown{to_string(lookup_error::not_found)};
inline const names failed{to_string(lookup_error::failed)};

template <class World>
class resolver_fixture : public testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<io::backend> made = world_.make();
    if (made == nullptr) GTEST_SKIP() << world_.why;
    loop_ = std::make_unique<reactor>(std::move(made), 1);
    server_.emplace(*loop_);
    use({});
  }
  void TearDown() override {
    resolver_.reset();
    server_.reset();
  }
  void use(resolver_settings settings) {
    settings.servers = {server_->at()};
    if (settings.try_timeout == resolver_settings{}.try_timeout) settings.try_timeout = 10s;
    resolver_.emplace(settings);
  }
  template <class T>
  T run(task<T> work) {
    return *sync_wait(*loop_, std::move(work));
  }
  names look_up(const std::string& name) { return run(ips_of(&*resolver_, name)); }
  /// Says nothing to whoever asks for `name`.
  void silence(std::string_view name) {
    for (const record_type type : {record_type::a, record_type::aaaa}) {
      server_->on(name, type, {.silent = true});
    }
  }
  void pass(std::chrono::nanoseconds time) {
    const mono_time late = loop_->now() + time;
    while (loop_->now() < late) loop_->run_once(late);
  }

  World world_;
  std::unique_ptr<reactor> loop_;
  std::optional<name_server> server_;
  std::optional<system_resolver> resolver_;
};

}  // namespace ferrule::dns
