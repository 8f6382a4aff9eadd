#pragma once
// A read on an idle connection, begun before anyone awaits it.

#include <cerrno>
#include <coroutine>
#include <cstdint>
#include <span>
#include <utility>

#include "ferrule/core/buffer.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/io/reactor.hpp"
#include "ferrule/net/stream.hpp"

namespace ferrule::http {

class read_ahead final : public leftover, io::operation {
 public:
  using function = void (*)(void*) noexcept;

  read_ahead() noexcept : operation(on_done) {}

  // Begins to read into `space`, which is empty. When that ends before anyone awaits it,
  // `heard(context)` is called, which may destroy this.
  void start(tcp_stream& from, buffer&& space, std::size_t bytes_max, function heard,
             void* context) {
    loop_ = &from.loop();
    space_ = std::move(space);
    heard_ = heard;
    context_ = context;
    begun_ = true;
    auto* const into = reinterpret_cast<std::byte*>(space_.prepare(bytes_max));
    loop_->io().recv(*this, from.socket(), {into, bytes_max});
  }
  bool begun() const noexcept { return begun_; }
  bool pending() const noexcept { return operation::pending(); }
  // Nobody is told any more.
  void mute() noexcept { heard_ = nullptr; }

  // `co_await` gives what the read came to: bytes, 0 at FIN, or -errno.
  // Cancellation: unwinds; no bytes are lost by it.
  class awaiter : stop_callback {
   public:
    explicit awaiter(read_ahead& of) noexcept : stop_callback(on_stop), of_(of) {}
    bool await_ready() const noexcept { return !of_.pending(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      promise_ = &self.promise();
      waiting_ = self;
      if (stop().stop_requested()) return promise_->unwind();  // destroys this
      of_.awaited_by_ = this;
      stop().attach(*this);
    }
    std::int32_t await_resume() const noexcept { return of_.result_; }

   private:
    friend class read_ahead;

    stop_source& stop() const noexcept { return *promise_->env().stop; }
    static void on_stop(stop_callback& callback) noexcept {
      read_ahead& of = static_cast<awaiter&>(callback).of_;
      of.loop_->io().cancel(of);
    }
    void ended() noexcept {
      detach();
      if (of_.result_ == -ECANCELED && stop().stop_requested()) {
        of_.begun_ = false;
        promise_->unwind();
      } else {
        promise_->resume_from_loop(waiting_);
      }
    }

    read_ahead& of_;
    ferrule::detail::promise_base* promise_ = nullptr;
    std::coroutine_handle<> waiting_;
  };
  awaiter operator co_await() noexcept { return awaiter(*this); }

  // The space with what was read. Another read may be started then.
  buffer take() noexcept {
    begun_ = false;
    if (result_ > 0) space_.commit(static_cast<std::size_t>(result_));
    return std::move(space_);
  }

  // Closes the socket that is being read from, and deletes this when that is done.
  void close(io::handle socket) noexcept {
    mute();
    loop_->take_over(*this);
    loop_->io().close(closing_, socket);
  }

 private:
  struct close_operation : operation {
    explicit close_operation(read_ahead& of) noexcept
        : operation([](operation& op, const io::completion&) noexcept {
            delete &static_cast<close_operation&>(op).owner;
          }),
          owner(of) {}
    read_ahead& owner;
  };

  static void on_done(operation& op, const io::completion& c) noexcept {
    auto& self = static_cast<read_ahead&>(op);
    self.result_ = c.result;
    if (self.awaited_by_ != nullptr) {
      std::exchange(self.awaited_by_, nullptr)->ended();
    } else if (self.heard_ != nullptr) {
      self.heard_(self.context_);
    }
  }

  reactor* loop_ = nullptr;
  buffer space_;
  function heard_ = nullptr;
  void* context_ = nullptr;
  awaiter* awaited_by_ = nullptr;
  std::int32_t result_ = 0;
  bool begun_ = false;
  close_operation closing_{*this};
};

}  // namespace ferrule::http
