#pragma once
/// @file
/// An answer on its way from a handler's result to the exchange, past the `after` hooks of layers.
///
/// ```cpp
/// inline void after(ferrule::answer& a) {
///   if (a.status >= 500) a.add_field("Retry-After", "1");
/// }
/// ```

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/exchange.hpp"

namespace ferrule {

/// The head of an answer before it is sent, and its body unless that is streamed. Every view must
/// last until the hooks have returned and the answer is sent: literals do, and so does what a
/// layer keeps in its local.
class answer {
 public:
  answer(const http::answer_head& head, std::string_view body, std::vector<header_field>& fields)
      : status(head.status), content_type(head.content_type), body_(body), fields_(fields) {
    fields_.assign(head.fields.begin(), head.fields.end());
  }

  int status;
  std::string_view content_type;
  /// Whether the route's handler was called. If not, a layer gives the answer, or the server, or it
  /// says which of the handler's arguments could not be made.
  bool handler_began = false;

  std::string_view body() const noexcept { return body_; }
  std::span<const header_field> fields() const noexcept { return fields_; }
  void add_field(std::string_view name, std::string_view value) {
    fields_.push_back({name, value});
  }

 private:
  std::string_view body_;
  std::vector<header_field>& fields_;
};

namespace detail {

/// Memory to render an answer in.
struct scratch_memory {
  buffer text;
  std::vector<header_field> fields;
  bool lent = false;
};

/// Lends the memory that the thread keeps between answers. An answer that is rendered while another
/// one is gets memory of its own.
class scratch {
 public:
  /// More than this is given back instead of kept.
  static constexpr std::size_t kept_bytes_max = 256 * 1024;

  scratch() noexcept;
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch();

  buffer& text() noexcept { return memory_.text; }
  std::vector<header_field>& fields() noexcept { return memory_.fields; }

 private:
  std::optional<scratch_memory> own_;
  scratch_memory& memory_;
};

/// The hooks of a route's layers that want to see its answer, whoever gives it.
struct answer_hooks : http::answer_filter {
  void (*run)(answer_hooks& self, answer& outgoing);
  bool handler_began = false;
};

/// The way out for the answers of one request. Cheap to copy. With hooks, an answer that HTTP
/// cannot carry is an std::invalid_argument before they run; without, it is the engine's to find.
class outlet {
 public:
  explicit outlet(http::exchange& to, answer_hooks* hooks = nullptr) noexcept
      : exchange_(&to), hooks_(hooks) {}

  http::exchange& exchange() const noexcept { return *exchange_; }
  /// The same without hooks, for when one of them failed.
  outlet without_hooks() const noexcept { return outlet(*exchange_); }
  /// The arguments are there, and the handler is called next.
  void handler_begins() const noexcept {
    if (hooks_ != nullptr) hooks_->handler_began = true;
  }

  void respond(const http::answer_head& head, std::string_view body) const {
    if (hooks_ == nullptr) return exchange_->respond(head, body);
    respond_after_hooks(head, body);
  }
  void begin(const http::answer_head& head, std::optional<std::uint64_t> content_length) const;

 private:
  void respond_after_hooks(const http::answer_head& head, std::string_view body) const;

  http::exchange* exchange_;
  answer_hooks* hooks_;
};

}  // namespace detail
}  // namespace ferrule
