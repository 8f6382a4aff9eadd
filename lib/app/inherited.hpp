#pragma once
// Listening sockets that whoever started the process has made for it.

#include <string>
#include <string_view>
#include <vector>

#include "ferrule/core/result.hpp"
#include "ferrule/io/backend.hpp"

namespace ferrule {

/// Finds them, each once, and makes them ready. Thread rule: the main thread, before others are
/// started.
class inherited_sockets {
 public:
  explicit inherited_sockets(const io::socket_options& options) : options_(options) {}

  /// Those of "systemd:NAME", "fd:N", or of "systemd" all that were not taken yet. The error is a
  /// line for the user.
  result<std::vector<int>, std::string> take(std::string_view what);

 private:
  result<std::vector<int>, std::string> of_systemd(std::string_view name) const;
  bool is_taken(int descriptor) const;

  const io::socket_options& options_;
  std::vector<int> taken_;
};

}  // namespace ferrule
