#include "client/connection_pool.hpp"

#include <algorithm>

#include "client/connector.hpp"
#include "ferrule/core/parked.hpp"
#include "ferrule/core/race.hpp"

namespace ferrule {
namespace {

// A request given up earlier says nothing about its connection.
constexpr std::chrono::milliseconds silence_max{100};

}  // namespace

/// A request in a bucket's queue: `co_await` gives a connection, the right to make one, or neither
/// when the time is up.
class connection_pool::waiter : public list_link<in_line>, parked, timer {
 public:
  waiter(connection_pool& pool, bucket& queue) noexcept
      : parked([](parked& self) noexcept { static_cast<waiter&>(self).leave(); }),
        timer([](timer& self) noexcept {
          static_cast<waiter&>(self).leave();
          static_cast<waiter&>(self).wake();
        }),
        pool_(pool),
        queue_(queue) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    queue_.waiters.push_back(*this);
    ++pool_.counts_.queued;
    pool_.review(queue_);
    pool_.loop_.arm(*this, saturating_add(pool_.loop_.now(), pool_.settings_.queue_timeout));
    park(self);
  }
  void await_resume() const noexcept {}

  void hand(connection_ptr given) noexcept {
    connection = std::move(given);
    leave();
    wake();
  }
  void hand(permit&& given) noexcept {
    allowed.emplace(std::move(given));
    leave();
    wake();
  }

  connection_ptr connection;
  std::optional<permit> allowed;

 private:
  void leave() noexcept {
    list_link<in_line>::unlink();
    --pool_.counts_.queued;
    pool_.loop_.disarm(*this);
    pool_.review(queue_);
  }

  connection_pool& pool_;
  bucket& queue_;
};

connection_pool::permit::permit(connection_pool& pool, bucket& of) noexcept
    : pool_(&pool), of_(&of) {
  ++of.open;
  ++pool.counts_.connections_open;
  ++pool.counts_.connections_made;
}

connection_pool::permit::~permit() {
  if (pool_ == nullptr) return;
  --of_->open;
  --pool_->counts_.connections_open;
  pool_->review(*of_);
  pool_->serve_needy();
}

connection_pool::~connection_pool() {
  FERRULE_ASSERT(counts_.queued == 0 && counts_.connections_open == counts_.connections_idle,
                 "a pool of connections died while it was in use");
  while (!idle_.empty()) unkeep(idle_.front());
}

std::optional<connection_pool::lease> connection_pool::take_idle(const origin& to) {
  bucket& from = bucket_of(to);
  while (!from.idle.empty()) {
    connection_ptr kept = unkeep(from.idle.back());
    if (may_serve(*kept)) return lease(*this, std::move(kept), true);
  }
  return {};
}

task<result<connection_pool::lease, transport_error>> connection_pool::acquire(const origin* to,
                                                                               send_watch* watch) {
  bucket& from = bucket_of(*to);
  const bool is_first = from.waiters.empty() && needy_.empty();
  if (is_first && make_room(from)) co_return co_await connect(to, permit(*this, from), watch);
  if (counts_.queued >= settings_.queued_max) co_return fail(transport_error::too_many);
  watch->stage = send_stage::waiting;
  waiter turn(*this, from);
  co_await turn;
  if (turn.connection != nullptr) co_return lease(*this, std::move(turn.connection), true);
  if (!turn.allowed) co_return fail(transport_error::queue_timeout);
  co_return co_await connect(to, std::move(*turn.allowed), watch);
}

task<result<connection_pool::lease, transport_error>> connection_pool::connect(const origin* to,
                                                                               permit allowed,
                                                                               send_watch* watch) {
  watch->stage = send_stage::connecting;
  watch->since = loop_.now();
  // A name may have many addresses, that are tried one after the other.
  const bool is_address = address::parse(to->host(), to->port()).has_value();
  const auto within = is_address ? std::min(settings_.connect_timeout, watch->connect_within)
                                 : settings_.connect_timeout;
  auto connected =
      co_await with_deadline(within, connect_to(to, &names_, &allowed.of().addresses));
  if (!connected) co_return fail(transport_error::connect_timeout);
  if (!*connected) co_return fail(connected->error());
  connected_stream& to_server = **connected;
  auto made = std::make_unique<pooled_connection>(
      std::move(allowed), std::move(to_server.stream), to_server.at, settings_.limits);
  // Not all at once those that were made at once.
  const auto age_max = settings_.connection_age_max;
  const auto earlier = loop_.random().below(static_cast<std::uint64_t>(age_max.count()) / 10 + 1);
  made->kept_until = saturating_add(
      loop_.now(), age_max - std::chrono::nanoseconds(static_cast<std::int64_t>(earlier)));
  co_return lease(*this, std::move(made), false);
}

