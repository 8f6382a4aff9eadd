#pragma once
/// @file
/// What a server answered, as a whole.
///
/// ```cpp
/// ferrule::http::client_response made_up() {
///   const ferrule::header_field fields[] = {{"Content-Type", "text/plain"}};
///   return ferrule::http::client_response::make(200, fields, "hello");
/// }
/// ```

#include <span>
#include <string_view>
#include <vector>

#include "ferrule/core/buffer.hpp"
#include "ferrule/http/message.hpp"

namespace ferrule::http {

/// A whole response; it owns its bytes. Thread rule: as a plain value, move-only.
class client_response {
 public:
  /// A response that came from elsewhere than a connection, such as a stand-in for a server. Copies
  /// all it is given.
  static client_response make(int status, std::span<const header_field> fields,
                              std::string_view body);

  int status() const noexcept { return head_.status; }
  /// Everything the head says; its views live as long as the response, also when it is moved.
  const response_head& head() const noexcept { return head_; }
  /// The value of the first field of that name, case ignored; see `find_field`.
  std::string_view header(std::string_view name) const noexcept { return head_.header(name); }
  std::string_view body() const noexcept { return body_.view(); }

 private:
  friend class client_connection;

  response_head head_;
  buffer head_bytes_;
  std::vector<header_field> fields_;
  buffer body_;
};

}  // namespace ferrule::http
