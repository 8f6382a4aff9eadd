#pragma once
// A stream on a connection of a pool.

#include <optional>

#include "client/connection_pool.hpp"
#include "ferrule/client/client_stream.hpp"
#include "ferrule/core/async_mutex.hpp"

namespace ferrule {

class pooled_stream final : public stream_source {
 public:
  // `head`: of a whole request's response, which has been read.
  pooled_stream(connection_pool::lease connection, const client_pool_settings& settings,
                std::optional<response_head> head)
      : connection_(std::move(connection)),
        part_timeout_(settings.part_timeout),
        whole_bytes_max_(settings.limits.body_bytes_max),
        head_(head) {
    if (head_) connection_->allow_body(bytes_max);
  }
  ~pooled_stream() override { pass_over(); }

  task<result<void, transport_failure>> write(std::string_view part) override;
  task<result<void, transport_failure>> finish(std::span<const header_field> trailers) override;
  const response_head* known_head() const noexcept override { return head_ ? &*head_ : nullptr; }
  task<result<void, transport_failure>> wait_for_head() override;
  task<result<std::string_view, transport_failure>> read() override;
  std::span<const header_field> trailers() override { return connection_->trailers(); }
  bool pass_over() noexcept override;
  std::uint64_t whole_bytes_max() const noexcept override { return whole_bytes_max_; }

 private:
  // More than this no body can be: it is not limited.
  static constexpr std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();

  using step_result = result<void, http::client_error>;

  task<step_result> read_head();
  task<> refusal();
  task<step_result> send_unless_refused(task<step_result> sending);
  task<result<void, transport_failure>> send_in_time(task<step_result> sending);
  template <class T>
  result<T, transport_failure> told(result<T, http::client_error> step) const;
  template <class T>
  task<result<T, transport_failure>> in_time(task<result<T, http::client_error>> step);

  connection_pool::lease connection_;
  std::chrono::nanoseconds part_timeout_;
  std::uint64_t whole_bytes_max_;
  std::optional<response_head> head_;
  bool has_broken_off_ = false;
  async_mutex reading_head_;  // by who asks for it, or by a write that takes long
};

// The pool's errors by those of a connection, which has or has not carried requests before.
transport_error to_transport_error(http::client_error error, bool is_reused) noexcept;

}  // namespace ferrule
