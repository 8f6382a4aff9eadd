#pragma once
// c-ares on a reactor: its sockets are polled by the backend, its timeouts are a timer.

#include <ares.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
  // The names under which `name` is to be looked up, one after the other until one exists: with
  // the search domains where it has few dots. All are complete, with a dot at the end.
  std::vector<std::string> candidates(std::string_view name) const;
  // What the hosts file says, or is so by definition ("localhost"). Calls back before it returns.
  void ask_hosts_file(const std::string& name, ares_addrinfo_callback done, void* context);
  // Ask name servers. Both may call back before they return. `name` is read only meanwhile.
  void ask_addresses(const std::string& name, int family, ares_addrinfo_callback done,
                     void* context);
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

  void set_up(const resolver_settings& settings);
  void read_search_list();
  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  void set_servers(const std::vector<address>& servers);
  void process(ares_socket_t readable, ares_socket_t writable) noexcept;
  void arm_timer() noexcept;

  reactor& loop_;
  ::ares_channel channel_ = nullptr;
  ::ares_channel hosts_file_ = nullptr;  // asks nobody
  std::vector<std::string> search_domains_;
  int dots_min_ = 1;  // of a name that is tried as it is first
  std::unordered_map<ares_socket_t, socket_watch*> watches_;
  retry_timer timer_{*this};
};

}  // namespace ferrule::dns
