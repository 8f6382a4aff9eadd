#pragma once
/// @file
/// Where users are kept: the interface that handlers know, and a store in memory behind it. Its
/// functions are tasks, so that a database can take its place and handlers stay as they are.

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "api.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"

namespace users {

using ferrule::fail;
using ferrule::result;
using ferrule::task;

/// Users by id. The store hands out the ids, ascending, and none twice.
class store {
 public:
  virtual ~store() = default;

  virtual task<result<user, error>> find(std::uint64_t id) = 0;
  /// The first `count_max` users with greater ids than `after`, in the order of their ids.
  virtual task<std::vector<user>> list(std::uint64_t after, std::size_t count_max) = 0;
  virtual task<result<user, error>> add(new_user said) = 0;
  virtual task<result<user, error>> replace(std::uint64_t id, new_user said) = 0;
  virtual task<result<void, error>> remove(std::uint64_t id) = 0;
};

/// Keeps users until the process ends.
///
/// Every reactor is a thread with connections of its own, and a caller's next request may come by
/// another of them: so there is one store for all, with a lock. It is never held across a
/// suspension.
class memory_store final : public store {
 public:
  static constexpr bool thread_safe = true;
  static constexpr std::size_t users_max_default = 1'000'000;

  /// More than `users_max` users are refused with `error::store_full`.
  explicit memory_store(std::size_t users_max = users_max_default) : users_max_(users_max) {}

  task<result<user, error>> find(std::uint64_t id) override {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(id);
    if (found == users_.end()) co_return fail(error::not_found);
    co_return found->second;
  }

  task<std::vector<user>> list(std::uint64_t after, std::size_t count_max) override {
    const std::lock_guard lock(mutex_);
    std::vector<user> page;
    for (auto at = users_.upper_bound(after); at != users_.end() && page.size() != count_max; ++at)
      page.push_back(at->second);
    co_return page;
  }

  task<result<user, error>> add(new_user said) override {
    const std::lock_guard lock(mutex_);
    if (users_.size() >= users_max_) co_return fail(error::store_full);
    const auto [place, is_new] = ids_.try_emplace(key_of(said.email), last_id_ + 1);
    if (!is_new) co_return fail(error::email_taken);
    const std::uint64_t id = ++last_id_;
    co_return users_.emplace(id, user{id, std::move(said.name), std::move(said.email)})
        .first->second;
  }

  task<result<user, error>> replace(std::uint64_t id, new_user said) override {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(id);
    if (found == users_.end()) co_return fail(error::not_found);
    const auto [place, is_new] = ids_.try_emplace(key_of(said.email), id);
    if (place->second != id) co_return fail(error::email_taken);
    if (is_new) ids_.erase(key_of(found->second.email));
    found->second = {id, std::move(said.name), std::move(said.email)};
    co_return found->second;
  }

  task<result<void, error>> remove(std::uint64_t id) override {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(id);
    if (found == users_.end()) co_return fail(error::not_found);
    ids_.erase(key_of(found->second.email));
    users_.erase(found);
    co_return {};
  }

 private:
  /// Equal for addresses that differ in the case of ASCII letters only.
  static std::string key_of(std::string email) {
    for (char& c : email) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return email;
  }

  const std::size_t users_max_;
  std::mutex mutex_;
  std::map<std::uint64_t, user> users_;
  std::unordered_map<std::string, std::uint64_t> ids_;  ///< by e-mail address
  std::uint64_t last_id_ = 0;
};

}  // namespace users
