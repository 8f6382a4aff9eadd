#pragma once
// A backend around another one, some of whose operations fail although nothing is wrong.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ferrule/io/backend.hpp"
#include "support/counted.hpp"

namespace ferrule::test {

/// Which operations can fail. Closing cannot: no backend lets it.
enum class fallible : std::uint8_t { accept, receive, send };

/// Forwards everything to the inner backend; an operation that `fault` has an error for ends with
/// that instead. What the wrapper and, if wanted, the inner backend allocate is spared by a
/// `failing_allocation`, so that it strikes the server alone. One at a time on a thread.
class failing_backend final : public io::backend {
 public:
  /// Asked when an operation is started (it is not queued, then) and for each of its completions.
  /// Returns 0, or the error.
  using fault = std::function<std::int32_t(fallible)>;

  explicit failing_backend(std::unique_ptr<io::backend> inner) : inner_(std::move(inner)) {
    current = this;
  }

  fault at_start = [](fallible) { return 0; };
  fault at_completion = [](fallible) { return 0; };
  failing_allocation* memory = nullptr;
  bool spares_inner = true;

  std::string_view name() const noexcept override { return inner_->name(); }
  std::int32_t listen(const address& at, const io::socket_options& options) override {
    return inner_->listen(at, options);
  }
  std::int32_t open(int family, int type) override { return inner_->open(family, type); }
  std::int32_t adopt(int fd) override { return inner_->adopt(fd); }
  std::int32_t release(io::handle socket) noexcept override { return inner_->release(socket); }
  std::int32_t local(io::handle socket, address& out) override {
    return inner_->local(socket, out);
  }
  std::int32_t peer(io::handle socket, address& out) override { return inner_->peer(socket, out); }
  std::int32_t peek(io::handle socket) noexcept override { return inner_->peek(socket); }
  io::send_progress progress(io::handle socket) noexcept override {
    return inner_->progress(socket);
  }
  std::int32_t option(io::handle socket, int level, int name, int value) override {
    return inner_->option(socket, level, name, value);
  }
  std::int32_t stop_listening(io::handle listener) override {
    return inner_->stop_listening(listener);
  }
  std::int32_t accept_waiting(io::handle listener) override {
    const sparing spared(*this);
    return inner_->accept_waiting(listener);
  }
  void shutdown(io::handle socket, int how) noexcept override {
    const sparing spared(*this);
    inner_->shutdown(socket, how);
  }
  void close(io::operation& op, io::handle socket) override {
    const sparing spared(*this);
    inner_->close(op, socket);
    watch(op, std::nullopt);
  }
  void drop(io::handle socket) noexcept override {
    const sparing spared(*this);
    inner_->drop(socket);
  }
  void accept_start(io::operation& op, io::handle listener) override {
    start(op, fallible::accept, [&] { inner_->accept_start(op, listener); });
  }
  void connect(io::operation& op, io::handle socket, const address& to) override {
    inner_->connect(op, socket, to);
  }
  void recv_start(io::operation& op, io::handle socket) override {
    start(op, fallible::receive, [&] { inner_->recv_start(op, socket); });
  }
  void recv(io::operation& op, io::handle socket, std::span<std::byte> into) override {
    start(op, fallible::receive, [&] { inner_->recv(op, socket, into); });
  }
  void send(io::operation& op, io::handle socket, std::span<const iovec> parts) override {
    start(op, fallible::send, [&] { inner_->send(op, socket, parts); });
  }
  void recv_from(io::operation& op, io::handle socket, std::span<std::byte> into,
                 address& from) override {
    inner_->recv_from(op, socket, into, from);
  }
  void send_to(io::operation& op, io::handle socket, std::span<const std::byte> bytes,
               const address& to) override {
    inner_->send_to(op, socket, bytes, to);
  }
  void read_at(io::operation& op, io::handle file, std::span<std::byte> into,
               std::uint64_t offset) override {
    inner_->read_at(op, file, into, offset);
  }
  void write_at(io::operation& op, io::handle file, std::span<const std::byte> bytes,
                std::uint64_t offset) override {
    inner_->write_at(op, file, bytes, offset);
  }
  void sync(io::operation& op, io::handle file) override { inner_->sync(op, file); }
  void poll(io::operation& op, int foreign_fd, short events) override {
    inner_->poll(op, foreign_fd, events);
  }
  void offload(io::operation& op, void (*blocking)(io::operation&) noexcept) override {
    inner_->offload(op, blocking);
  }
  bool runs_work_inline() const noexcept override { return inner_->runs_work_inline(); }
  void cancel(io::operation& op) noexcept override {
    const sparing spared(*this);
    if (std::ranges::find(refused_, &op, &refusal::op) == refused_.end()) inner_->cancel(op);
  }

