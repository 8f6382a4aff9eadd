#include "dns/ares_channel.hpp"

#include <arpa/nameser.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

namespace ferrule::dns {

/// Waits for a socket of c-ares. When c-ares closes the socket, the watch goes as soon as its
/// operation has ended.
class ares_channel::socket_watch final : public leftover, io::operation {
 public:
  socket_watch(ares_channel& channel, ares_socket_t fd) noexcept
      : operation(on_done), channel_(&channel), loop_(channel.loop_), fd_(fd) {
    loop_.take_over(*this);
  }

  void want(short events) noexcept {
    if (std::exchange(events_, events) == events) return;
    if (pending()) {
      loop_.io().cancel(*this);  // on_done asks anew
    } else if (!telling_) {
      loop_.io().poll(*this, fd_, events_);
    }
  }
  /// The socket is about to be closed.
  void give_up() noexcept {
    channel_ = nullptr;
    if (pending()) {
      loop_.io().cancel(*this);
    } else if (!telling_) {
      delete this;
    }
  }

 private:
  static void on_done(operation& op, const io::completion& c) noexcept {
    static_cast<socket_watch&>(op).ready(c.result);
  }
  void ready(std::int32_t result) noexcept {
    if (channel_ != nullptr && result != -ECANCELED) {
      // An error is c-ares's to find out.
      const auto events = static_cast<short>(result < 0 ? POLLIN | POLLOUT : result);
      const bool readable = (events & ~POLLOUT) != 0;
      telling_ = true;
      channel_->process(readable ? fd_ : ARES_SOCKET_BAD,
                        (events & POLLOUT) != 0 ? fd_ : ARES_SOCKET_BAD);
      telling_ = false;
    }
    if (channel_ == nullptr) {
      delete this;
    } else {
      loop_.io().poll(*this, fd_, events_);
    }
  }

  ares_channel* channel_;  // null: given up
  reactor& loop_;
  ares_socket_t fd_;
  short events_ = 0;
  bool telling_ = false;
};

ares_channel::ares_channel(reactor& loop, const resolver_settings& settings) : loop_(loop) {
  set_up(settings);
  if (channel_ == nullptr) return;
  read_search_list();
  ares_options options{};
  options.lookups = const_cast<char*>("f");
  if (ares_init_options(&hosts_file_, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) {
    ares_destroy(std::exchange(channel_, nullptr));
  }
}

void ares_channel::set_up(const resolver_settings& settings) {
  ares_options options{};
  options.timeout = static_cast<int>(settings.try_timeout.count());
  options.tries = settings.tries_max;
  options.lookups = const_cast<char*>("b");
  options.sock_state_cb = on_socket_state;
  options.sock_state_cb_data = this;
  int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  std::vector<char*> domains;
  if (!settings.servers.empty()) {
    for (const std::string& domain : settings.search_domains) {
      domains.push_back(const_cast<char*>(domain.c_str()));
    }
    options.domains = domains.data();
    options.ndomains = static_cast<int>(domains.size());
    given |= ARES_OPT_DOMAINS;
  }
  if (ares_init_options(&channel_, &options, given) != ARES_SUCCESS) {
    channel_ = nullptr;
  } else if (!settings.servers.empty()) {
    set_servers(settings.servers);
  }
}

/// What it was given, or what the system's configuration says.
void ares_channel::read_search_list() {
  ares_options used{};
  int given = 0;
  if (ares_save_options(channel_, &used, &given) != ARES_SUCCESS) return;
  search_domains_.assign(used.domains, used.domains + used.ndomains);
  dots_min_ = used.ndots;
  ares_destroy_options(&used);
}

ares_channel::~ares_channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
  if (hosts_file_ != nullptr) ares_destroy(hosts_file_);
  loop_.disarm(timer_);
}

std::vector<std::string> ares_channel::candidates(std::string_view name) const {
  std::vector<std::string> all;
  if (name.ends_with('.')) {
    all.emplace_back(name);
    return all;
  }
  const std::string as_it_is = std::string(name) + '.';
  const bool is_first = std::ranges::count(name, '.') >= dots_min_;
  if (is_first) all.push_back(as_it_is);
  for (const std::string& domain : search_domains_) {
    if (!domain.empty() && domain != ".") all.push_back(as_it_is + domain + '.');
  }
  if (!is_first) all.push_back(as_it_is);
  return all;
}

void ares_channel::set_servers(const std::vector<address>& servers) {
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i != servers.size(); ++i) {
    ares_addr_port_node& node = nodes[i];
    node.next = i + 1 == servers.size() ? nullptr : &nodes[i + 1];
    node.family = servers[i].family();
    node.udp_port = node.tcp_port = servers[i].port();
    if (node.family == AF_INET) {
      node.addr.addr4 = reinterpret_cast<const sockaddr_in*>(servers[i].data())->sin_addr;
    } else {
      const in6_addr& from = reinterpret_cast<const sockaddr_in6*>(servers[i].data())->sin6_addr;
      std::copy_n(reinterpret_cast<const unsigned char*>(&from), sizeof from,
                  reinterpret_cast<unsigned char*>(&node.addr.addr6));
    }
  }
  if (ares_set_servers_ports(channel_, nodes.data()) != ARES_SUCCESS) {
    ares_destroy(std::exchange(channel_, nullptr));
  }
}

void ares_channel::ask_hosts_file(const std::string& name, ares_addrinfo_callback done,
                                  void* context) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_ENVHOSTS;
  ares_getaddrinfo(hosts_file_, name.c_str(), nullptr, &hints, done, context);
}

void ares_channel::ask_addresses(const std::string& name, int family, ares_addrinfo_callback done,
                                 void* context) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family;
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, done, context);
  arm_timer();
}

void ares_channel::ask_services(const std::string& name, ares_callback done, void* context) {
  ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, done, context);
  arm_timer();
}

void ares_channel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
  auto& channel = *static_cast<ares_channel*>(self);
  const auto known = channel.watches_.find(fd);
  const auto events =
      static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0));
  if (events == 0) {
    if (known == channel.watches_.end()) return;
    socket_watch* const watch = known->second;
    channel.watches_.erase(known);
    watch->give_up();
  } else if (known != channel.watches_.end()) {
    known->second->want(events);
  } else {
    auto* const watch = new socket_watch(channel, fd);
    channel.watches_.emplace(fd, watch);
    watch->want(events);
  }
}

void ares_channel::process(ares_socket_t readable, ares_socket_t writable) noexcept {
  ares_process_fd(channel_, readable, writable);
  arm_timer();
}

void ares_channel::arm_timer() noexcept {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return loop_.disarm(timer_);
  const auto wait = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  loop_.arm(timer_,
            loop_.now() + std::max<std::chrono::nanoseconds>(wait, std::chrono::milliseconds(1)));
}

}  // namespace ferrule::dns
