#pragma once
/// @file
/// What all server connections of one reactor share: the service, the limits and what is left of
/// them, the date, buffers and counters.
///
/// ```cpp
/// std::uint64_t answered(const ferrule::http::server_context& context) {
///   return context.counters.requests;
/// }
/// ```

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/date.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/http/server_budget.hpp"
#include "ferrule/http/server_limits.hpp"

namespace ferrule::http {

/// The shared surroundings of one reactor's connections. Thread rule: the reactor's thread.
class server_context {
 public:
  server_context(service& answering, executor& on, const server_limits& with)
      : limits(with), service_(answering), loop_(on), fields_(with.head.header_count_max) {
    kept_buffers_.reserve(kept_buffers_max);
  }
  server_context(const server_context&) = delete;
  server_context& operator=(const server_context&) = delete;

  service& handlers() noexcept { return service_; }
  executor& loop() noexcept { return loop_; }
  /// Where the parser puts fields; one head is parsed at a time.
  std::span<header_field> fields() noexcept { return fields_; }

  /// The Date field's value. The clock is read once a batch.
  const date_text& date() {
    if (const mono_time now = loop_.now(); now != date_read_) {
      date_read_ = now;
      date_text_ = &date_.at(loop_.date());
    }
    return *date_text_;
  }

  /// Makes `into` a buffer with some capacity, from the pool where possible. Idle connections hold
  /// none.
  void lend_buffer(buffer& into) {
    if (into.capacity() != 0) return;
    if (kept_buffers_.empty()) {
      into.reserve(buffer_bytes);
      return;
    }
    into = std::move(kept_buffers_.back());
    kept_buffers_.pop_back();
  }
  /// Beyond this many bytes a buffer counts as large, against `held_bytes_max`.
  static constexpr std::size_t small_bytes_max = 16384;
  static std::uint32_t large_kib(std::size_t bytes) noexcept {
    return bytes > small_bytes_max ? static_cast<std::uint32_t>(bytes >> 10U) : 0;
  }
  static std::uint32_t large_kib(const buffer& b) noexcept { return large_kib(b.capacity()); }
  /// Large buffers of one of this reactor's connections held `before` and hold `now`.
  void holds_kib(std::uint32_t before, std::uint32_t now) noexcept {
    counters.bytes_held += (std::uint64_t{now} - before) * 1024;
    memory_->hold(std::uint64_t{before} * 1024, std::uint64_t{now} * 1024);
  }
  /// Whether `bytes` more in a large buffer would be too much.
  bool is_full(std::uint64_t bytes) const noexcept { return !memory_->has_room(bytes, limits); }

  server_budget& connections() noexcept { return *connections_; }
  /// From now on counts against what others use as well, which must outlive this. Before anything
  /// was counted.
  void share(server_budget& connections, server_budget& memory) noexcept {
    connections_ = &connections;
    memory_ = &memory;
  }

  /// Takes back what an engine's `take_outgoing` gave.
  void take_back_sent(buffer& from) noexcept {
    holds_kib(large_kib(from), 0);
    take_back(from);
  }
  /// Takes a buffer back; large ones and those beyond the pool's size are freed.
  void take_back(buffer& from) noexcept {
    if (from.capacity() == 0) return;
    buffer taken = std::move(from);
    taken.clear();
    if (taken.capacity() <= small_bytes_max && kept_buffers_.size() < kept_buffers_max) {
      kept_buffers_.push_back(std::move(taken));  // there is room: it cannot throw
    }
  }

  /// While the server drains: when a connection ends that has been idle since `since`.
  mono_time idle_end(mono_time since) const noexcept {
    if (closing_since == no_deadline) return no_deadline;
    return saturating_add(std::max(since, closing_since), limits.drain_idle_timeout);
  }

  const server_limits limits;
  server_counters counters;
  mono_time closing_since = no_deadline;  ///< while draining, once responses say so
  std::string_view listener{};     ///< its name, for records of requests; static
  std::string_view told_reason{};  ///< of the refusal that an engine is about to answer with
  stop_source drain;  ///< requested when the server begins to drain, for handlers to see

 private:
  static constexpr std::size_t buffer_bytes = 1024 - 16;  // with malloc's header four share a page
  static constexpr std::size_t kept_buffers_max = 256;

  server_budget own_budget_;
  server_budget* connections_ = &own_budget_;
  server_budget* memory_ = &own_budget_;
  service& service_;
  executor& loop_;
  std::vector<header_field> fields_;
  std::vector<buffer> kept_buffers_;
  date_cache date_;
  mono_time date_read_ = mono_time::min();
  const date_text* date_text_ = nullptr;
};

}  // namespace ferrule::http
