// The null server's twin: the same work by edge-triggered epoll, recv and send.

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "null_server/null_server.hpp"

namespace {

using namespace bench;

struct connection {
  explicit connection(std::size_t request_bytes) : requests(request_bytes) {}

  request_counter requests;
  std::string out;  // what the socket has not taken yet
};

class null_server {
 public:
  explicit null_server(null_options options) : options_(std::move(options)) {}

  void run() {
    watch(listener_, EPOLLIN);
    watch(signals_, EPOLLIN);
    print_url("null-server-epoll", listener_);
    while (is_accepting_) {
      std::array<epoll_event, 256> events;
      const int count = check(epoll_wait(epoll_, events.data(), events.size(), -1), "epoll_wait");
      for (const epoll_event& event : std::span(events.data(), static_cast<std::size_t>(count))) {
        handle(event.data.fd, event.events);
      }
    }
  }

 private:
  static constexpr std::size_t read_bytes = 2048;  // as the buffers of the io_uring server

  void watch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  void handle(int fd, std::uint32_t events) {
    if (fd == signals_) {
      is_accepting_ = false;
      return;
    }
    if (fd == listener_) return accept_all();
    const bool is_ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!serve(fd, *connections_[static_cast<std::size_t>(fd)], is_ending)) {
      connections_[static_cast<std::size_t>(fd)].reset();
      close(fd);
    }
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && errno == EAGAIN) return;
      check(fd, "accept4");
      const auto index = static_cast<std::size_t>(fd);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index] = std::make_unique<connection>(options_.request_bytes);
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  // False when the connection is over. What the socket does not take yet stops the reading.
  bool serve(int fd, connection& peer, bool is_ending) {
    for (;;) {
      if (!send_out(fd, peer)) return false;
      if (!peer.out.empty()) return true;
      char buffer[read_bytes];
      const ssize_t bytes = recv(fd, buffer, sizeof buffer, 0);
      if (bytes < 0) return errno == EAGAIN;
      if (bytes == 0) return false;
      const std::size_t answers = peer.requests.count(static_cast<std::size_t>(bytes));
      for (std::size_t i = 0; i < answers; ++i) peer.out += options_.answer;
      // A short read has emptied the socket; unless its end is here already, that is a new edge.
      if (static_cast<std::size_t>(bytes) < read_bytes && !is_ending) return send_out(fd, peer);
    }
  }

  static bool send_out(int fd, connection& to) {
    if (to.out.empty()) return true;
    const ssize_t bytes = send(fd, to.out.data(), to.out.size(), MSG_NOSIGNAL);
    if (bytes < 0) return errno == EAGAIN;
    to.out.erase(0, static_cast<std::size_t>(bytes));
    return true;
  }

  null_options options_;
  int listener_ = listen_on(options_.port, SOCK_NONBLOCK);
  int signals_ = termination_signals();
  int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  std::vector<std::unique_ptr<connection>> connections_;  // by descriptor
  bool is_accepting_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  allow_all_open_files();
  null_server(read_null_options(argc, argv)).run();
}
