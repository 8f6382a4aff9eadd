#pragma once
/// @file
/// One function on its way through a thread of a database, and how it went. Programs call
/// `database::read` and `database::write`, which make them.
///
/// ```cpp
/// int answer(ferrule::storage::connection& c) { return c.first<int>("SELECT 42").value(); }
/// bool runs(ferrule::storage::connection& c) {
///   ferrule::storage::detail::job_of<int (*)(ferrule::storage::connection&)> job(answer);
///   return job.call(c) && job.take().value() == 42;
/// }
/// ```

#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "ferrule/core/clock.hpp"
#include "ferrule/core/intrusive_list.hpp"
#include "ferrule/core/result.hpp"
#include "ferrule/io/reactor.hpp"
#include "ferrule/storage/connection.hpp"

namespace ferrule::storage::detail {

enum class access : std::uint8_t { read, write };

/// A function that runs on a connection. It lives in the frame that awaits it.
struct job : list_link<job> {
  explicit job(access kind) noexcept : how(kind) {}

  /// Calls the function. False: nothing that it wrote is to be kept.
  virtual bool call(connection& c) = 0;
  bool ended_well() const noexcept { return !failed && thrown == nullptr; }

  const access how;
  std::optional<error> failed;
  std::exception_ptr thrown;  // anything but an `error`
  /// Until when it waits: to begin, and for another process.
  mono_time patience = no_deadline;
  // Who is told of the end, and where.
  reactor* home = nullptr;
  posted* told = nullptr;
  bool is_waiting = false;  ///< the queue's own

 protected:
  ~job() = default;
};

template <class F>
class job_of final : public job {
 public:
  using called = std::invoke_result_t<F&, connection&>;
  using value_type = std::conditional_t<std::is_void_v<called>, std::monostate, called>;

  explicit job_of(F f, access kind = access::read) : job(kind), function_(std::move(f)) {}

  bool call(connection& c) override {
    if constexpr (std::is_void_v<called>) {
      function_(c);
    } else {
      value_.emplace(function_(c));
      if constexpr (ferrule::detail::is_result<called>) return value_->has_value();
    }
    return true;
  }

  result<called, error> take() {
    if (thrown != nullptr) std::rethrow_exception(thrown);
    if (failed) return fail(*std::move(failed));
    if constexpr (std::is_void_v<called>) {
      return {};
    } else {
      return *std::move(value_);
    }
  }

 private:
  F function_;
  std::optional<value_type> value_;
};

}  // namespace ferrule::storage::detail
