#pragma once
// c-ares on a reactor: its sockets are polled by the backend, its timeouts are a timer.

#include <ares.h>

#include <string>
#include <unordered_map>

#include "ferrule/dns/system_resolver.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule::dns {

class ares_channel {
 public:
  // Not `open()` when memory is short or the system's configuration cannot be read.
  ares_channel(reactor& loop, const resolver_settings& settings);
  ares_channel(const ares_channel&) = delete;
  ares_channel& operator=(const ares_channel&) = delete;
  // Ends every query with ARES_EDESTRUCTION.
  ~ares_channel();

  bool open() const noexcept { return channel_ != nullptr; }
  // Both may call back before they return. `name` is read only meanwhile.
  void ask_addresses(const std::string& name, ares_addrinfo_callback done, void* context);
  void ask_services(const std::string& name, ares_callback done, void* context);

 private:
  class socket_watch;
  struct retry_timer : timer {
    explicit retry_timer(ares_channel& of) noexcept
        : timer([](timer& t) noexcept {
            static_cast<retry_timer&>(t).owner.process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
          }),
          owner(of) {}
    ares_channel& owner;
  };

  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  void set_servers(const std::vector<address>& servers);
  void process(ares_socket_t readable, ares_socket_t writable) noexcept;
  void arm_timer() noexcept;

  reactor& loop_;
  ::ares_channel channel_ = nullptr;
  std::unordered_map<ares_socket_t, socket_watch*> watches_;
  retry_timer timer_{*this};
};

}  // namespace ferrule::dns
