#pragma once
// A conversation with one engine, without a connection.

#include <cstddef>
#include <string>
#include <string_view>

#include "http/server_engine.hpp"
#include "support/manual_loop.hpp"

namespace ferrule::http {

/// One engine that serves a `Service`, with its surroundings; collects what it sends.
template <class Service>
struct engine_conversation : net::protocol_owner {
  template <class... State>
  explicit engine_conversation(const server_limits& limits = {}, State&... state)
      : service(state...), context(service, loop, limits) {}
  /// One that is observed.
  explicit engine_conversation(observer& hears, const server_limits& limits = {})
      : context((loop.set_observer(&hears), service), loop, limits) {}
  ~engine_conversation() {
    engine.abort(stop_reason::disconnect);
    loop.drain();
  }

  void protocol_changed() noexcept override {
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
  /// What was sent since `ask` began.
  std::string answer() {
    if (takes_output && engine.has_outgoing()) take();
    std::string text = sent;
    for (std::size_t at = 0; (at = text.find("Date: ", at)) != text.npos;) {
      text.erase(at, text.find("\r\n", at) + 2 - at);
    }
    return text;
  }

  manual_loop loop;
  Service service;
  server_context context;
  server_engine engine{context, *this};
  std::string sent;
  int batches = 0;
  int changes = 0;
  bool takes_output = true;
};

}  // namespace ferrule::http
