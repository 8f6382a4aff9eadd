#pragma once
/// @file
/// Where orders and their idempotency keys are kept: an SQLite database.

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api.hpp"
#include "ferrule/core/clock.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/core/task.hpp"
#include "ferrule/storage/database.hpp"
#include "ferrule/storage/expiring_rows.hpp"

namespace orders {

using ferrule::fail;
using ferrule::result;
using ferrule::task;
using ferrule::wall_time;
using ferrule::storage::connection;
using ferrule::storage::row_id;

/// Keys of requests that are being answered, of all threads.
class keys_in_use {
 public:
  /// Holds a key until it dies, unless another held it already; then it is empty.
  class claim {
   public:
    claim(keys_in_use& all, std::string key) : all_(&all), key_(std::move(key)) {}
    claim() = default;
    claim(const claim&) = delete;
    claim& operator=(const claim&) = delete;
    ~claim() {
      if (all_ != nullptr) all_->release(key_);
    }
    explicit operator bool() const noexcept { return all_ != nullptr; }

   private:
    keys_in_use* all_ = nullptr;
    std::string key_;
  };

  claim take(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (!keys_.emplace(key).second) return {};
    return {*this, std::string(key)};
  }

 private:
  void release(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }

  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
};

/// Orders by id. What fails for a reason that is no fault of the caller is thrown.
class store {
 public:
  static constexpr bool thread_safe = true;
  static constexpr std::uint64_t bytes_max = std::uint64_t{4} << 30U;

  static result<std::unique_ptr<store>, std::string> open(const std::string& path) {
    static constexpr const char* migrations[] = {
        "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL,"
        " product_id TEXT NOT NULL, quantity INTEGER NOT NULL) STRICT;"
        "CREATE INDEX orders_of_user ON orders (user_id, id);"
        "CREATE TABLE keys (key TEXT PRIMARY KEY, made_at INTEGER NOT NULL,"
        " order_id INTEGER NOT NULL REFERENCES orders (id)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX keys_by_age ON keys (made_at)",
    };
    auto opened =
        ferrule::storage::database::open(path, {.bytes_max = bytes_max, .migrations = migrations});
    if (!opened) return fail(fmt::format("cannot open {}: {}", path, opened.error().text));
    return std::make_unique<store>(std::move(opened).value());
  }
  explicit store(std::unique_ptr<ferrule::storage::database> all) : all_(std::move(all)) {}

  task<result<order, error>> find(std::uint64_t id) {
    auto found = co_await all_->read([id = row_id(id)](connection& c) {
      return c.first<order>("SELECT id, user_id, product_id, quantity FROM orders WHERE id = ?",
                            id);
    });
    co_return the_order(std::move(found));
  }

  /// The order that was made with a key, within the key's life.
  task<result<order, error>> find_by_key(std::string key, wall_time now) {
    auto found = co_await all_->read([key = std::move(key), oldest = oldest_key(now)](
                                         connection& c) { return with_key(c, key, oldest); });
    co_return the_order(std::move(found));
  }

  /// The first `count_max` orders of a user with greater ids than `after`.
  task<result<std::vector<order>, error>> list(page asked, std::uint32_t count_max) {
    auto rows = co_await all_->read([asked, count_max](connection& c) {
      return c.all<order>(
          "SELECT id, user_id, product_id, quantity FROM orders"
          " WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?",
          row_id(asked.user_id), row_id(asked.after), count_max);
    });
    if (!rows) co_return fail(refusal(rows.error()));
    co_return std::move(rows).value();
  }

  /// Keeps an order, under a key unless that is empty. Gives the one that another process has kept
  /// under that key meanwhile, if there is one.
  task<result<order, error>> add(new_order said, std::string key, wall_time now) {
    auto added = co_await all_->write(
        [said = std::move(said), key = std::move(key), oldest = oldest_key(now)](connection& c) {
          old_keys::delete_some(c, oldest);
          if (auto kept = with_key(c, key, oldest)) return kept;
          auto made = c.first<order>(
              "INSERT INTO orders (user_id, product_id, quantity) VALUES (?, ?, ?)"
              " RETURNING id, user_id, product_id, quantity",
              said.user_id, said.product_id, said.quantity);
          if (!key.empty()) {
            // It may be there still, and too old.
            c.execute("INSERT OR REPLACE INTO keys (key, made_at, order_id) VALUES (?, ?, ?)", key,
                      oldest + seconds(key_lifetime), made->id);
          }
          return made;
        });
    co_return the_order(std::move(added));
  }

  keys_in_use& keys() noexcept { return keys_; }

 private:
  using old_keys = ferrule::storage::expiring_rows<"keys", "key", "made_at">;

  static std::int64_t seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
  }
  static std::int64_t oldest_key(wall_time now) {
    return seconds(now.time_since_epoch()) - seconds(key_lifetime);
  }
  static std::optional<order> with_key(connection& c, const std::string& key, std::int64_t oldest) {
    return c.first<order>(
        "SELECT id, user_id, product_id, quantity FROM keys JOIN orders ON id = order_id"
        " WHERE key = ? AND made_at >= ?",
        key, oldest);
  }

  static result<order, error> the_order(
      result<std::optional<order>, ferrule::storage::error> statement) {
    if (!statement) return fail(refusal(statement.error()));
    if (!*statement) return fail(error::not_found);
    return **std::move(statement);
  }

  static error refusal(const ferrule::storage::error& e) {
    using enum ferrule::storage::error_kind;
    if (e.kind == full) return error::store_full;
    if (e.kind == busy || e.kind == deadline || e.kind == overloaded) return error::store_busy;
    throw e;
  }

  std::unique_ptr<ferrule::storage::database> all_;
  keys_in_use keys_;
};

}  // namespace orders
