#include "dns/answer_cache.hpp"

#include <utility>

namespace ferrule::dns {

answer_cache::known answer_cache::find(std::string_view key, mono_time now) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return {};
  entry& kept = *found->second;
  if (kept.expires <= now && kept.stale_until <= now) {
    entries_.erase(found);
    return {};
  }
  used_.push_back(kept);
  return {kept.value, now < kept.expires, kept.ask_at <= now, kept.is_wanting};
}

bool answer_cache::note_want(std::string_view key, mono_time ask_at) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  found->second->is_wanting = true;
  found->second->ask_at = ask_at;
  return true;
}

void answer_cache::store(std::string_view key, shared_answer value, mono_time expires,
                         mono_time stale_until) {
  if (entries_max_ == 0) return;
  if (entries_.size() >= entries_max_ && entries_.find(key) == entries_.end()) {
    entries_.erase(entries_.find(used_.front().key));
  }
  const auto at = entries_.try_emplace(std::string(key)).first;
  if (at->second == nullptr) at->second = std::make_unique<entry>(at->first);
  at->second->value = std::move(value);
  at->second->expires = expires;
  at->second->stale_until = stale_until;
  at->second->ask_at = {};
  at->second->is_wanting = false;
  used_.push_back(*at->second);
}

}  // namespace ferrule::dns