connection_pool::bucket& connection_pool::bucket_of(const origin& to) {
  const std::string_view key = to.authority();
  text_map<bucket>& buckets = buckets_[to.is_tls() ? 1 : 0];
  if (const auto known = buckets.find(key); known != buckets.end()) return known->second;
  if (buckets.size() >= sweep_at_) {
    std::erase_if(buckets, [](const auto& each) {
      return each.second.open == 0 && each.second.waiters.empty();
    });
    sweep_at_ = 64 + 2 * buckets.size();
  }
  return buckets.try_emplace(std::string(key)).first->second;
}

/// Whether one more connection may be opened, if need be in place of an idle one.
bool connection_pool::make_room(bucket& wanted) noexcept {
  if (!may_open(wanted)) {
    if (wanted.idle.empty()) return false;
    unkeep(wanted.idle.front());
  }
  if (counts_.connections_open < settings_.connections_max) return true;
  if (idle_.empty()) return false;
  unkeep(idle_.front());
  return true;
}

/// Whether another request may go by it now. What has come to it unasked, be it an answer such as
/// 408 or the server's end, is not for the next request.
bool connection_pool::may_serve(const pooled_connection& kept) const noexcept {
  return loop_.now() < kept.kept_until && kept.http.reusable() &&
         !kept.use.is_doubtful(kept.idle_since) && kept.http.is_quiet();
}

/// A connection that was kept and then lost, or says nothing, may lead nowhere since long: through
/// a balancer or a firewall that has forgotten it, say. Those that have been idle for as long were
/// likely forgotten with it, and each would cost a request its time.
void connection_pool::note_end(const pooled_connection& used, mono_time begun) noexcept {
  const bool is_silent = loop_.now() - begun >= silence_max;
  if (used.http.is_unheard() && (is_silent || used.http.is_lost())) used.use.doubt(begun);
}

void connection_pool::give_back(connection_ptr used) noexcept {
  // Else its permit serves who waits.
  if (!used->http.reusable() || loop_.now() >= used->kept_until) return;
  bucket& to = used->allowed.of();
  if (to.waiters.empty()) {
    keep(std::move(used));
    serve_needy();
  } else if (used->http.is_quiet()) {
    to.waiters.front().hand(std::move(used));
  }
}

void connection_pool::keep(connection_ptr idle) noexcept {
  pooled_connection& kept = *idle.release();
  kept.idle_since = loop_.now();
  kept.allowed.of().idle.push_back(kept);
  idle_.push_back(kept);
  ++counts_.connections_idle;
  kept.http.watch(
      [](void* closed) noexcept {
        auto& gone = *static_cast<pooled_connection*>(closed);
        gone.allowed.pool().unkeep(gone);
      },
      &kept);
  if (!idle_timer_.armed()) {
    loop_.arm(idle_timer_, saturating_add(kept.idle_since, settings_.idle_timeout));
  }
}

connection_pool::connection_ptr connection_pool::unkeep(pooled_connection& idle) noexcept {
  idle.list_link<of_origin>::unlink();
  idle.list_link<by_age>::unlink();
  --counts_.connections_idle;
  if (idle_.empty()) loop_.disarm(idle_timer_);
  return connection_ptr(&idle);
}

void connection_pool::close_timed_out() noexcept {
  while (!idle_.empty()) {
    const mono_time end = saturating_add(idle_.front().idle_since, settings_.idle_timeout);
    if (end > loop_.now()) return loop_.arm(idle_timer_, end);
    unkeep(idle_.front());
  }
}

/// Notes whether a bucket waits for nothing but the limit of all connections.
void connection_pool::review(bucket& changed) noexcept {
  if (changed.waiters.empty() || !may_open(changed)) {
    changed.unlink();
  } else if (!changed.linked()) {
    needy_.push_back(changed);
  }
}

/// Lets those open connections that wait for it, origins in turn.
void connection_pool::serve_needy() noexcept {
  while (!needy_.empty()) {
    if (counts_.connections_open < settings_.connections_max) {
      bucket& next = needy_.front();
      needy_.push_back(next);
      next.waiters.front().hand(permit(*this, next));
    } else if (!idle_.empty()) {
      unkeep(idle_.front());  // comes here again by its permit
    } else {
      return;
    }
  }
}

}  // namespace ferrule
