// Opens many keep-alive connections, keeps them all open and has each one answered, twice: as soon
// as it is open, and once more when all are. Ends with 0 if every one was.

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <span>
#include <vector>

#include "common/exchange.hpp"

namespace {

using namespace bench;
using clock = std::chrono::steady_clock;

struct options {
  std::uint16_t port;
  std::size_t connections;
  std::string request;
  std::chrono::seconds patience;
  long pid;
};

options read_options(int argc, char** argv) {
  flags given(argc, argv,
              "--port P [--connections 10000] [--path /] [--timeout SECONDS] [--pid SERVER]");
  const options read{.port = static_cast<std::uint16_t>(given.number("port", 0)),
                     .connections = static_cast<std::size_t>(given.number("connections", 10000)),
                     .request = get_request(given.text("path", "/")),
                     .patience = std::chrono::seconds(given.number("timeout", 30)),
                     .pid = given.number("pid", 0)};
  given.done();
  if (read.port == 0) given.reject("--port 0");
  return read;
}

/// Resident bytes of the server's own, the kernel's buffers not among them.
long resident_bytes(long pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10) * 1024;
  }
  fail("there is no process " + std::to_string(pid));
}

class crowd {
 public:
  explicit crowd(const options& given)
      : options_(given), end_(clock::now() + given.patience), received_(given.connections) {}

  /// Opens every connection and sees each one answered, a few hundred at a time.
  void open_all() {
    while (sockets_.size() < options_.connections || unanswered_ > 0) {
      while (sockets_.size() < options_.connections && unanswered_ < opening_max) open_one();
      take_events();
    }
  }

  /// Asks on all connections at once.
  void ask_all() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) request(i);
    while (unanswered_ > 0) take_events();
  }

 private:
  static constexpr std::size_t opening_max = 512;
  static constexpr std::size_t connections_an_address_max = 20'000;

  void open_one() {
    const std::size_t index = sockets_.size();
    const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    const auto host = static_cast<std::uint8_t>(2 + index / connections_an_address_max);
    const sockaddr_in self = loopback(0, host);
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    check(bind(fd, generic(self), sizeof self), "bind");
    const sockaddr_in server = loopback(options_.port);
    if (connect(fd, generic(server), sizeof server) < 0 && errno != EINPROGRESS) {
      check(-1, "connect");
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = index;
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    sockets_.push_back(fd);
    is_asked_.push_back(false);
    ++unanswered_;
  }

  void request(std::size_t index) {
    const std::string& bytes = options_.request;
    const ssize_t sent = send(sockets_[index], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) fail("a request could not be sent");
    if (is_asked_[index]) ++unanswered_;
    is_asked_[index] = true;
  }

  void take_events() {
    using std::chrono::milliseconds;
    const auto left = std::chrono::duration_cast<milliseconds>(end_ - clock::now());
    std::array<epoll_event, 256> events;
    const int count = check(epoll_wait(epoll_, events.data(), events.size(),
                                       static_cast<int>(std::max(left, milliseconds(0)).count())),
                            "epoll_wait");
    if (count == 0) fail(std::to_string(unanswered_) + " connections were not answered in time");
    for (const epoll_event& event : std::span(events.data(), static_cast<std::size_t>(count))) {
      const auto index = static_cast<std::size_t>(event.data.u64);
      if ((event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive(index);
      if ((event.events & EPOLLOUT) != 0 && !is_asked_[index]) request(index);
    }
  }

  void receive(std::size_t index) {
    std::string& answer = received_[index];
    char piece[4096];
    for (;;) {
      const ssize_t bytes = recv(sockets_[index], piece, sizeof piece, 0);
      if (bytes < 0 && errno == EAGAIN) return;
      check(static_cast<int>(bytes), "recv");
      if (bytes == 0) fail("the server closed connection " + std::to_string(index));
      answer.append(piece, static_cast<std::size_t>(bytes));
      const auto whole = answer_bytes(answer);
      if (!whole || answer.size() < *whole) continue;
      if (!answer.starts_with(ok)) fail("not a 200: " + answer.substr(0, answer.find('\r')));
      answer = {};
      --unanswered_;
    }
  }

  options options_;
  clock::time_point end_;
  int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  std::vector<int> sockets_;
  std::vector<bool> is_asked_;
  std::vector<std::string> received_;
  std::size_t unanswered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const options given = read_options(argc, argv);
  allow_all_open_files();
  const long before = given.pid == 0 ? 0 : resident_bytes(given.pid);
  const auto start = clock::now();
  crowd clients(given);
  clients.open_all();
  const long when_open = given.pid == 0 ? 0 : resident_bytes(given.pid);
  clients.ask_all();
  const std::chrono::duration<double> taken = clock::now() - start;
  std::printf("{\"connections\":%zu,\"answered\":%zu,\"seconds\":%.3f", given.connections,
              2 * given.connections, taken.count());
  if (given.pid != 0) {
    const long after = resident_bytes(given.pid);
    std::printf(
        ",\"resident_kb_before\":%.0f,\"resident_kb_open\":%.0f,\"resident_kb_after\":%.0f"
        ",\"user_bytes_per_connection\":%.0f",
        static_cast<double>(before) / 1e3, static_cast<double>(when_open) / 1e3,
        static_cast<double>(after) / 1e3,
        static_cast<double>(after - before) / static_cast<double>(given.connections));
  }
  std::puts("}");
}
