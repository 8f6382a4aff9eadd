#pragma once
/// @file
/// Request methods: the nine that HTTP and PATCH's RFC 5789 define, and `unknown` for every other
/// token, so that routing can answer 501 and not the parser.
///
/// ```cpp
/// static_assert(ferrule::parse_method("GET") == ferrule::method::get);
/// static_assert(ferrule::parse_method("get") == ferrule::method::unknown);  // case counts
/// static_assert(ferrule::to_string(ferrule::method::delete_) == "DELETE");
/// ```
///
/// Source: RFC 9110 section 9, RFC 5789.

#include <cstdint>
#include <string_view>

namespace ferrule {

/// What a request asks to be done with its target. `unknown` is any token not listed here.
enum class method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  connect,
  trace,
  unknown,
};

/// The method of that name; names are case-sensitive (RFC 9110 section 9.1).
constexpr method parse_method(std::string_view name) noexcept {
  switch (name.size()) {
    case 3:
      if (name == "GET") return method::get;
      if (name == "PUT") return method::put;
      break;
    case 4:
      if (name == "POST") return method::post;
      if (name == "HEAD") return method::head;
      break;
    case 5:
      if (name == "PATCH") return method::patch;
      if (name == "TRACE") return method::trace;
      break;
    case 6:
      if (name == "DELETE") return method::delete_;
      break;
    case 7:
      if (name == "OPTIONS") return method::options;
      if (name == "CONNECT") return method::connect;
      break;
    default:
      break;
  }
  return method::unknown;
}

/// The method as it is written in a request line; empty for `unknown`.
constexpr std::string_view to_string(method verb) noexcept {
  constexpr std::string_view names[] = {"GET",   "HEAD",    "POST",    "PUT",   "DELETE",
                                        "PATCH", "OPTIONS", "CONNECT", "TRACE", ""};
  return names[static_cast<unsigned>(verb)];
}

}  // namespace ferrule
