#pragma once
// What name servers said, for as long as it holds, in bounded memory.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "core/text_map.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/intrusive_list.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/dns/resolver.hpp"

namespace ferrule::dns {

// What is known of one name: addresses or services, according to what was asked.
struct record_set {
  std::vector<address> addresses;
  std::vector<service_target> services;
};
using answer = result<record_set, lookup_error>;
using shared_answer = std::shared_ptr<const answer>;

// Keeps at most `entries_max` answers; when full, the one that was not asked for longest goes.
class answer_cache {
 public:
  // What is kept under a key.
  struct known {
    shared_answer value{};    // null: nothing that could be used
    bool is_fresh = false;    // else it has expired, and is for want of a better one
    bool may_ask = true;      // it is time to ask for a new one
    bool is_wanting = false;  // asking has been in vain since it expired
  };

  explicit answer_cache(std::size_t entries_max) noexcept : entries_max_(entries_max) {}

  known find(std::string_view key, mono_time now) noexcept;
  // Fresh until `expires`, and of use until `stale_until`.
  void store(std::string_view key, shared_answer value, mono_time expires, mono_time stale_until);
  // There was no new answer, or not yet; there is no use in asking again before `ask_at`. Returns
  // whether there is an old one.
  bool note_want(std::string_view key, mono_time ask_at) noexcept;
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct by_use;
  struct entry : list_link<by_use> {
    explicit entry(const std::string& name) : key(name) {}
    const std::string& key;
    shared_answer value;
    mono_time expires{};
    mono_time stale_until{};
    mono_time ask_at{};
    bool is_wanting = false;
  };

  std::size_t entries_max_;
  text_map<std::unique_ptr<entry>> entries_;
  intrusive_list<entry, by_use> used_;  // the one used last is the last
};

}  // namespace ferrule::dns