  unsigned wait(mono_time until) override {
    const sparing spared(*this);
    armed_ = spared.before();
    const unsigned refused = tell_refused();
    switch_shortage(armed_ && !spares_inner);
    return refused + inner_->wait(refused != 0 ? mono_time::min() : until);
  }
  mono_time now() const noexcept override { return inner_->now(); }
  wall_time date() const noexcept override { return inner_->date(); }
  void wake() noexcept override { inner_->wake(); }

 private:
  struct watched {
    io::operation::function done;
    std::optional<fallible> kind;  // none: it cannot fail
    std::int32_t error = 0;        // what it will end with, though it goes on inside
  };
  struct refusal {
    io::operation* op;
    std::int32_t error;
  };

  /// Switches the shortage off, or back to what it was for the time of a `done`.
  class sparing {
   public:
    explicit sparing(failing_backend& of) : of_(of), before_(of.switch_shortage(false)) {}
    ~sparing() { of_.switch_shortage(before_); }
    bool before() const { return before_; }

   private:
    failing_backend& of_;
    bool before_;
  };
  bool switch_shortage(bool on) { return memory != nullptr && memory->switch_on(on); }

  template <class Start>
  void start(io::operation& op, fallible kind, Start begin) {
    const sparing spared(*this);
    if (const std::int32_t error = at_start(kind); error != 0) {
      op.state = 1;
      refused_.push_back({&op, error});
      return;
    }
    begin();
    watch(op, kind);
  }
  /// Nothing ends inside the call that starts it, so there is time to stand in its way.
  void watch(io::operation& op, std::optional<fallible> kind) {
    watched_[&op] = {std::exchange(op.done, on_done), kind};
  }

  unsigned tell_refused() {
    const std::vector<refusal> all = std::exchange(refused_, {});
    for (const refusal& each : all) {
      each.op->state = 0;
      tell(*each.op, each.op->done, {each.error, false, {}});
    }
    return static_cast<unsigned>(all.size());
  }
  void tell(io::operation& op, io::operation::function done, const io::completion& c) {
    switch_shortage(armed_);
    done(op, c);
    switch_shortage(false);
  }

  static void on_done(io::operation& op, const io::completion& c) noexcept {
    const sparing spared(*current);
    current->completed(op, c);
  }
  void completed(io::operation& op, const io::completion& c) {
    watched& w = watched_.at(&op);
    const bool lost = w.error != 0;
    if (!lost && w.kind && c.result != -ECANCELED) w.error = at_completion(*w.kind);
    if (w.error != 0) {
      if (w.kind == fallible::accept && c.result >= 0) inner_->drop(io::handle{c.result});
      if (c.more && !lost) inner_->cancel(op);
      if (c.more) return;
    }
    const io::operation::function done = w.done;
    const io::completion told = w.error != 0 ? io::completion{w.error, false, {}} : c;
    if (!c.more) {
      op.done = done;
      watched_.erase(&op);
    }
    tell(op, done, told);
  }

  static inline thread_local failing_backend* current = nullptr;

  std::unique_ptr<io::backend> inner_;
  std::unordered_map<io::operation*, watched> watched_;
  std::vector<refusal> refused_;
  bool armed_ = false;  // whether whoever waits is to meet the shortage
};

}  // namespace ferrule::test
