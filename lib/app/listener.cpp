#include "ferrule/app/listener.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "option_values.hpp"

namespace ferrule {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view descriptor_prefix = "fd:";
constexpr std::string_view systemd = "systemd";
constexpr int descriptor_max = 1'000'000;

bool is_inherited(std::string_view text) {
  if (text.starts_with(descriptor_prefix)) {
    return whole_number(text.substr(descriptor_prefix.size()), 3, descriptor_max).has_value();
  }
  if (!text.starts_with(systemd)) return false;
  const std::string_view name = text.substr(systemd.size());
  return name.empty() || (name.starts_with(':') && name.size() > 1);
}

std::optional<address> ip_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const std::string_view ip = text.substr(0, colon);
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1), 0, 65535);
  const bool is_bare_v6 = ip.find(':') != ip.npos && !ip.starts_with('[');
  if (!port || is_bare_v6) return std::nullopt;
  return address::parse(ip == "localhost" ? "127.0.0.1" : ip, *port);
}

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";

listener_settings& listener_of(void* target) { return *static_cast<listener_settings*>(target); }
const listener_settings& listener_of(const void* target) {
  return *static_cast<const listener_settings*>(target);
}

std::string set_places(void* target, std::string_view text) {
  if (text != "none") {
    const auto read = listen_place::parse_list(text);
    if (!read) return read.error();
  }
  listener_of(target).places = text;
  return {};
}

std::string set_own_connections(void* target, std::string_view text) {
  return set_number<std::uint32_t>(listener_of(target).own.connections_max, text, 0, 1U << 30U,
                                   "must be a number up to 1073741824");
}

}  // namespace

result<listen_place, std::string> listen_place::parse(std::string_view text) {
  if (is_inherited(text)) return listen_place{{}, std::string(text)};
  const bool is_path = text.starts_with(unix_prefix);
  const auto at =
      is_path ? address::unix_socket(text.substr(unix_prefix.size())) : ip_and_port(text);
  if (at) return listen_place{*at, {}};
  return fail(std::string(is_path ? "must have a path of 1 to 107 bytes after unix:"
                                  : "must be IP:PORT, unix:PATH, systemd[:NAME] or fd:N"));
}

result<std::vector<listen_place>, std::string> listen_place::parse_list(std::string_view text) {
  std::vector<listen_place> all;
  for (;;) {
    const std::size_t comma = text.find(',');
    auto one = parse(text.substr(0, comma));
    if (!one) return fail(std::move(one).error());
    all.push_back(*std::move(one));
    if (comma == text.npos) return all;
    text.remove_prefix(comma + 1);
  }
}

std::string listen_place::text() const { return inherited.empty() ? at.text() : inherited; }

further_listeners::further_listeners(std::vector<listener_settings> all) : all_(std::move(all)) {
  options_.reserve(all_.size());  // groups refer to them
  for (listener_settings& each : all_) {
    const bool is_word = each.name.find_first_not_of(letters) == each.name.npos;
    if (each.name.empty() || !is_word || std::ranges::count(names_, each.name + "-listen") != 0) {
      error_ = fmt::format("'{}' is no name of a listener: each has its own, of a-z, 0-9 and -",
                           each.name);
    }
    const std::string& places = names_.emplace_back(each.name + "-listen");
    const std::string& connections = names_.emplace_back(each.name + "-connections-max");
    options_.push_back({{{places, "PLACES", "where this listener listens, or none", set_places,
                          [](const void* l) { return listener_of(l).places; }},
                         {connections, "N", "kept for it; 0: it shares with the others",
                          set_own_connections, [](const void* l) {
                            return fmt::format("{}", listener_of(l).own.connections_max);
                          }}}});
    groups_.push_back({options_.back(), &each});
  }
}

}  // namespace ferrule
