#pragma once
// A name server that says what a test wants it to, on the reactor of the resolver.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/core/scope.hpp"
#include "ferrule/io/awaitable.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule::dns {

enum class record_type : std::uint16_t { a = 1, cname = 5, aaaa = 28, srv = 33 };

inline std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}
inline std::string u32(std::uint32_t value) { return u16(value >> 16U) + u16(value & 0xFFFFU); }

/// "users.test" as labels.
inline std::string labels(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    text += static_cast<char>(label.size());
    text += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return text + '\0';
}

/// A record as it stands in a message.
inline std::string record(std::string_view name, record_type type, std::uint32_t ttl_s,
                          const std::string& data) {
  return labels(name) + u16(static_cast<unsigned>(type)) + u16(1) + u32(ttl_s) +
         u16(static_cast<unsigned>(data.size())) + data;
}
inline std::string a_record(std::string_view name, std::uint32_t ttl_s, std::string_view ip) {
  const address at = *address::parse(ip, 0);
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(at.data());
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(at.data());
  if (at.family() == AF_INET) {
    const std::string data(reinterpret_cast<const char*>(&v4->sin_addr), sizeof v4->sin_addr);
    return record(name, record_type::a, ttl_s, data);
  }
  const std::string data(reinterpret_cast<const char*>(&v6->sin6_addr), sizeof v6->sin6_addr);
  return record(name, record_type::aaaa, ttl_s, data);
}
inline std::string srv_record(std::string_view name, std::uint32_t ttl_s, unsigned priority,
                              unsigned weight, unsigned port, std::string_view host) {
  return record(name, record_type::srv, ttl_s,
                u16(priority) + u16(weight) + u16(port) + labels(host));
}

/// What to answer to one question.
struct reply {
  std::vector<std::string> answers{};
  unsigned code = 0;       // 2: SERVFAIL, 3: NXDOMAIN
  bool truncated = false;  // by UDP: ask again by TCP
  std::string garbage{};   // instead of what follows the message's id
  bool silent = false;
};

class name_server {
 public:
  explicit name_server(reactor& loop) : loop_(loop) {
    while (!take_port()) {
    }
    loop_.io().accept_start(accepting_, tcp_);
    running_.spawn(serve_udp());
  }
  name_server(const name_server&) = delete;
  ~name_server() {
    running_.request_stop();
    loop_.io().cancel(accepting_);
    while (!running_.empty() || accepting_.pending()) loop_.run_once();
    loop_.io().drop(udp_);
    loop_.io().drop(tcp_);
  }

  const address& at() const { return at_; }
  /// What to say to a question; to others the answer is NXDOMAIN.
  void on(std::string_view name, record_type type, reply what) {
    script_[{labels(name), type}] = std::move(what);
  }
  /// A name with these addresses and no others.
  void on(std::string_view name, std::uint32_t ttl_s, std::vector<std::string_view> ips) {
    reply v4;
    reply v6;
    for (const std::string_view ip : ips) {
      const bool is_v6 = ip.find(':') != std::string_view::npos;
      (is_v6 ? v6 : v4).answers.push_back(a_record(name, ttl_s, ip));
    }
    on(name, record_type::a, v4);
    on(name, record_type::aaaa, v6);
  }

  unsigned asked_by_udp = 0;
  unsigned asked_by_tcp = 0;

 private:
  struct acceptor : io::operation {
    explicit acceptor(name_server& to)
        : operation([](operation& op, const io::completion& c) noexcept {
            name_server& server = static_cast<acceptor&>(op).owner;
            if (c.result < 0) return;
            tcp_stream stream(server.loop_, io::handle{c.result});
            server.running_.spawn(server.serve_tcp(std::move(stream)));
          }),
          owner(to) {}
    name_server& owner;
  };

  std::string answer_to(std::string_view query, bool by_udp) {
    constexpr std::size_t header_bytes = 12;
    if (query.size() <= header_bytes) return {};
    const std::size_t end = query.find('\0', header_bytes) + 1;
    const std::string name(query.substr(header_bytes, end - header_bytes));
    const auto type = static_cast<record_type>(query[end + 1]);
    const auto found = script_.find({name, type});
    const reply what = found == script_.end() ? reply{.code = 3} : found->second;
    if (what.silent) return {};
    const std::string id(query.substr(0, 2));
    if (!what.garbage.empty()) return id + what.garbage;
    const bool cut = what.truncated && by_udp;
    std::string message = id + u16(0x8180U | what.code | (cut ? 0x0200U : 0U)) + u16(1) +
                          u16(cut ? 0 : static_cast<unsigned>(what.answers.size())) + u32(0) +
                          std::string(query.substr(header_bytes, end + 4 - header_bytes));
    if (!cut) {
      for (const std::string& each : what.answers) message += each;
    }
    return message;
  }

  task<> serve_udp() {
    std::array<std::byte, 2048> bytes;
    for (;;) {
      address from;
      const std::int32_t got = co_await io::perform(
          [&](io::backend& io, io::operation& op) { io.recv_from(op, udp_, bytes, from); });
      if (got < 0) co_return;
      ++asked_by_udp;
      const std::string text = answer_to(
          {reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(got)}, true);
      if (text.empty()) continue;
      co_await io::perform([&](io::backend& io, io::operation& op) {
        io.send_to(op, udp_, std::as_bytes(std::span(text)), from);
      });
    }
  }
  task<> serve_tcp(tcp_stream stream) {
    std::string received;
    std::array<std::byte, 2048> bytes;
    for (;;) {
      const auto got = co_await stream.read(bytes);
      if (!got || *got == 0) co_return;
      received.append(reinterpret_cast<const char*>(bytes.data()), *got);
      if (received.size() < 2) continue;
      const std::size_t size =
          static_cast<unsigned char>(received[0]) * 256U + static_cast<unsigned char>(received[1]);
      if (received.size() < 2 + size) continue;
      ++asked_by_tcp;
      const std::string text = answer_to(std::string_view(received).substr(2, size), false);
      const std::string head = u16(static_cast<unsigned>(text.size()));
      received.erase(0, 2 + size);
      const auto written = co_await stream.write(head, text);
      if (!written) co_return;
    }
  }

  /// A port that is free for both; the kernel chooses one for TCP, and UDP's may be taken.
  bool take_port() {
    tcp_ = io::handle{loop_.io().listen(address::loopback_v4(0), {})};
    EXPECT_EQ(loop_.io().local(tcp_, at_), 0);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool is_free = ::bind(fd, at_.data(), at_.size()) == 0;
    udp_ = io::handle{loop_.io().adopt(fd)};
    if (is_free) return true;
    loop_.io().drop(udp_);
    loop_.io().drop(tcp_);
    return false;
  }

  reactor& loop_;
  stop_source stop_;
  environment env_{.loop = &loop_, .stop = &stop_};
  scope running_{env_};
  acceptor accepting_{*this};
  io::handle udp_ = io::handle::none;
  io::handle tcp_ = io::handle::none;
  address at_;
  std::map<std::pair<std::string, record_type>, reply> script_;
};

}  // namespace ferrule::dns
