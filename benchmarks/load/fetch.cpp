#include "load/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "ferrule/core/race.hpp"
#include "ferrule/http/body_reader.hpp"
#include "ferrule/http/head_writer.hpp"
#include "ferrule/http/parser.hpp"
#include "ferrule/io/sync_wait.hpp"
#include "ferrule/net/stream.hpp"
#include "load/url.hpp"

namespace ferrule::load {
namespace {

using fetch_result = result<fetched, std::string>;

constexpr std::size_t document_bytes_max = std::size_t{64} << 20;

/// The final answer in `received`; nothing while it is incomplete.
std::optional<fetch_result> find_answer(std::string_view received, method verb, bool at_end) {
  std::vector<header_field> fields(http::head_limits().header_count_max);
  response_head head;
  while (head.status < 200) {
    const http::head_parse parsed = http::parse_response_head(received, {}, fields, verb, head);
    if (parsed.state == http::head_parse::incomplete) return std::nullopt;
    if (parsed.state == http::head_parse::error) {
      return fail(fmt::format("what answers is not HTTP/1.1: {}", parsed.reason));
    }
    received.remove_prefix(parsed.bytes);
  }
  fetched got{.status = head.status, .body = {}};
  http::body_reader body(head.body, head.content_length, document_bytes_max, {});
  while (!body.complete() && !received.empty()) {
    const auto part = body.next(received);
    if (part.status != 0) return fail(std::string(part.reason));
    got.body.append(part.data);
    received.remove_prefix(part.consumed);
  }
  if (body.complete() || (at_end && body.kind() == body_kind::until_close)) return got;
  return std::nullopt;
}

task<fetch_result> ask(address to, std::string_view bytes, method verb) {
  auto connected = co_await tcp_stream::connect(to);
  if (!connected) {
    co_return fail(fmt::format("cannot connect to {}: {}", to.text(), connected.error().message()));
  }
  tcp_stream stream = std::move(*connected);
  const auto written = co_await stream.write(bytes);
  std::string received;
  std::vector<std::byte> piece(65536);
  for (;;) {
    const auto got = co_await stream.read(piece);
    const bool at_end = !got || *got == 0;
    if (!at_end) received.append(reinterpret_cast<const char*>(piece.data()), *got);
    if (auto answer = find_answer(received, verb, at_end)) {
      co_await stream.close();
      co_return std::move(*answer);
    }
    if (at_end || !written) {
      co_return fail(fmt::format("{} closed the connection without a whole answer", to.text()));
    }
  }
}

task<std::optional<fetch_result>> ask_in_time(address to, std::string_view bytes, method verb,
                                              nanoseconds timeout) {
  auto answered = co_await with_deadline(timeout, ask(to, bytes, verb));
  if (!answered) co_return std::nullopt;
  co_return std::move(*answered);
}

task<bool> listens(address at) {
  auto connected = co_await tcp_stream::connect(at);
  if (!connected) co_return false;
  tcp_stream stream = std::move(*connected);
  co_await stream.close();
  co_return true;
}

task<bool> listens_in_time(address at, nanoseconds timeout) {
  const auto found = co_await with_deadline(timeout, listens(at));
  co_return found && *found;
}

}  // namespace

address first_that_listens(const std::vector<address>& among, nanoseconds timeout) {
  constexpr nanoseconds patience = std::chrono::seconds(2);  // with one that drops what comes
  if (among.size() == 1) return among.front();
  io::made_backend made = io::make_backend({});
  if (made.io == nullptr) return among.front();
  reactor loop(std::move(made.io), 1);
  for (const address& each : among) {
    const auto found = sync_wait(loop, listens_in_time(each, std::min(timeout, patience)));
    if (found && *found) return each;
  }
  return among.front();
}

fetch_result exchange(const address& to, std::string_view bytes, method verb, nanoseconds timeout) {
  io::made_backend made = io::make_backend({});
  if (made.io == nullptr) return fail(std::move(made.why));
  reactor loop(std::move(made.io), 1);
  auto ended = sync_wait(loop, ask_in_time(to, bytes, verb, timeout));
  if (!ended || !*ended) {
    return fail(fmt::format("no response from {} within {:.3g} s", to.text(),
                            std::chrono::duration<double>(timeout).count()));
  }
  return std::move(**ended);
}

result<std::string, std::string> fetch(std::string_view url_text, nanoseconds timeout) {
  const auto where = parse_url(url_text);
  if (!where) return fail(where.error());
  const auto addresses = resolve(*where);
  if (!addresses) return fail(addresses.error());
  const address to = first_that_listens(*addresses, timeout);
  buffer request;
  if (!http::write_request_head(request, {.target = where->target, .host = where->authority})) {
    return fail(fmt::format("'{}' is not a valid URL", url_text));
  }
  auto got = exchange(to, request.view(), method::get, timeout);
  if (!got) return fail(got.error());
  if (got->status != 200) return fail(fmt::format("{} answers {}", url_text, got->status));
  return std::move(got->body);
}

}  // namespace ferrule::load
