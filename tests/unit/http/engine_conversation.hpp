#pragma once
// A conversation with one engine, without a connection.

#include <string>
#include <string_view>

#include "ferrule/http/server_engine.hpp"
#include "support/manual_loop.hpp"
#include "support/scripted_service.hpp"

namespace ferrule::http {

/// One engine with its surroundings; collects what it sends.
struct conversation : engine_owner {
  explicit conversation(const server_limits& limits = {}) : context(service, loop, limits) {}
  ~conversation() {
    engine.abort(stop_reason::disconnect);
    loop.drain();
  }

  void engine_changed() noexcept override {
    ++changes;
    if (takes_output) take();
  }
  void take() {
    buffer out;
    engine.take_outgoing(out);
    sent.append(out.view());
    context.take_back_sent(out);
    ++batches;
  }
  /// Feeds and returns what was sent, without the Date fields.
  std::string ask(std::string_view bytes) {
    sent.clear();
    batches = 0;
    engine.feed(bytes);
    if (engine.has_outgoing()) take();
    return answer();
  }
  void advance(mono_time::duration by) {
    loop.advance(by);
    if (takes_output && engine.has_outgoing()) take();
  }
  std::string answer() const {
    std::string text = sent;
    for (std::size_t at = 0; (at = text.find("Date: ", at)) != text.npos;) {
      text.erase(at, text.find("\r\n", at) + 2 - at);
    }
    return text;
  }

  manual_loop loop;
  scripted_service service;
  server_context context;
  server_engine engine{context, *this, nullptr};
  std::string sent;
  int batches = 0;
  int changes = 0;
  bool takes_output = true;
};

inline std::string ok(std::string_view body, std::string_view extra = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(extra) + "\r\n" + std::string(body);
}

}  // namespace ferrule::http
