// A closed-loop client that costs less than any server: the same bytes over and over by io_uring,
// answers counted by their length. It learns that length, and that the answer is a 200, from one
// request asked and parsed beforehand.

#include <time.h>

#include <chrono>
#include <vector>

#include "common/exchange.hpp"
#include "common/ring.hpp"

namespace {

using namespace bench;
using clock = std::chrono::steady_clock;

enum operation : std::uint8_t { receiving, sending };

struct options {
  std::uint16_t port;
  long connections;
  double duration_s;
  std::size_t pipeline;
  std::string request;
};

options read_options(int argc, char** argv) {
  flags given(argc, argv,
              "--port P [--path /] [--connections 64] [--duration SECONDS] [--pipeline 1]");
  const options read{.port = static_cast<std::uint16_t>(given.number("port", 0)),
                     .connections = given.number("connections", 64),
                     .duration_s = given.decimal("duration", 5),
                     .pipeline = static_cast<std::size_t>(given.number("pipeline", 1)),
                     .request = get_request(given.text("path", "/"))};
  given.done();
  if (read.port == 0) given.reject("--port 0");
  if (read.pipeline == 0) given.reject("--pipeline 0");
  return read;
}

class generator {
 public:
  explicit generator(const options& given) : options_(given) {
    for (std::size_t i = 0; i < options_.pipeline; ++i) batch_ += options_.request;
    for (long i = 0; i < options_.connections; ++i) open();
  }

  void run() {
    const auto start = clock::now();
    const auto end = start + std::chrono::duration_cast<clock::duration>(
                                 std::chrono::duration<double>(options_.duration_s));
    for (const int fd : sockets_) {
      ring_.receive_multishot(fd, receiving);
      send_batch(fd);
    }
    while (batches_in_flight_ > 0) {
      ring_.wait([this](const io_uring_cqe& c) { handle(c); });
      is_over_ = clock::now() >= end;
    }
    report(std::chrono::duration<double>(clock::now() - start).count());
  }

 private:
  void open() {
    const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in server = loopback(options_.port);
    check(connect(fd, generic(server), sizeof server), "connect");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    if (answer_bytes_ == 0) answer_bytes_ = ask(fd, options_.request).size();
    sockets_.push_back(fd);
    received_bytes_.resize(static_cast<std::size_t>(fd) + 1);
  }

  void send_batch(int fd) {
    ring_.send_all(fd, batch_, sending, IOSQE_CQE_SKIP_SUCCESS);
    ++batches_in_flight_;
  }

  void handle(const io_uring_cqe& completion) {
    const int fd = ring::tag_of(completion).fd;
    if (ring::tag_of(completion).operation == sending) fail("a send failed or fell short");
    if (completion.res == 0) fail("the server closed a connection");
    if (completion.res > 0) {
      const std::string_view bytes = ring_.received(completion);
      count(fd, bytes);
      ring_.give_back(completion);
    } else if (completion.res != -ENOBUFS) {
      check_uring(completion.res, "recv");
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) ring_.receive_multishot(fd, receiving);
  }

  void count(int fd, std::string_view bytes) {
    std::size_t& so_far = received_bytes_[static_cast<std::size_t>(fd)];
    if (so_far == 0 && !bytes.starts_with(ok)) fail("not a 200: " + std::string(bytes));
    so_far += bytes.size();
    const std::size_t whole = answer_bytes_ * options_.pipeline;
    if (so_far > whole) fail("an answer was longer than the first");
    if (so_far < whole) return;
    so_far = 0;
    answered_ += options_.pipeline;
    --batches_in_flight_;
    if (!is_over_) send_batch(fd);
  }

  void report(double seconds) const {
    timespec cpu{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double cpu_us =
        static_cast<double>(cpu.tv_sec) * 1e6 + static_cast<double>(cpu.tv_nsec) * 1e-3;
    const auto answered = static_cast<double>(answered_);
    std::printf(
        "{\"requests\":%zu,\"seconds\":%.3f,\"rate\":%.0f,\"client_us_per_request\":%.3f,"
        "\"request_bytes\":%zu,\"answer_bytes\":%zu}\n",
        answered_, seconds, answered / seconds, cpu_us / answered, options_.request.size(),
        answer_bytes_);
  }

  options options_;
  std::string batch_;
  std::vector<int> sockets_;
  std::vector<std::size_t> received_bytes_;  // of the batch under way, by descriptor
  std::size_t answer_bytes_ = 0;
  std::size_t answered_ = 0;
  std::size_t batches_in_flight_ = 0;
  bool is_over_ = false;
  ring ring_;
};

}  // namespace

int main(int argc, char** argv) {
  allow_all_open_files();
  generator(read_options(argc, argv)).run();
}
