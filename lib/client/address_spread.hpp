#pragma once
// Which of a name's addresses a new connection tries first: a name with four addresses is four
// servers, and each gets its share of the connections.

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/rng.hpp"
#include "ferrule/io/address.hpp"

namespace ferrule {

// The addresses in the order in which they are tried: families in turn, beginning with that of the
// first (RFC 8305 section 4).
void interleave_families(std::vector<address>& addresses);

// What is known of the addresses of one origin. Thread rule: as a plain value.
class address_spread {
 public:
  // How long an address that failed is tried after the others: long enough that a dead one does not
  // hold up every connection, and short enough that one that is back is soon used.
  static constexpr std::chrono::seconds failure_memory{10};

  // Counts a connection as long as it lives. The spread must live as long.
  class use {
   public:
    use() = default;
    use(address_spread& spread, const address& at) : spread_(&spread), at_(at) {
      ++spread.entry_of(at).open;
    }
    use(use&& other) noexcept : spread_(std::exchange(other.spread_, nullptr)), at_(other.at_) {}
    use& operator=(use&&) = delete;
    ~use() {
      if (spread_ != nullptr) spread_->ended(at_);
    }

    // A connection to this address that was kept leads nowhere any more: nor may others do that
    // have been idle since before then.
    void doubt(mono_time since) const { spread_->entry_of(at_).doubted_since = since; }
    bool is_doubtful(mono_time idle_since) const {
      return idle_since <= spread_->entry_of(at_).doubted_since;
    }

   private:
    address_spread* spread_ = nullptr;
    address at_;
  };

  // Puts first what has the fewest connections, by chance among equals, families in turn beginning
  // with that of the first one; and last what failed a short while ago.
  void order(std::vector<address>& addresses, mono_time now, rng& chance);
  // It did not connect, or not while another one did.
  void failed(const address& at, mono_time now);
  void connected(const address& at) noexcept;

 private:
  struct entry {
    address at;
    std::uint32_t open = 0;
    mono_time failed_until{};
    mono_time doubted_since = mono_time::min();
  };

  entry& entry_of(const address& at);
  const entry* find(const address& at) const noexcept;
  void ended(const address& at) noexcept;

  std::vector<entry> entries_;  // few: of open connections, and of recent failures
};

}  // namespace ferrule
