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

#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/transport.hpp"
#include "ferrule/compress/decompressor.hpp"
#include "ferrule/http/fields.hpp"

namespace ferrule {

/// Asks for every coding that `decompressor` knows and undoes what the answer has. A request that
/// says its own Accept-Encoding is left alone, and so is its answer.
/// Thread rule: as the transport behind it, which must outlive it.
class decoded_transport final : public transport {
 public:
  explicit decoded_transport(transport& network, const decompress_limits& limits = {})
      : network_(network), limits_(limits) {}

  /// As `transport::send`. The answer has neither Content-Encoding nor Content-Length, as both were
  /// about the bytes that came. Errors besides: `bad_encoding`, `too_large`.
  task<result<http::client_response, transport_failure>> send(const origin& to,
                                                              http::client_request what) override {
    send_watch unwatched;
    co_return co_await send_within(to, what, &unwatched);
  }
  task<result<http::client_response, transport_failure>> send_within(const origin& to,
                                                                     http::client_request what,
                                                                     send_watch* watch) override {
    if (!find_field(what.fields, "Accept-Encoding").empty()) {
      co_return co_await network_.send_within(to, what, watch);
    }
    std::vector<header_field> fields(what.fields.begin(), what.fields.end());
    fields.push_back({"Accept-Encoding", decompressor::accepted});
    what.fields = fields;
    auto answered = co_await network_.send_within(to, what, watch);
    if (!answered || answered->body().empty()) co_return answered;
    co_return decoded(std::move(*answered));
  }

 private:
  result<http::client_response, transport_failure> decoded(http::client_response answer) const {
    std::string codings;  // of several fields, RFC 9110 section 5.3
    std::vector<header_field> kept;
    for (const header_field& field : answer.head().fields) {
      if (equal_ignoring_case(field.name, "Content-Encoding")) {
        codings.append(codings.empty() ? "" : ",").append(field.value);
      } else if (!equal_ignoring_case(field.name, "Content-Length")) {
        kept.push_back(field);
      }
    }
    if (codings.empty()) return answer;
    buffer plain;
    auto done = decompressor::make(codings, limits_).and_then([&](decompressor decoder) {
      return decoder.feed(answer.body(), plain).and_then([&] { return decoder.finish(); });
    });
    if (!done) {
      const bool too_large = done.error() == decompress_error::too_large;
      return fail(transport_failure{
          too_large ? transport_error::too_large : transport_error::bad_encoding, true});
    }
    return http::client_response::make(answer.status(), kept, plain.view());
  }

  transport& network_;
  decompress_limits limits_;
};

}  // namespace ferrule
