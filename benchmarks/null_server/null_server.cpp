// The ceiling: an io_uring server that parses nothing. It counts requests by their length, copies
// the same answer for each and sends it. A server that does more work in user space cannot be
// cheaper; how much dearer it is, is what its framework costs.

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "common/ring.hpp"
#include "null_server/null_server.hpp"

namespace {

using namespace bench;

enum operation : std::uint8_t { accepting, receiving, sending, terminating, cancelling };

struct connection {
  explicit connection(std::size_t request_bytes) : requests(request_bytes) {}

  request_counter requests;
  std::size_t answers_due = 0;
  std::size_t answered = 0;
  bool is_receiving = true;
  bool is_sending = false;
  std::string out;  // the kernel's while is_sending
};

class null_server {
 public:
  explicit null_server(null_options options) : options_(std::move(options)) {}

  void run() {
    ring_.accept_multishot(listener_.fd, accepting);
    ring_.poll(signals_, POLLIN, terminating);
    print_url("null-server (io_uring)", listener_.fd);
    while (is_accepting_) {
      ring_.wait([this](const io_uring_cqe& c) { handle(c); }, time_to_first_due());
      send_what_is_due();
    }
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t answers_a_send_max = 64;

  // Answers that wait out the delay. It is the same for all, so a queue will do for a timer.
  struct delayed {
    clock::time_point due;
    int fd;
    std::size_t answers;
  };

  // A ring's listener can outlive its process: the accept is cancelled before it is closed.
  struct listener {
    explicit listener(std::uint16_t port) : fd(listen_on(port, 0)) {}
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener() { close(fd); }
    int fd;
  };

  void handle(const io_uring_cqe& completion) {
    const tag about = ring::tag_of(completion);
    switch (about.operation) {
      case accepting:
        accepted(completion);
        break;
      case receiving:
        received(about.fd, completion);
        break;
      case sending:
        sent(about.fd, completion);
        break;
      case terminating:
        ring_.cancel_all_of(listener_.fd, cancelling);
        break;
      default:
        break;
    }
  }

  void accepted(const io_uring_cqe& completion) {
    if (completion.res == -ECANCELED) {
      is_accepting_ = false;
      return;
    }
    const int fd = check_uring(completion.res, "accept");
    const auto index = static_cast<std::size_t>(fd);
    if (connections_.size() <= index) connections_.resize(index + 1);
    connections_[index] = std::make_unique<connection>(options_.request_bytes);
    ring_.receive_multishot(fd, receiving);
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
      ring_.accept_multishot(listener_.fd, accepting);
    }
  }

  void received(int fd, const io_uring_cqe& completion) {
    connection& from = *connections_[static_cast<std::size_t>(fd)];
    if (completion.res > 0) {
      const std::size_t asked = from.requests.count(static_cast<std::size_t>(completion.res));
      ring_.give_back(completion);
      if (options_.delay.count() != 0) {
        delayed_.push_back({clock::now() + options_.delay, fd, asked});
      } else {
        answer(fd, asked);
      }
    }
    if ((completion.flags & IORING_CQE_F_MORE) != 0) return;
    if (completion.res > 0 || completion.res == -ENOBUFS) {
      ring_.receive_multishot(fd, receiving);
    } else {
      from.is_receiving = false;
      close_when_quiet(fd, from);
    }
  }

  std::optional<std::chrono::nanoseconds> time_to_first_due() const {
    if (delayed_.empty()) return std::nullopt;
    return delayed_.front().due - clock::now();
  }

  void send_what_is_due() {
    if (delayed_.empty()) return;
    const clock::time_point now = clock::now();
    for (; !delayed_.empty() && delayed_.front().due <= now; delayed_.pop_front()) {
      answer(delayed_.front().fd, delayed_.front().answers);
    }
  }

  void answer(int fd, std::size_t answers) {
    const auto index = static_cast<std::size_t>(fd);
    if (connections_[index] == nullptr) return;  // it closed meanwhile
    connections_[index]->answers_due += answers;
    if (!connections_[index]->is_sending) send_due(fd, *connections_[index]);
  }

  void send_due(int fd, connection& to) {
    const std::size_t answers = std::min(to.answers_due, answers_a_send_max);
    if (answers == 0) return;
    to.answers_due -= answers;
    to.answered += answers;
    to.out.clear();
    for (std::size_t i = 0; i < answers; ++i) to.out += options_.answer;
    to.is_sending = true;
    // FIN follows, in the same packet.
    ring_.send_all(fd, to.out, sending, 0, ends(to) ? MSG_MORE : 0);
  }

  /// Whether the answer under way is the connection's last.
  bool ends(const connection& c) const {
    return options_.requests_max != 0 && c.answered >= options_.requests_max;
  }

  void sent(int fd, const io_uring_cqe& completion) {
    connection& to = *connections_[static_cast<std::size_t>(fd)];
    to.is_sending = false;
    if (completion.res != static_cast<int>(to.out.size())) {
      shutdown(fd, SHUT_RDWR);  // the receive ends too
    } else if (ends(to)) {
      shutdown(fd, SHUT_WR);
    } else {
      send_due(fd, to);
    }
    close_when_quiet(fd, to);
  }

  void close_when_quiet(int fd, const connection& idle) {
    if (idle.is_receiving || idle.is_sending) return;
    connections_[static_cast<std::size_t>(fd)].reset();
    close(fd);
  }

  null_options options_;
  listener listener_{options_.port};
  int signals_ = termination_signals();
  std::vector<std::unique_ptr<connection>> connections_;  // by descriptor
  std::deque<delayed> delayed_;
  bool is_accepting_ = true;
  ring ring_;  // goes first: it may still use the connections' bytes
};

}  // namespace

int main(int argc, char** argv) {
  allow_all_open_files();
  null_server(read_null_options(argc, argv)).run();
}
