#pragma once
// Which connection a request gets: an idle one, a new one within the limits, or its turn in a
// queue. All of it happens at once, on one thread; only `acquire` waits.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "client/address_spread.hpp"
#include "core/text_map.hpp"
#include "ferrule/client/client_pool.hpp"
#include "ferrule/core/executor.hpp"
#include "ferrule/core/intrusive_list.hpp"
#include "ferrule/http/client_connection.hpp"

namespace ferrule {

class connection_pool {
  struct of_origin;
  struct by_age;
  struct in_need;
  struct in_line;

  class waiter;
  struct pooled_connection;

  // What there is for one origin.
  struct bucket : list_link<in_need> {
    std::uint32_t open = 0;
    intrusive_list<pooled_connection, of_origin> idle;  // the one used last is the last
    intrusive_list<waiter, in_line> waiters;
    address_spread addresses;
  };

  // The right to have one connection open.
  class permit {
   public:
    permit(connection_pool& pool, bucket& of) noexcept;
    permit(permit&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), of_(other.of_) {}
    permit& operator=(permit&&) = delete;
    ~permit();

    bucket& of() const noexcept { return *of_; }
    connection_pool& pool() const noexcept { return *pool_; }

   private:
    connection_pool* pool_;
    bucket* of_;
  };

  struct pooled_connection : list_link<of_origin>, list_link<by_age> {
    pooled_connection(permit&& right, tcp_stream stream, const address& at,
                      const http::client_limits& limits)
        : allowed(std::move(right)),
          use(allowed.of().addresses, at),
          http(std::move(stream), limits) {}

    permit allowed;
    address_spread::use use;
    http::client_connection http;
    mono_time idle_since{};
    mono_time kept_until = no_deadline;
  };

 public:
  // A connection in use. When the lease ends, the connection is kept if another request may follow.
  class lease {
   public:
    lease(lease&& other) noexcept
        : pool_(other.pool_),
          held_(std::move(other.held_)),
          begun_(other.begun_),
          reused_(other.reused_) {}
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (held_ == nullptr) return;
      if (reused_) pool_->note_end(*held_, begun_);
      pool_->give_back(std::move(held_));
    }

    http::client_connection* operator->() const noexcept { return &held_->http; }
    http::client_connection& operator*() const noexcept { return held_->http; }
    // It has carried a response before.
    bool reused() const noexcept { return reused_; }

   private:
    friend class connection_pool;
    lease(connection_pool& pool, std::unique_ptr<pooled_connection> held, bool reused) noexcept
        : pool_(&pool), held_(std::move(held)), begun_(pool.loop_.now()), reused_(reused) {}

    connection_pool* pool_;
    std::unique_ptr<pooled_connection> held_;
    mono_time begun_;
    bool reused_;
  };

  connection_pool(executor& loop, const client_pool_settings& settings, dns::resolver& names)
      : loop_(loop), settings_(settings), names_(names) {}
  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;
  ~connection_pool();

  // An idle connection to `to` on which nothing has come, when there is one.
  std::optional<lease> take_idle(const origin& to);
  // A connection to `to`, which must live until the task ends. Tells `watch` whether it waits or
  // connects. Errors: `too_many`, `queue_timeout`, and those of connecting.
  task<result<lease, transport_error>> acquire(const origin* to, send_watch* watch);

  const client_pool_counts& counts() const noexcept { return counts_; }
  executor& loop() const noexcept { return loop_; }

 private:
  using connection_ptr = std::unique_ptr<pooled_connection>;
  struct idle_timer : timer {
    explicit idle_timer(connection_pool& pool) noexcept
        : timer([](timer& t) noexcept { static_cast<idle_timer&>(t).owner.close_timed_out(); }),
          owner(pool) {}
    connection_pool& owner;
  };

  bucket& bucket_of(const origin& to);
  bool may_open(const bucket& one) const noexcept {
    return one.open < settings_.connections_per_origin_max;
  }
  bool make_room(bucket& wanted) noexcept;
  task<result<lease, transport_error>> connect(const origin* to, permit allowed, send_watch* watch);

  bool may_serve(const pooled_connection& kept) const noexcept;
  void note_end(const pooled_connection& used, mono_time begun) noexcept;
  void give_back(connection_ptr used) noexcept;
  void keep(connection_ptr idle) noexcept;
  connection_ptr unkeep(pooled_connection& idle) noexcept;
  void close_timed_out() noexcept;
  void review(bucket& changed) noexcept;
  void serve_needy() noexcept;

  executor& loop_;
  const client_pool_settings& settings_;
  dns::resolver& names_;
  client_pool_counts counts_;
  // By authority: of http, and of https, which no connection serves both of.
  text_map<bucket> buckets_[2];
  std::size_t sweep_at_ = 64;
  intrusive_list<pooled_connection, by_age> idle_;  // the one that is idle for longest comes first
  intrusive_list<bucket, in_need> needy_;  // have waiters, and room for connections of their own
  idle_timer idle_timer_{*this};
};

}  // namespace ferrule
