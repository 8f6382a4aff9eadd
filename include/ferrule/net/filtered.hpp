#pragma once
/// @file
/// A protocol on a filtered transport: itself a protocol, so that a connection need not know of
/// filters.
///
/// ```cpp
/// std::unique_ptr<ferrule::net::protocol> secured(
///     std::unique_ptr<ferrule::net::byte_filter> filter, ferrule::net::protocol_source& inner,
///     ferrule::net::protocol_owner& connection) {
///   return std::make_unique<ferrule::net::filtered>(std::move(filter), inner, connection);
/// }
/// ```

#include <memory>
#include <string_view>

#include "ferrule/core/buffer.hpp"
#include "ferrule/net/byte_filter.hpp"
#include "ferrule/net/protocol.hpp"

namespace ferrule::net {

/// Sends an inner protocol's bytes through a filter, both ways. What the inner one is followed by
/// stands behind the same filter. While the sides have not agreed yet, the inner protocol's first
/// deadline is the time for that as well. A peer that just sends FIN has ended like one that said
/// so by the filter: what was cut off thereby is the inner protocol's to see. Thread rule: the
/// reactor's thread.
class filtered final : public protocol, protocol_owner {
 public:
  /// `owner` must outlive it; `inner` is asked once, for a protocol that stands on this.
  filtered(std::unique_ptr<byte_filter> filter, protocol_source& inner, protocol_owner& owner);
  ~filtered() override;

  void feed(std::string_view bytes) noexcept override;
  void feed_end() noexcept override;
  bool wants_input() const noexcept override {
    return outgoing_.size() < outgoing_bytes_max &&
           (!filter_->is_ready() || inner_->wants_input());
  }
  bool has_outgoing() const noexcept override;
  void take_outgoing(buffer& into) noexcept override;
  void outgoing_sent() noexcept override;
  mono_time deadline() noexcept override { return inner_->deadline(); }
  void on_deadline() noexcept override;
  protocol_state state() const noexcept override;
  bool busy() const noexcept override { return inner_->busy(); }
  unfinished_work unfinished() const noexcept override { return inner_->unfinished(); }
  bool fin_misleads(bool unsent) const noexcept override { return inner_->fin_misleads(unsent); }
  void drain() noexcept override;
  void abort(stop_reason reason) noexcept override;

 private:
  /// With more to say to the peer it does not listen.
  static constexpr std::size_t outgoing_bytes_max = 64U << 10U;
  /// What is filtered at a time: the rest of a large response waits as it is, and is counted.
  static constexpr std::size_t part_bytes_max = 64U << 10U;

  template <class Work>
  void work_or_lose(Work work) noexcept;
  void protocol_changed() noexcept override;
  void receive(std::string_view bytes);
  bool may_pass() const noexcept;
  bool all_passed() const noexcept { return passed_bytes_ == taken_.size(); }
  void pass_part();
  void settle();
  void say_end();
  void fail() noexcept;
  void give_back_taken() noexcept;

  std::unique_ptr<byte_filter> filter_;
  protocol_owner& owner_;
  std::unique_ptr<protocol> inner_;
  buffer plain_;                    // received, for the inner protocol
  buffer taken_;                    // from the inner protocol, until it has been sent
  std::size_t passed_bytes_ = 0;    // of these: through the filter
  buffer outgoing_;                 // the filter's
  bool draining_ = false;
  bool peer_ended_ = false;
  bool end_said_ = false;
  bool failed_ = false;  // what is outgoing is still sent
  bool lost_ = false;
};

}  // namespace ferrule::net
