#pragma once
/// @file
/// Answers that come compressed, handed on plain. Whoever uses it links `ferrule::compress`.
///
/// ```cpp
/// ferrule::task<std::size_t> size_of_list(ferrule::transport& network,
///                                         const ferrule::origin& server) {
///   ferrule::decoded_transport plain(network);
///   auto answered = co_await plain.send(server, {.target = "/users"});
///   co_return answered ? answered->body().size() : 0;
/// }
/// ```

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/transport.hpp"
#include "ferrule/compress/decompressor.hpp"
#include "ferrule/http/fields.hpp"

namespace ferrule {
namespace detail {

/// A stream whose response is undone as it is read. Of the response's head it has what
/// `decoded_transport` says.
class decoded_source final : public stream_source {
 public:
  decoded_source(client_stream coded, const decompress_limits& limits)
      : coded_(std::move(coded)), limits_(limits) {
    if (coded_.known_head() != nullptr) accept(*coded_.known_head());
  }

  FERRULE_CORO_WRAPPER task<result<void, transport_failure>> write(std::string_view part) override {
    return coded_.write(part);
  }
  FERRULE_CORO_WRAPPER task<result<void, transport_failure>> finish(
      std::span<const header_field> trailers) override {
    return coded_.finish(trailers);
  }
  const response_head* known_head() const noexcept override { return head_ ? &*head_ : nullptr; }
  task<result<void, transport_failure>> wait_for_head() override {
    const auto came = co_await coded_.head();
    if (!came) co_return fail(came.error());
    accept(*came);
    co_return {};
  }
  /// Takes what comes of one part as one part. Errors: `bad_encoding`, `too_large`.
  task<result<std::string_view, transport_failure>> read() override {
    plain_.clear();
    while (plain_.empty() && !has_ended_) {
      const auto part = co_await coded_.read();
      if (const transport_failure* const why = coded_.failure()) co_return fail(*why);
      has_ended_ = !part;
      if (is_plain_) co_return part.value_or("");
      if (const auto failed = decode(part)) co_return fail(*failed);
    }
    co_return plain_.view();
  }
  std::span<const header_field> trailers() override { return coded_.trailers(); }
  bool pass_over() noexcept override { return coded_.pass_over(); }
  std::uint64_t whole_bytes_max() const noexcept override { return limits_.bytes_max; }

 private:
  void accept(const response_head& came) {
    head_ = came;
    is_plain_ = came.body == body_kind::none;
    for (const header_field& field : came.fields) {
      if (equal_ignoring_case(field.name, "Content-Encoding")) {
        codings_.append(codings_.empty() ? "" : ",").append(field.value);  // RFC 9110 section 5.3
      } else if (!equal_ignoring_case(field.name, "Content-Length")) {
        kept_.push_back(field);
      }
    }
    is_plain_ = is_plain_ || codings_.empty();
    if (is_plain_) return;
    head_->fields = kept_;
    head_->body = body_kind::chunked;  // for nobody knows how long it is
    head_->content_length = 0;
  }
  std::optional<transport_failure> decode(const std::optional<std::string_view>& part) {
    result<void, decompress_error> done;
    if (!decoder_) {
      auto made = decompressor::make(codings_, limits_);
      if (made) {
        decoder_.emplace(std::move(*made));
      } else {
        done = fail(made.error());
      }
    }
    if (decoder_) done = part ? decoder_->feed(*part, plain_) : decoder_->finish();
    if (done) return std::nullopt;
    const bool too_large = done.error() == decompress_error::too_large;
    return transport_failure{too_large ? transport_error::too_large : transport_error::bad_encoding,
                             true};
  }

  client_stream coded_;
  decompress_limits limits_;
  std::optional<response_head> head_;
  std::vector<header_field> kept_;
  std::string codings_;
  std::optional<decompressor> decoder_;
  buffer plain_;
  bool is_plain_ = false;
  bool has_ended_ = false;
};

}  // namespace detail

/// Asks for every coding that `decompressor` knows and undoes what the response has, also part by
/// part. A request that says its own Accept-Encoding is left alone, and so is its response.
/// A response that was undone has neither Content-Encoding nor Content-Length, as both were about
/// the bytes that came. Errors besides those of the transport behind it: `bad_encoding`, and
/// `too_large` beyond `limits`, which hold for what is read in parts too.
/// Memory: what the decompressor takes, and of a stream what comes out of one part.
/// Thread rule: as the transport behind it, which must outlive it.
class decoded_transport final : public transport {
 public:
  explicit decoded_transport(transport& network, const decompress_limits& limits = {})
      : network_(network), limits_(limits) {}

  task<result<client_stream, transport_failure>> open_within(const origin& to,
                                                             http::client_request what,
                                                             send_watch* watch) override {
    if (is_left_alone(what)) co_return co_await network_.open_within(to, what, watch);
    const std::vector<header_field> fields = asking(what.fields);
    what.fields = fields;
    auto opened = co_await network_.open_within(to, what, watch);
    if (!opened) co_return opened;
    co_return decoded(std::move(*opened));
  }
  task<result<http::client_response, transport_failure>> send_within(const origin& to,
                                                                     http::client_request what,
                                                                     send_watch* watch) override {
    if (is_left_alone(what)) co_return co_await network_.send_within(to, what, watch);
    const std::vector<header_field> fields = asking(what.fields);
    what.fields = fields;
    auto answered = co_await network_.send_within(to, what, watch);
    if (!answered || answered->body().empty()) co_return answered;
    if (answered->header("Content-Encoding").empty()) co_return answered;
    client_stream plain = decoded(client_stream::whole(std::move(*answered)));
    co_return co_await plain.collect();
  }

 private:
  static bool is_left_alone(const http::client_request& what) noexcept {
    return !find_field(what.fields, "Accept-Encoding").empty();
  }
  static std::vector<header_field> asking(std::span<const header_field> own) {
    std::vector<header_field> fields(own.begin(), own.end());
    fields.push_back({"Accept-Encoding", decompressor::accepted});
    return fields;
  }
  client_stream decoded(client_stream coded) const {
    return client_stream(std::make_unique<detail::decoded_source>(std::move(coded), limits_));
  }

  transport& network_;
  decompress_limits limits_;
};

}  // namespace ferrule
