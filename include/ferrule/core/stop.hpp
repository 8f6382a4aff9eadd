#pragma once
/// @file
/// Asking work to stop: a `stop_source` says so once, and every `stop_callback` attached to it
/// hears. Unlike `std::stop_token` it is for one thread, intrusive, and allocates nothing.
///
/// ```cpp
/// struct listener : ferrule::stop_callback {
///   listener() : stop_callback([](stop_callback& self) noexcept {
///                  static_cast<listener&>(self).heard = true;
///                }) {}
///   bool heard = false;
/// };
/// ```

#include <cstdint>

namespace ferrule {

/// Why work was asked to stop; `none` while it was not.
enum class stop_reason : std::uint8_t {
  none,
  cancelled,
  deadline,
  disconnect,
  drain,
  answered,  ///< its answer is complete, though it would go on
};

class stop_source;

/// One listener for a stop. It must not move while attached; its destructor detaches it.
/// The function must not resume a coroutine nor destroy the source: it starts a cancellation and
/// returns (a reactor resumes whatever waits, later).
class stop_callback {
 public:
  using function = void (*)(stop_callback&) noexcept;

  explicit stop_callback(function heard) noexcept : heard_(heard) {}
  stop_callback(const stop_callback&) = delete;
  stop_callback& operator=(const stop_callback&) = delete;
  ~stop_callback() { detach(); }

  /// Stops listening. Harmless when not attached.
  void detach() noexcept {
    if (link_ == nullptr) return;
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    link_ = nullptr;
  }

 private:
  friend class stop_source;

  function heard_;
  stop_callback* next_ = nullptr;
  stop_callback** link_ = nullptr;  // what points at this; null while not attached
};

/// Where a stop comes from. Once requested it stays requested.
/// Thread rule: one thread; attached callbacks run inside `request_stop`.
class stop_source {
 public:
  stop_source() = default;
  stop_source(const stop_source&) = delete;
  stop_source& operator=(const stop_source&) = delete;
  ~stop_source() {
    while (first_ != nullptr) first_->detach();
  }

  /// Tells every attached callback, each once. A second request changes nothing.
  void request_stop(stop_reason reason = stop_reason::cancelled) noexcept {
    if (stop_requested()) return;
    reason_ = reason;
    while (first_ != nullptr) {  // re-read each time: a callback may detach others
      stop_callback& callback = *first_;
      callback.detach();
      callback.heard_(callback);
    }
  }

  bool stop_requested() const noexcept { return reason_ != stop_reason::none; }
  stop_reason reason() const noexcept { return reason_; }

  /// Makes `callback` hear the stop. If it was requested already, nothing happens: ask
  /// `stop_requested()` first.
  void attach(stop_callback& callback) noexcept {
    callback.detach();
    callback.next_ = first_;
    callback.link_ = &first_;
    if (first_ != nullptr) first_->link_ = &callback.next_;
    first_ = &callback;
  }

  /// For whoever ends work that asks about it differently from work that never asks.
  void note_asked() noexcept { asked_ = true; }
  bool was_asked() const noexcept { return asked_; }

 private:
  stop_callback* first_ = nullptr;
  stop_reason reason_ = stop_reason::none;
  bool asked_ = false;
};

/// Hands a stop of one source on to another, for work that runs under its own source inside other
/// work. Attached for as long as it lives.
class stop_link : stop_callback {
 public:
  /// `to` hears every stop of `from`, at once if it was already requested. Both must outlive this.
  stop_link(stop_source& from, stop_source& to) noexcept
      : stop_callback([](stop_callback& self) noexcept {
          auto& link = static_cast<stop_link&>(self);
          link.to_.request_stop(link.from_.reason());
        }),
        from_(from),
        to_(to) {
    if (from.stop_requested()) {
      to.request_stop(from.reason());
    } else {
      from.attach(*this);
    }
  }

 private:
  stop_source& from_;
  stop_source& to_;
};

}  // namespace ferrule
