#pragma once
// Where a process listens: the places of every listener, with what these share.

#include <cstddef>
#include <list>
#include <span>
#include <string>

#include "ferrule/app/listener.hpp"
#include "ferrule/app/settings.hpp"
#include "ferrule/http/server_budget.hpp"
#include "http/server_group.hpp"
#include "inherited.hpp"

namespace ferrule {

/// A listener with what it has, for itself or with others.
struct served_table {
  const listener_settings& settings;
  std::size_t number;  ///< 0: the first of the service
  http::server_limits limits;
  http::server_budget own_connections{};

  /// "listener admin: "; of the first, nothing.
  std::string prefix() const;
};

/// One socket, or one for each reactor where those can share a port. The first reactor sets its
/// port; after that it is only read.
struct served_socket {
  served_socket(served_table& whose, http::server_budget& from, const address& where, int passed,
                std::size_t threads)
      : table(whose), connections(from), at(where), descriptor(passed), group(threads) {}

  served_table& table;
  http::server_budget& connections;
  address at;
  int descriptor;  ///< an inherited one, or -1
  http::server_group group;

  /// Whether each reactor has a socket of its own; else the first has the only one.
  bool is_each_reactors() const noexcept { return descriptor < 0 && !at.is_unix(); }
};

/// All sockets of a process, those of its first listener first. Made on the main thread, before
/// others are started.
class listening_plan {
 public:
  /// What it is given must outlive it. `more` are the listeners besides the first.
  listening_plan(const serve_settings& settings, std::span<const listener_settings> more,
                 unsigned threads);

  /// Why it cannot be, a line for the user, or empty.
  const std::string& error() const noexcept { return error_; }
  std::list<served_socket>& sockets() noexcept { return sockets_; }
  /// What all have together.
  http::server_budget& process() noexcept { return process_; }

 private:
  std::string add(const listener_settings& one, std::size_t number);
  std::string add(const listen_place& place, served_table& table);

  const serve_settings& settings_;
  const std::size_t threads_;
  listener_settings first_;
  std::uint32_t connections_max_;  // of those that have none for themselves
  inherited_sockets inherited_;
  http::server_budget process_;
  std::list<served_table> tables_;
  std::list<served_socket> sockets_;
  std::string error_;
};

}  // namespace ferrule
