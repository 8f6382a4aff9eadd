#include "ferrule/dns/system_resolver.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>

#include "dns/address_lookup.hpp"
#include "dns/answer_cache.hpp"
#include "dns/ares_channel.hpp"
#include "dns/service_records.hpp"
#include "ferrule/core/parked.hpp"
#include "ferrule/io/awaitable.hpp"

namespace ferrule::dns {
namespace {

enum class wanted : char { addresses = 'a', services = 's' };

}  // namespace

struct system_resolver::state {
  struct lookup;

  /// One that waits for a lookup, which others may wait for too, at the longest until `until`.
  class waiter : public list_link<waiter>, parked, timer {
   public:
    waiter(lookup& for_what, mono_time until) noexcept
        : parked([](parked& self) noexcept { static_cast<waiter&>(self).leave(); }),
          timer([](timer& self) noexcept { static_cast<waiter&>(self).end(); }),
          asked_(for_what),
          until_(until) {}
    bool await_ready() const noexcept { return asked_.known != nullptr; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      asked_.waiters.push_back(*this);
      if (until_ != no_deadline) asked_.owner.loop.arm(*this, until_);
      park(self);
    }
    void await_resume() const noexcept {}
    void end() noexcept {
      leave();
      wake();
    }

   private:
    void leave() noexcept {
      list_link<waiter>::unlink();
      asked_.owner.loop.disarm(*this);
    }

    lookup& asked_;
    mono_time until_;
  };

  struct lookup final : address_lookup::listener {
    lookup(state& of, std::string&& kind_and_name) : owner(of), key(std::move(kind_and_name)) {}
    void found(const std::vector<address>& all, std::optional<std::chrono::seconds> ttl,
               bool is_all) override {
      owner.found(*this, {all, {}}, ttl, is_all);
    }
    void failed(lookup_error why) override { owner.failed(*this, why); }

    state& owner;
    std::string key;
    intrusive_list<waiter, waiter> waiters;
    shared_answer known;
    std::optional<address_lookup> addresses;
  };

  state(reactor& on, const resolver_settings& with)
      : loop(on), settings(with), cache(with.cached_max), channel(on, with) {}
  ~state() {
    for (const auto& each : lookups) {
      FERRULE_ASSERT(each.second->waiters.empty(), "a resolver died while a task waited for it");
    }
  }

  /// What is known of a name, now or when the servers have answered.
  task<shared_answer> find(wanted kind, std::string_view name);
  std::shared_ptr<lookup> find_lookup(wanted kind, std::string_view key, std::string_view name);
  void found(lookup& asked, record_set&& records, std::optional<std::chrono::seconds> ttl,
             bool is_all);
  void failed(lookup& asked, lookup_error why);
  void answer_all(lookup& asked, answer&& with);
  void forget(lookup& ended);

  static void on_services(void* context, int status, int, unsigned char* bytes, int size) noexcept;

