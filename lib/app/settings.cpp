#include "ferrule/app/settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "ferrule/app/listener.hpp"
#include "ferrule/json/enum_names.hpp"
#include "option_values.hpp"

namespace ferrule {
namespace {

serve_settings& settings_of(void* target) noexcept { return *static_cast<serve_settings*>(target); }

std::string set_host(void* target, std::string_view text) {
  const auto host = address::parse(text == "localhost" ? "127.0.0.1" : text, 0);
  if (!host) return "must be an IP address";
  settings_of(target).host = *host;
  return {};
}

std::string set_port(void* target, std::string_view text) {
  return set_number<std::uint16_t>(settings_of(target).port, text, 0, 65535,
                                   "must be a port from 0 to 65535");
}

std::string set_listen(void* target, std::string_view text) {
  const auto read = listen_place::parse_list(text);
  if (!read) return read.error();
  settings_of(target).listen = text;
  return {};
}

std::string set_socket_mode(void* target, std::string_view text) {
  std::uint32_t mode = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_read = failed == std::errc() && end == text.data() + text.size();
  if (!is_read || mode > 0777) return "must be octal permissions, such as 0660";
  settings_of(target).socket.file_mode = mode;
  return {};
}

std::string set_threads(void* target, std::string_view text) {
  return set_number<unsigned>(settings_of(target).threads, text, 0, 1024,
                              "must be a number from 0 to 1024");
}

std::string set_backend(void* target, std::string_view text) {
  io::backend_kind& kind = settings_of(target).backend.kind;
  if (text == "auto") {
    kind = io::backend_kind::automatic;
  } else if (text == "uring") {
    kind = io::backend_kind::uring;
  } else if (text == "epoll") {
    kind = io::backend_kind::epoll;
  } else {
    return "must be auto, uring or epoll";
  }
  return {};
}

std::string set_log_level(void* target, std::string_view text) {
  const auto level = parse_log_level(text);
  if (!level) return "must be debug, info, warn, error or off";
  settings_of(target).least_logged = *level;
  return {};
}

std::string set_drain(void* target, std::string_view text) {
  return set_duration(settings_of(target).drain, text);
}

std::string set_nodelay(void* target, std::string_view text) {
  if (text != "on" && text != "off") return "must be on or off";
  settings_of(target).socket.nodelay = text == "on";
  return {};
}

std::string set_linger(void* target, std::string_view text) {
  return set_number<int>(settings_of(target).socket.linger_s, text, -1, 3600,
                         "must be seconds from 0 to 3600, or -1");
}

std::string set_backlog(void* target, std::string_view text) {
  return set_number<int>(settings_of(target).socket.backlog, text, 1, 65535,
                         "must be a number from 1 to 65535");
}

std::string set_receive_buffer(void* target, std::string_view text) {
  return set_number<std::uint32_t>(settings_of(target).socket.receive_buffer_bytes, text, 0,
                                   1U << 30U, "must be a number of bytes up to 1073741824");
}

std::string set_unsent(void* target, std::string_view text) {
  return set_number<std::uint32_t>(settings_of(target).socket.unsent_bytes_max, text, 0, 1U << 30U,
                                   "must be a number of bytes up to 1073741824");
}

const serve_settings& settings_of(const void* target) noexcept {
  return *static_cast<const serve_settings*>(target);
}

std::string backend_text(io::backend_kind kind) {
  if (kind == io::backend_kind::automatic) return "auto";
  return kind == io::backend_kind::uring ? "uring" : "epoll";
}

constexpr option all_settings[] = {
    {"host", "IP", "address to listen on; :: is all of IPv4 and IPv6", set_host,
     [](const void* s) { return settings_of(s).host.ip(); }},
    {"port", "N", "port to listen on; 0 takes any free one", set_port,
     [](const void* s) { return fmt::format("{}", settings_of(s).port); }},
    {"listen", "PLACES", "instead: IP:PORT, unix:PATH, systemd[:NAME], fd:N", set_listen,
     [](const void* s) {
       const std::string& places = settings_of(s).listen;
       return places.empty() ? std::string("host and port") : places;
     }},
    {"socket-mode", "OCTAL", "permissions of Unix sockets", set_socket_mode,
     [](const void* s) { return fmt::format("{:04o}", settings_of(s).socket.file_mode); }},
    {"threads", "N", "reactors; 0 starts one per usable core", set_threads,
     [](const void* s) { return fmt::format("{}", settings_of(s).threads); }},
    {"backend", "NAME", "auto, uring or epoll", set_backend,
     [](const void* s) { return backend_text(settings_of(s).backend.kind); }},
    {"log-level", "NAME", "debug, info, warn, error or off", set_log_level,
     [](const void* s) { return std::string(json::enum_name(settings_of(s).least_logged)); }},
    {"drain", "TIME", "grace for requests in flight when asked to end", set_drain,
     [](const void* s) { return duration_text(settings_of(s).drain); }},
    {"nodelay", "on|off", "send responses at once, TCP_NODELAY", set_nodelay,
     [](const void* s) { return std::string(settings_of(s).socket.nodelay ? "on" : "off"); }},
    {"linger", "SECONDS", "SO_LINGER; -1 leaves the kernel's default", set_linger,
     [](const void* s) { return fmt::format("{}", settings_of(s).socket.linger_s); }},
    {"backlog", "N", "connections that may wait to be accepted", set_backlog,
     [](const void* s) { return fmt::format("{}", settings_of(s).socket.backlog); }},
    {"receive-buffer-bytes", "N", "SO_RCVBUF; 0 leaves the kernel's default", set_receive_buffer,
     [](const void* s) { return fmt::format("{}", settings_of(s).socket.receive_buffer_bytes); }},
    {"unsent-bytes-max", "N", "TCP_NOTSENT_LOWAT; 0 leaves the kernel's default", set_unsent,
     [](const void* s) { return fmt::format("{}", settings_of(s).socket.unsent_bytes_max); }},
};

}  // namespace

std::span<const option> serve_options() noexcept { return all_settings; }

}  // namespace ferrule
