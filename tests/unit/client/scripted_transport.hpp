#pragma once
// A transport without a network: each server does as it is told, on the virtual clock.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/client/transport.hpp"
#include "ferrule/core/race.hpp"
#include "ferrule/core/sleep.hpp"

namespace ferrule::test {

/// How a server answers, or does not.
struct server_script {
  std::chrono::nanoseconds takes = std::chrono::milliseconds(1);
  int status = 200;
  std::vector<header_field> fields{};
  std::string_view body{};
  std::optional<transport_failure> fails{};  // after `takes`, instead of an answer
  // Of a body in parts, behind `body`: how many, how long after one another, and how it ends.
  std::size_t parts = 0;
  std::chrono::nanoseconds part_takes = std::chrono::milliseconds(1);
  std::optional<transport_failure> breaks{};
  bool refuses_parts = false;  // writing fails, and an answer comes all the same
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

  task<result<client_stream, transport_failure>> open_within(const origin& to,
                                                             http::client_request what,
                                                             send_watch* watch) override {
    const environment& env = co_await current_environment();
    note(to, what, env.loop->now());
    const server_script script = decide ? decide(sent.size() - 1, to) : servers_[to.text()];
    watch->note_sent(env.loop->now());
    auto source = std::make_unique<source_on_script>(*this, script, sent.size() - 1);
    if (what.streamed) co_return client_stream(std::move(source));
    const auto came = co_await with_deadline(watch->answer_by(), source->wait_for_head());
    if (!came) co_return fail(transport_failure{transport_error::timeout, true});
    if (!*came) co_return fail(came->error());
    co_return client_stream(std::move(source));
  }

  std::size_t count(std::string_view server) const {
    return static_cast<std::size_t>(std::ranges::count(sent, server, &sent_request::server));
  }

  std::vector<sent_request> sent;
  int running_now = 0;

 private:
  /// Counts as running for as long as it lives.
  class source_on_script final : public stream_source {
   public:
    source_on_script(scripted_transport& network, const server_script& script, std::size_t request)
        : network_(network),
          script_(script),
          request_(request),
          whole_(http::client_response::make(script.status, script.fields, script.body)) {
      ++network_.running_now;
    }
    ~source_on_script() override { --network_.running_now; }

    task<result<void, transport_failure>> write(std::string_view part) override {
      if (script_.refuses_parts) {
        co_return fail(transport_failure{transport_error::closed_early, true});
      }
      network_.sent[request_].body += part;
      co_return {};
    }
    task<result<void, transport_failure>> finish(std::span<const header_field>) override {
      co_return {};
    }
    const response_head* known_head() const noexcept override {
      return has_come_ ? &whole_.head() : nullptr;
    }
    task<result<void, transport_failure>> wait_for_head() override {
      co_await sleep(script_.takes);
      if (script_.fails) co_return fail(*script_.fails);
      has_come_ = true;
      co_return {};
    }
    task<result<std::string_view, transport_failure>> read() override {
      if (!std::exchange(has_begun_, true) && !whole_.body().empty()) co_return whole_.body();
      if (given_ == script_.parts) {
        if (script_.breaks) co_return fail(*script_.breaks);
        co_return "";
      }
      co_await sleep(script_.part_takes);
      ++given_;
      co_return "part";
    }

   private:
    scripted_transport& network_;
    server_script script_;
    std::size_t request_;
    http::client_response whole_;
    bool has_come_ = false;
    bool has_begun_ = false;
    std::size_t given_ = 0;
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