  reactor& loop;
  const resolver_settings& settings;
  answer_cache cache;
  text_map<std::shared_ptr<lookup>> lookups;   // that are waited for
  std::vector<std::shared_ptr<lookup>> later;  // of which something is known, and more may come
  ares_channel channel;                        // dies first, and forgets the lookups
};

system_resolver::system_resolver(resolver_settings settings) : settings_(std::move(settings)) {}

system_resolver::~system_resolver() = default;

/// Anew, too, when it could not be done before for want of descriptors.
void system_resolver::set_up(reactor& loop) {
  if (state_ != nullptr && state_->channel.open()) return;
  state_ = std::make_unique<state>(loop, settings_);
}

task<resolver::addresses_result> system_resolver::addresses(std::string_view name) {
  const environment& env = co_await current_environment();
  set_up(current_reactor(env));
  const shared_answer found = co_await state_->find(wanted::addresses, name);
  if (!*found) co_return fail(found->error());
  co_return (*found)->addresses;
}

task<resolver::services_result> system_resolver::services(std::string_view name) {
  const environment& env = co_await current_environment();
  set_up(current_reactor(env));
  const shared_answer found = co_await state_->find(wanted::services, name);
  if (!*found) co_return fail(found->error());
  std::vector<service_target> targets = (*found)->services;
  order_targets(targets, env.loop->random());
  co_return targets;
}

task<shared_answer> system_resolver::state::find(wanted kind, std::string_view name) {
  std::string key(1, static_cast<char>(kind));
  for (char c : name) key += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const answer_cache::known kept = cache.find(key, loop.now());
  const bool is_kept = kept.value != nullptr;
  if (is_kept && (kept.is_fresh || !kept.may_ask)) co_return kept.value;
  const std::shared_ptr<lookup> asked = find_lookup(kind, key, name);
  if (asked == nullptr && is_kept) co_return kept.value;
  if (asked == nullptr) co_return std::make_shared<const answer>(fail(lookup_error::no_resources));
  if (is_kept && kept.is_wanting && asked->known == nullptr) co_return kept.value;
  waiter turn(*asked, is_kept ? saturating_add(loop.now(), settings.stale_wait) : no_deadline);
  co_await turn;
  if (is_kept && asked->known == nullptr) cache.note_want(key, loop.now());
  const bool is_failure = asked->known == nullptr ||
                          (!*asked->known && asked->known->error() != lookup_error::not_found);
  co_return is_kept && is_failure ? kept.value : asked->known;
}

/// The lookup that is under way, or a new one; null when there are too many.
std::shared_ptr<system_resolver::state::lookup> system_resolver::state::find_lookup(
    wanted kind, std::string_view key, std::string_view name) {
  if (const auto same = lookups.find(key); same != lookups.end()) return same->second;
  if (!channel.open() || lookups.size() + later.size() >= settings.lookups_max) return nullptr;
  auto asked = std::make_shared<lookup>(*this, std::string(key));
  lookups.emplace(asked->key, asked);
  const std::string text(name);
  if (kind == wanted::addresses) {
    asked->addresses.emplace(channel, loop, settings.resolution_delay, *asked);
    asked->addresses->start(text);
  } else {
    channel.ask_services(text, on_services, asked.get());
  }
  return asked;
}

void system_resolver::state::found(lookup& asked, record_set&& records,
                                   std::optional<std::chrono::seconds> ttl, bool is_all) {
  // What came first may have been all: its time is counted from then.
  const bool is_new = asked.known == nullptr || !*asked.known ||
                      (*asked.known)->addresses.size() != records.addresses.size();
  if (is_new) answer_all(asked, std::move(records));
  if (is_new && ttl) {
    const mono_time expires = saturating_add(
        loop.now(), std::min<std::chrono::nanoseconds>(*ttl, settings.ttl_max));
    cache.store(asked.key, asked.known, expires, saturating_add(expires, settings.stale_max));
  }
  if (is_all) return forget(asked);
  // Others may ask anew, once this is no longer fresh.
  const auto at = lookups.find(asked.key);
  if (at == lookups.end() || at->second.get() != &asked) return;
  later.push_back(std::move(at->second));
  lookups.erase(at);
}

void system_resolver::state::failed(lookup& asked, lookup_error why) {
  // Without descriptors c-ares could ask nobody, which it tells like a refusal.
  if (why == lookup_error::failed) {
    const std::int32_t tried = loop.io().open(AF_INET, SOCK_DGRAM);
    if (tried < 0) why = lookup_error::no_resources;
    if (tried >= 0) loop.io().drop(io::handle{tried});
  }
  answer_all(asked, fail(why));
  const auto remember_for = [&](std::chrono::nanoseconds span) {
    const mono_time expires = saturating_add(loop.now(), span);
    cache.store(asked.key, asked.known, expires, expires);
  };
  if (why == lookup_error::not_found) {
    remember_for(settings.negative_ttl);
  } else {
    const mono_time ask_at = saturating_add(loop.now(), settings.recheck_wait);
    const bool has_old_answer = cache.note_want(asked.key, ask_at);
    if (!has_old_answer && why == lookup_error::failed) remember_for(settings.failure_ttl);
  }
  forget(asked);
}

void system_resolver::state::answer_all(lookup& asked, answer&& with) {
  asked.known = std::make_shared<const answer>(std::move(with));
  while (!asked.waiters.empty()) asked.waiters.front().end();
}

/// May destroy it.
void system_resolver::state::forget(lookup& ended) {
  const auto at = lookups.find(ended.key);
  if (at != lookups.end() && at->second.get() == &ended) {
    lookups.erase(at);
  } else {
    std::erase_if(later, [&](const auto& each) { return each.get() == &ended; });
  }
}

void system_resolver::state::on_services(void* context, int status, int, unsigned char* bytes,
                                         int size) noexcept {
  if (status == ARES_EDESTRUCTION) return;
  auto& asked = *static_cast<lookup*>(context);
  if (status != ARES_SUCCESS) return asked.failed(error_of(status));
  record_set records;
  std::chrono::seconds ttl{0};
  if (!read_services({bytes, static_cast<std::size_t>(size)}, records.services, ttl)) {
    return asked.failed(lookup_error::failed);
  }
  if (records.services.empty()) return asked.failed(lookup_error::not_found);
  asked.owner.found(asked, std::move(records), ttl, true);
}

}  // namespace ferrule::dns
