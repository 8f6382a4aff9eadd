#include "ferrule/dns/system_resolver.hpp"

#include <algorithm>
#include <coroutine>
#include <limits>
#include <utility>

#include "dns/answer_cache.hpp"
#include "dns/ares_channel.hpp"
#include "dns/service_records.hpp"
#include "ferrule/core/parked.hpp"
#include "ferrule/io/awaitable.hpp"

namespace ferrule::dns {
namespace {

enum class wanted : char { addresses = 'a', services = 's' };

lookup_error error_of(int status) noexcept {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
    case ARES_ENONAME:
    case ARES_EBADQUERY:
      return lookup_error::not_found;
    default:
      return lookup_error::failed;
  }
}

/// The shortest TTL of an answer, aliases included.
std::chrono::seconds ttl_of(const ares_addrinfo& found) noexcept {
  int least = std::numeric_limits<int>::max();
  for (const auto* each = found.nodes; each != nullptr; each = each->ai_next) {
    least = std::min(least, each->ai_ttl);
  }
  for (const auto* each = found.cnames; each != nullptr; each = each->next) {
    least = std::min(least, each->ttl);
  }
  return std::chrono::seconds(least);
}

std::vector<address> addresses_of(const ares_addrinfo& found) {
  std::vector<address> all;
  for (const auto* each = found.nodes; each != nullptr; each = each->ai_next) {
    const auto at = address::from_sockaddr(each->ai_addr, each->ai_addrlen);
    if (at && std::find(all.begin(), all.end(), *at) == all.end()) all.push_back(*at);
  }
  return all;
}

}  // namespace

struct system_resolver::state {
  struct lookup;

  /// One that waits for a lookup which others may wait for too.
  class waiter : public list_link<waiter>, public parked {
   public:
    explicit waiter(lookup& for_what) noexcept
        : parked([](parked& self) noexcept { static_cast<waiter&>(self).unlink(); }),
          asked_(for_what) {}
    bool await_ready() const noexcept { return asked_.known != nullptr; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      asked_.waiters.push_back(*this);
      park(self);
    }
    void await_resume() const noexcept {}

   private:
    lookup& asked_;
  };

  struct lookup {
    lookup(state& of, std::string&& kind_and_name) : owner(of), key(std::move(kind_and_name)) {}
    state& owner;
    std::string key;
    intrusive_list<waiter, waiter> waiters;
    shared_answer known;
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
  std::shared_ptr<lookup> start(wanted kind, std::string key, std::string_view name);
  void end(lookup& asked, answer&& found, std::chrono::nanoseconds ttl);
  void end_in_vain(lookup& asked, int status);

  static void on_addresses(void* context, int status, int, ares_addrinfo* found) noexcept;
  static void on_services(void* context, int status, int, unsigned char* bytes, int size) noexcept;

  reactor& loop;
  const resolver_settings& settings;
  answer_cache cache;
  text_map<std::shared_ptr<lookup>> lookups;  // under way
  ares_channel channel;                       // dies first, and forgets the lookups
};

system_resolver::system_resolver(resolver_settings settings) : settings_(std::move(settings)) {}

system_resolver::~system_resolver() = default;

task<resolver::addresses_result> system_resolver::addresses(std::string_view name) {
  const environment& env = co_await current_environment();
  if (state_ == nullptr) state_ = std::make_unique<state>(current_reactor(env), settings_);
  const shared_answer found = co_await state_->find(wanted::addresses, name);
  if (!*found) co_return fail(found->error());
  co_return (*found)->addresses;
}

task<resolver::services_result> system_resolver::services(std::string_view name) {
  const environment& env = co_await current_environment();
  if (state_ == nullptr) state_ = std::make_unique<state>(current_reactor(env), settings_);
  const shared_answer found = co_await state_->find(wanted::services, name);
  if (!*found) co_return fail(found->error());
  std::vector<service_target> targets = (*found)->services;
  order_targets(targets, env.loop->random());
  co_return targets;
}

task<shared_answer> system_resolver::state::find(wanted kind, std::string_view name) {
  std::string key(1, static_cast<char>(kind));
  for (char c : name) key += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (shared_answer kept = cache.find(key, loop.now())) co_return kept;
  const auto same = lookups.find(key);
  const std::shared_ptr<lookup> asked =
      same != lookups.end() ? same->second : start(kind, std::move(key), name);
  if (asked == nullptr) co_return std::make_shared<const answer>(fail(lookup_error::failed));
  waiter turn(*asked);
  co_await turn;
  co_return asked->known;
}

std::shared_ptr<system_resolver::state::lookup> system_resolver::state::start(
    wanted kind, std::string key, std::string_view name) {
  if (!channel.open() || lookups.size() >= settings.lookups_max) return nullptr;
  auto asked = std::make_shared<lookup>(*this, std::move(key));
  lookups.emplace(asked->key, asked);
  const std::string text(name);
  if (kind == wanted::addresses) {
    channel.ask_addresses(text, on_addresses, asked.get());
  } else {
    channel.ask_services(text, on_services, asked.get());
  }
  return asked;
}

void system_resolver::state::end(lookup& asked, answer&& found, std::chrono::nanoseconds ttl) {
  asked.known = std::make_shared<const answer>(std::move(found));
  if (ttl > std::chrono::nanoseconds(0)) {
    cache.store(asked.key, asked.known, loop.now() + std::min(ttl, settings.ttl_max));
  }
  while (!asked.waiters.empty()) {
    waiter& next = asked.waiters.front();
    next.unlink();
    next.wake();
  }
  lookups.erase(lookups.find(asked.key));  // may destroy it
}

void system_resolver::state::end_in_vain(lookup& asked, int status) {
  const lookup_error why = error_of(status);
  const bool is_lasting = why == lookup_error::not_found;
  end(asked, fail(why), is_lasting ? settings.negative_ttl : std::chrono::nanoseconds(0));
}

void system_resolver::state::on_addresses(void* context, int status, int,
                                          ares_addrinfo* found) noexcept {
  if (status == ARES_EDESTRUCTION) return;
  auto& asked = *static_cast<lookup*>(context);
  if (found == nullptr) return asked.owner.end_in_vain(asked, status);
  record_set records{addresses_of(*found), {}};
  const std::chrono::seconds ttl = ttl_of(*found);
  ares_freeaddrinfo(found);
  if (records.addresses.empty()) return asked.owner.end_in_vain(asked, ARES_ENODATA);
  asked.owner.end(asked, std::move(records), ttl);
}

void system_resolver::state::on_services(void* context, int status, int, unsigned char* bytes,
                                         int size) noexcept {
  if (status == ARES_EDESTRUCTION) return;
  auto& asked = *static_cast<lookup*>(context);
  if (status != ARES_SUCCESS) return asked.owner.end_in_vain(asked, status);
  record_set records;
  std::chrono::seconds ttl{0};
  if (!read_services({bytes, static_cast<std::size_t>(size)}, records.services, ttl)) {
    return asked.owner.end_in_vain(asked, ARES_EBADRESP);
  }
  if (records.services.empty()) return asked.owner.end_in_vain(asked, ARES_ENODATA);
  asked.owner.end(asked, std::move(records), ttl);
}

}  // namespace ferrule::dns
