// The limits of http/server_limits.hpp as options.
#include <limits>

#include "ferrule/app/settings.hpp"
#include "option_values.hpp"

namespace ferrule {
namespace {

using http::server_limits;

/// `Get` finds the limit in a `server_limits&`.
template <auto Get>
auto& limit_in(void* target) {
  return Get(static_cast<serve_settings*>(target)->limits);
}
template <auto Get>
auto limit_shown(const void* target) {
  server_limits limits = static_cast<const serve_settings*>(target)->limits;
  return Get(limits);
}

/// A limit that is a number, from `Least` up.
template <auto Get, std::uint64_t Least = 0>
constexpr option number(std::string_view name, std::string_view help) {
  return {name, "N", help,
          [](void* target, std::string_view text) {
            using type = std::remove_reference_t<decltype(limit_in<Get>(target))>;
            constexpr auto most =
                std::min<std::uint64_t>(std::numeric_limits<type>::max(), std::uint64_t{1} << 40U);
            const auto value = whole_number<std::uint64_t>(text, Least, most);
            if (!value) return fmt::format("must be a number from {} to {}", Least, most);
            limit_in<Get>(target) = static_cast<type>(*value);
            return std::string();
          },
          [](const void* target) { return fmt::format("{}", limit_shown<Get>(target)); }};
}

/// A limit on time, from so many milliseconds up: from 0 where no time is a limit too, or none.
template <auto Get, std::uint32_t LeastMs = 1>
constexpr option time(std::string_view name, std::string_view help) {
  return {
      name, "TIME", help,
      [](void* target, std::string_view text) {
        return set_duration(limit_in<Get>(target), text, std::chrono::milliseconds(LeastMs));
      },
      [](const void* target) { return duration_text(limit_shown<Get>(target)); }};
}

constexpr option trusted_peers() {
  return {"trusted-peers", "NETWORKS", "whose deadlines, traces and retries are believed",
          [](void* target, std::string_view text) {
            const auto read = network_list::parse(text);
            if (!read) return read.error();
            static_cast<serve_settings*>(target)->limits.trusted_peers = *read;
            return std::string();
          },
          [](const void* target) {
            const auto& trusted = static_cast<const serve_settings*>(target)->limits.trusted_peers;
            return trusted.empty() ? std::string("nobody") : trusted.text();
          }};
}

constexpr option all_limits[] = {
    number<[](server_limits& l) -> auto& { return l.head.request_line_bytes_max; }, 16>(
        "request-line-bytes-max", "of a request line; more: 414"),
    number<[](server_limits& l) -> auto& { return l.head.header_bytes_max; }, 16>(
        "header-bytes-max", "of all fields of a request; more: 431"),
    number<[](server_limits& l) -> auto& { return l.head.header_count_max; }, 1>(
        "header-count-max", "fields of a request; more: 431"),
    number<[](server_limits& l) -> auto& { return l.body_bytes_max; }>(
        "body-bytes-max", "of a body whose route does not say; more: 413"),
    number<[](server_limits& l) -> auto& { return l.held_bytes_max; }, 65536>(
        "held-bytes-max", "of all large bodies and responses; more: 503"),
    number<[](server_limits& l) -> auto& { return l.chunk.extension_bytes_max; }>(
        "chunk-extension-bytes-max", "of each chunk's extensions; more: 400"),
    number<[](server_limits& l) -> auto& { return l.chunk.trailer_bytes_max; }>(
        "trailer-bytes-max", "of all trailer fields; more: 431"),
    number<[](server_limits& l) -> auto& { return l.pipelined_max; }, 1>(
        "pipelined-max", "requests answered before responses are sent"),
    number<[](server_limits& l) -> auto& { return l.connections_max; }, 1>(
        "connections-max", "open at once; more: 503"),
    number<[](server_limits& l) -> auto& { return l.connections_per_address_max; }>(
        "connections-per-address-max", "of one client; 0: no limit; more: 503"),
    number<[](server_limits& l) -> auto& { return l.requests_per_connection_max; }>(
        "requests-per-connection-max", "then it closes; 0: no limit"),
    time<[](server_limits& l) -> auto& { return l.header_timeout; }>(
        "header-timeout", "for a whole request head; then 408"),
    time<[](server_limits& l) -> auto& { return l.body_timeout; }>(
        "body-timeout", "without any of a body arriving; then 408"),
    number<[](server_limits& l) -> auto& { return l.body_bytes_per_second_min; }>(
        "body-bytes-per-second-min", "of a body; 0: no minimum; less: 408"),
    time<[](server_limits& l) -> auto& { return l.idle_timeout; }>(
        "idle-timeout", "between requests; then the connection closes"),
    time<[](server_limits& l) -> auto& { return l.drain_idle_timeout; }, 0>(
        "drain-idle-timeout", "the same while draining, when asked to end"),
    time<[](server_limits& l) -> auto& { return l.handler_timeout; }, 0>(
        "handler-timeout", "until a response begins; 0: no limit; then 503"),
    time<[](server_limits& l) -> auto& { return l.write_timeout; }>(
        "write-timeout", "for a client to take 64 KiB of a response"),
    time<[](server_limits& l) -> auto& { return l.stream_idle_timeout; }, 0>(
        "stream-idle-timeout", "of a begun response without a word; 0: no limit"),
    trusted_peers(),
};

}  // namespace

std::span<const option> limit_options() noexcept { return all_limits; }

}  // namespace ferrule
