#pragma once
// A conversation with an engine that serves what its tests script.

#include <string>
#include <string_view>

#include "support/engine_conversation.hpp"
#include "support/scripted_service.hpp"

namespace ferrule::http {

using conversation = engine_conversation<scripted_service>;

inline std::string ok(std::string_view body, std::string_view extra = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(extra) + "\r\n" + std::string(body);
}

}  // namespace ferrule::http
