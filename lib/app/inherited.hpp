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

  /// Says what will be taken, before anything is: what is asked for by name or number is not among
  /// the rest.
  void expect(const std::string& what) { expected_.push_back(what); }
  /// Those of "systemd:NAME", "fd:N", or of "systemd" all that are not expected by name or number.
  /// The error is a line for the user.
  result<std::vector<int>, std::string> take(std::string_view what);

 private:
  result<std::vector<int>, std::string> of_systemd(std::string_view name) const;
  bool is_taken(int descriptor) const;
  bool is_expected(int descriptor, std::string_view name) const;

  const io::socket_options& options_;
  std::vector<std::string> expected_;
  std::vector<int> taken_;
};

}  // namespace ferrule
