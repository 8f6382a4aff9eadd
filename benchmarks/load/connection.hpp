#pragma once
// One connection of the load: it sends the requests it is given, several at a time if it may, and
// says what became of each. Plain callbacks on the reactor's operations; no coroutine.

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/io/reactor.hpp"
#include "load/answer_reader.hpp"
#include "load/recorder.hpp"
#include "load/requests.hpp"

namespace ferrule::load {

/// What connections have in common.
struct connection_settings {
  address to;
  bool keep_alive = true;
  unsigned pipeline = 1;  ///< requests under way at a time
  nanoseconds timeout = std::chrono::seconds(10);
};

/// A request on its way.
struct pending_request {
  const prepared_request* what;
  const std::string* bytes;
  std::uint32_t route;
  request_times times;
};

/// A connection to the server. `owner` hears of everything; every request that was given ends with
/// exactly one `answered` or `failed`. Within these functions it must neither be given a request
/// nor closed; only in `closed` it may be told to connect later. Thread rule: the reactor's thread.
class connection {
 public:
  class owner {
   public:
    virtual void connected(connection& c) = 0;
    /// `error` is an errno; `closed` follows.
    virtual void connect_failed(connection& c, int error) = 0;
    virtual void received(std::size_t bytes) = 0;
    virtual void answered(connection& c, const pending_request& request, const answer& got) = 0;
    virtual void failed(connection& c, const pending_request& request, failure_kind why) = 0;
    /// The socket is gone; connect again, if there is more to send.
    virtual void closed(connection& c) = 0;

   protected:
    ~owner() = default;
  };

  /// `source`: the address to come from, on a real network.
  connection(reactor& loop, const connection_settings& settings, owner& of,
             std::optional<address> source);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  /// Only when closed.
  ~connection();

  void connect();
  /// Connects after `wait`.
  void connect_later(nanoseconds wait);
  /// Whether another request may be given: connected, or closed where every request brings its own
  /// connection; and not as many under way as may be.
  bool can_take() const noexcept;
  /// Takes a request; `flush` sends what was taken.
  void take(const pending_request& request);
  void flush();
  /// What is under way fails with `why`; then the socket is closed.
  void end(failure_kind why);

  bool is_closed() const noexcept { return state_ == state::closed; }
  std::size_t under_way() const noexcept { return under_way_; }
  /// Whether the present socket, or the last, has brought an answer.
  bool has_answered() const noexcept { return has_answered_; }

  // The owner's own.
  bool queued = false;
  mono_time free_since{};

 private:
  enum class state : std::uint8_t { closed, connecting, open, closing };

  template <void (connection::*Handler)(const io::completion&)>
  struct operation : io::operation {
    explicit operation(connection& of)
        : io::operation([](io::operation& self, const io::completion& c) noexcept {
            (static_cast<operation&>(self).self.*Handler)(c);
          }),
          self(of) {}
    connection& self;
  };
  struct alarm : timer {
    explicit alarm(connection& of)
        : timer([](timer& t) noexcept { static_cast<alarm&>(t).self.on_alarm(); }), self(of) {}
    connection& self;
  };

  void on_connected(const io::completion& c);
  void on_sent(const io::completion& c);
  void on_received(const io::completion& c);
  void on_closed(const io::completion& c);
  void on_alarm();

  std::int32_t open_socket();
  void read_answers(std::string_view bytes);
  bool report(const answer& got);
  void give_up(int error);
  void fail_all(failure_kind first, failure_kind rest);
  void close_socket();
  pending_request& oldest() noexcept { return requests_[oldest_]; }
  void drop_oldest() noexcept;

  reactor& loop_;
  const connection_settings& settings_;
  owner& owner_;
  std::optional<address> source_;
  io::handle socket_ = io::handle::none;
  state state_ = state::closed;
  bool has_answered_ = false;

  std::vector<pending_request> requests_;  // a ring of `pipeline` places
  std::size_t oldest_ = 0;
  std::size_t under_way_ = 0;
  std::size_t handed_over_ = 0;  // of those, how many the kernel has or had
  std::vector<iovec> parts_;     // the kernel's while it sends

  answer_reader reader_;
  operation<&connection::on_connected> connecting_{*this};
  operation<&connection::on_sent> sending_{*this};
  operation<&connection::on_received> receiving_{*this};
  operation<&connection::on_closed> closing_{*this};
  alarm alarm_{*this};  // for the oldest request, or for connecting
};

}  // namespace ferrule::load
