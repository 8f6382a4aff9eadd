#pragma once
// A transport without a network: each server does as it is told, on the virtual clock.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/transport.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule::test {

/// How a server answers, or does not.
struct server_script {
  std::chrono::nanoseconds takes = std::chrono::milliseconds(1);
  int status = 200;
  std::vector<header_field> fields{};
  std::string_view body{};
  std::optional<transport_failure> fails{};  // after `takes`, instead of an answer
};

struct sent_request {
  std::string server;
  std::string line;  // "GET /users/7"
  std::string content_type;
  std::string host;  // empty: that of the server
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  mono_time at;

  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (equal_ignoring_case(key, name)) return value;
    }
    return "(none)";
  }
};

class scripted_transport final : public transport {
 public:
  /// What `server` does from now on.
  server_script& at(const std::string& server) { return servers_[server]; }
  /// Decides instead of the scripts, given the number of the request from 0 on.
  std::function<server_script(std::size_t, const origin&)> decide;

  task<result<http::client_response, transport_failure>> send(const origin& to,
                                                              http::client_request what) override {
    const environment& env = co_await current_environment();
    note(to, what, env.loop->now());
    const server_script script = decide ? decide(sent.size() - 1, to) : servers_[to.text()];
    running_guard running(running_now);
    co_await sleep(script.takes);
    if (script.fails) co_return fail(*script.fails);
    co_return http::client_response::make(script.status, script.fields, script.body);
  }

  std::size_t count(std::string_view server) const {
    return static_cast<std::size_t>(std::ranges::count(sent, server, &sent_request::server));
  }

  std::vector<sent_request> sent;
  int running_now = 0;

 private:
  struct running_guard {
    explicit running_guard(int& counter) : count(counter) { ++count; }
    ~running_guard() { --count; }
    int& count;
  };

  void note(const origin& to, const http::client_request& what, mono_time now) {
    sent_request noted{.server = to.text(),
                       .line = std::string(what.verb) + ' ' + std::string(what.target),
                       .content_type = std::string(what.content_type),
                       .host = std::string(what.host),
                       .fields = {},
                       .body = std::string(what.body),
                       .at = now};
    for (const header_field& field : what.fields)
      noted.fields.emplace_back(field.name, field.value);
    sent.push_back(std::move(noted));
  }

  std::map<std::string, server_script> servers_;
};

}  // namespace ferrule::test
