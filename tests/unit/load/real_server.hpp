#pragma once
// A server on a thread of its own and a free port of the loopback.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "ferrule/http/server.hpp"
#include "ferrule/io/reactor.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/table.hpp"

namespace ferrule::load {

inline constexpr auto real_routes =
    route_table(route<"GET /users/{id}">([](std::uint64_t id) { return std::to_string(id); }));

class real_server {
 public:
  real_server() {
    std::promise<std::uint16_t> listening;
    thread_ = std::thread([this, &listening] { serve(listening); });
    port_ = listening.get_future().get();
  }
  ~real_server() {
    loop_->post(ending_);
    posted_.set_value();
    thread_.join();
  }

  std::string url(std::string_view target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
  }

 private:
  struct end_request : posted {
    explicit end_request(real_server& s)
        : posted([](posted& p) noexcept { static_cast<end_request&>(p).server.drain(); }),
          server(s) {}
    real_server& server;
  };

  void serve(std::promise<std::uint16_t>& listening) {
    reactor loop(io::make_backend({}).io, 1);
    dispatcher<real_routes> handlers;
    http::server server(loop, handlers);
    EXPECT_EQ(server.listen(address::loopback_v4(0), {}), 0);
    loop_ = &loop;
    server_ = &server;
    listening.set_value(server.local().port());
    loop.run();
    posted_.get_future().wait();  // `post` may still be about to wake the loop
  }
  void drain() noexcept {
    server_->drain(
        std::chrono::seconds(1), [](void* loop) noexcept { static_cast<reactor*>(loop)->stop(); },
        loop_);
  }

  std::thread thread_;
  std::uint16_t port_ = 0;
  reactor* loop_ = nullptr;
  http::server* server_ = nullptr;
  end_request ending_{*this};
  std::promise<void> posted_;
};

}  // namespace ferrule::load
