#include "listening.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ferrule {

std::string served_table::prefix() const {
  return settings.name.empty() ? std::string() : fmt::format("listener {}: ", settings.name);
}

namespace {

constexpr std::string_view nowhere = "none";

void expect_inherited(inherited_sockets& from, std::string_view places) {
  const auto all = listen_place::parse_list(places);
  if (!all) return;  // none, or what `add` refuses
  for (const listen_place& each : *all) {
    if (!each.inherited.empty()) from.expect(each.inherited);
  }
}

}  // namespace

listening_plan::listening_plan(const serve_settings& settings,
                               std::span<const listener_settings> more, unsigned threads)
    : settings_(settings),
      threads_(threads),
      first_{.name = {}, .places = settings.listen},
      connections_max_(settings.limits.connections_max),
      inherited_(settings.socket) {
  for (const listener_settings& each : more) {
    if (each.places == nowhere) continue;
    if (each.own.connections_max >= connections_max_) {
      error_ = "--connections-max must be more than all that is kept for single listeners";
      return;
    }
    connections_max_ -= each.own.connections_max;
  }
  for (const listener_settings& each : more) expect_inherited(inherited_, each.places);
  expect_inherited(inherited_, first_.places);
  error_ = add(first_, 0);
  for (std::size_t i = 0; i != more.size() && error_.empty(); ++i) error_ = add(more[i], i + 1);
}

std::string listening_plan::add(const listener_settings& one, std::size_t number) {
  if (one.places == nowhere) return {};
  served_table& table =
      tables_.emplace_back(one, number, one.own.limits.value_or(settings_.limits));
  const std::uint32_t own = one.own.connections_max;
  table.limits.connections_max = own != 0 ? own : connections_max_;
  if (one.places.empty()) {
    listen_place place{settings_.host, {}};
    place.at.set_port(settings_.port);
    add(place, table);
  } else {
    const auto places = listen_place::parse_list(one.places);
    if (!places) return fmt::format("{}its places {}", table.prefix(), places.error());
    for (const listen_place& each : *places) {
      if (const std::string error = add(each, table); !error.empty()) {
        return fmt::format("{}cannot listen on {}: {}", table.prefix(), each.text(), error);
      }
    }
  }
  return {};
}

std::string listening_plan::add(const listen_place& place, served_table& table) {
  http::server_budget& connections =
      table.settings.own.connections_max != 0 ? table.own_connections : process_;
  if (place.inherited.empty()) {
    sockets_.emplace_back(table, connections, place.at, -1, threads_);
    return {};
  }
  const auto taken = inherited_.take(place.inherited);
  if (!taken) return taken.error();
  for (const int fd : *taken) sockets_.emplace_back(table, connections, address(), fd, threads_);
  return {};
}

}  // namespace ferrule
