#pragma once
// One host's addresses: the hosts file, then for one candidate name after the other the A and AAAA
// records at the same time, neither of which waits long for the other.
// Source: resolv.conf(5); RFC 6724 sections 2.1 and 6; RFC 8305 section 3.

#include <ares.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "dns/ares_channel.hpp"
#include "ferrule/dns/resolver.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule::dns {

class address_lookup : timer {
 public:
  // Hears what comes of it. The lookup may be destroyed in each last call.
  class listener {
   public:
    // At least one address, the preferred ones first, and how long that holds; nothing: this must
    // be asked each time. `is_all`: the last call. Else more may follow, or this again.
    virtual void found(const std::vector<address>& all, std::optional<std::chrono::seconds> ttl,
                       bool is_all) = 0;
    // The only call.
    virtual void failed(lookup_error why) = 0;

   protected:
    ~listener() = default;
  };

  address_lookup(ares_channel& channel, reactor& loop, std::chrono::nanoseconds resolution_delay,
                 listener& told) noexcept
      : timer([](timer& self) noexcept { static_cast<address_lookup&>(self).tell(false); }),
        channel_(channel),
        loop_(loop),
        delay_(resolution_delay),
        told_(told) {}
  address_lookup(const address_lookup&) = delete;
  address_lookup& operator=(const address_lookup&) = delete;
  ~address_lookup() { loop_.disarm(*this); }

  // May tell before it returns.
  void start(const std::string& name);

 private:
  static void on_hosts_file(void* self, int status, int, ares_addrinfo* found) noexcept;
  static void on_answer(void* self, int status, int, ares_addrinfo* found) noexcept;
  bool take(ares_addrinfo* found);
  void ask_next();
  void go_on();
  void tell(bool is_all);

  ares_channel& channel_;
  reactor& loop_;
  std::chrono::nanoseconds delay_;
  listener& told_;
  std::vector<std::string> candidates_;
  std::size_t next_ = 0;
  unsigned pending_ = 0;  // answers of this candidate
  bool asking_ = false;
  bool is_told_ = false;
  std::optional<lookup_error> failed_;  // that the name is not there is not known
  std::vector<address> v6_;
  std::vector<address> v4_;
  std::optional<std::chrono::seconds> ttl_;
};

// What c-ares' status means.
lookup_error error_of(int status) noexcept;

// Whether RFC 6724 has an IPv6 address before those of IPv4: the rows of its table of precedences
// that come first, and not one to which there is no route.
bool is_before_v4(const address& v6) noexcept;

}  // namespace ferrule::dns
