#include "dns/answer_cache.hpp"

#include <utility>

namespace ferrule::dns {

shared_answer answer_cache::find(std::string_view key, mono_time now) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  entry& known = *found->second;
  if (known.expires <= now) {
    entries_.erase(found);
    return nullptr;
  }
  used_.push_back(known);
  return known.value;
}

void answer_cache::store(std::string_view key, shared_answer value, mono_time expires) {
  if (entries_max_ == 0) return;
  if (entries_.size() >= entries_max_ && entries_.find(key) == entries_.end()) {
    entries_.erase(entries_.find(used_.front().key));
  }
  const auto at = entries_.try_emplace(std::string(key)).first;
  if (at->second == nullptr) at->second = std::make_unique<entry>(at->first);
  at->second->value = std::move(value);
  at->second->expires = expires;
  used_.push_back(*at->second);
}

}  // namespace ferrule::dns
