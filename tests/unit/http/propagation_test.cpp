#include "ferrule/http/propagation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ferrule/core/sleep.hpp"
#include "ferrule/http/client_connection.hpp"
#include "ferrule/http/server.hpp"
#include "ferrule/route/dispatcher.hpp"
#include "ferrule/route/limits.hpp"
#include "ferrule/test/sim_run.hpp"

namespace ferrule::http {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(propagation, times_are_whole_milliseconds_rounded_down) {
  EXPECT_EQ(encode_timeout(1500us).view(), "1");
  EXPECT_EQ(encode_timeout(999us).view(), "0");
  EXPECT_EQ(encode_timeout(-5s).view(), "0");
  EXPECT_EQ(encode_timeout(2s).view(), "2000");
  EXPECT_EQ(encode_timeout(std::chrono::nanoseconds::max()).view(), "9223372036854");
}

TEST(propagation, reads_times_of_ten_digits_and_nothing_else) {
  EXPECT_EQ(decode_timeout("0"), 0ms);
  EXPECT_EQ(decode_timeout("2000"), 2s);
  EXPECT_EQ(decode_timeout("9999999999"), 9999999999ms);
  for (const std::string_view bad : {"", "-1", "+1", "1.5", "1e3", " 1", "12345678901", "1ms"}) {
    EXPECT_FALSE(decode_timeout(bad)) << bad;
  }
}

TEST(propagation, traces_go_there_and_back) {
  const auto trace = decode_trace(example);
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->trace_id[0], 0x4b);
  EXPECT_EQ(trace->span_id[7], 0xb7);
  EXPECT_TRUE(trace->sampled);
  EXPECT_EQ(encode_trace(*trace).view(), example);
  std::string other(example);
  other.back() = '2';  // another flag
  EXPECT_FALSE(decode_trace(other)->sampled);
}

TEST(propagation, reads_what_it_knows_of_later_versions) {
  std::string later(example);
  later[1] = '1';
  EXPECT_TRUE(decode_trace(later));
  EXPECT_TRUE(decode_trace(later + "-what-comes"));
  EXPECT_FALSE(decode_trace(later + "what-comes"));
}

TEST(propagation, refuses_invalid_traces) {
  EXPECT_FALSE(decode_trace(""));
  EXPECT_FALSE(decode_trace(example.substr(1)));
  EXPECT_FALSE(decode_trace(std::string(example) + "-x")) << "version 0 has no more";
  for (const auto& [at, put] :
       std::vector<std::pair<std::size_t, std::string>>{{0, "ff"},
                                                        {0, "0A"},
                                                        {2, "_"},
                                                        {3, "G"},
                                                        {3, "F"},
                                                        {35, "0"},
                                                        {52, "0"},
                                                        {53, "x"},
                                                        {3, "00000000000000000000000000000000"},
                                                        {36, "0000000000000000"}}) {
    std::string bad(example);
    bad.replace(at, put.size(), put);
    EXPECT_FALSE(decode_trace(bad)) << bad;
  }
}

TEST(propagation, finds_its_fields_among_others) {
  const std::vector<header_field> fields{{"Accept", "*/*"},
                                         {"TRACEPARENT", example},
                                         {"request-timeout-ms", "250"},
                                         {"retry-allowance", "7"}};
  const inherited found = read_inherited(fields);
  EXPECT_EQ(found.timeout, 250ms);
  EXPECT_TRUE(found.trace.has_value());
  EXPECT_EQ(found.retries, retry_allowance(7));
  EXPECT_TRUE(may_have_inherited(fields));
  for (const header_field& each : fields) {
    EXPECT_EQ(may_have_inherited({&each, 1}), each.name != "Accept") << each.name;
  }
  const inherited none = read_inherited({});
  EXPECT_FALSE(none.timeout || none.trace || none.retries);
  const std::vector<header_field> bad{{"Retry-Allowance", "many"}};
  EXPECT_EQ(read_inherited(bad).retries, retry_allowance(0)) << "what is not valid grants nothing";
}

// What a server makes of them.

std::string hex_of(const trace_context& trace) { return std::string(encode_trace(trace).view()); }

struct begun {
  int handlers = 0;
};

task<std::string> show(begun& all, deadline by) {
  ++all.handlers;
  const environment& env = co_await current_environment();
  const auto left = std::chrono::round<std::chrono::milliseconds>(by.at - env.loop->now());
  if (env.retries->left() == 9) env.retries->try_take();
  co_return std::to_string(left.count()) + ' ' + std::to_string(env.retries->left()) + ' ' +
      (env.trace == nullptr ? "untraced" : hex_of(*env.trace));
}
task<std::string> slow(begun& all) {
  ++all.handlers;
  co_await sleep(10s);
  co_return "done";
}
task<std::string> take(begun& all, body b) {
  ++all.handlers;
  co_return std::string(b.bytes);
}
/// How much time it has before and behind its head, in milliseconds.
response_stream stream(begun& all) {
  ++all.handlers;
  const environment& env = co_await current_environment();
  const auto left = [](const environment& of) -> std::string {
    if (of.deadline == no_deadline) return "all";
    const auto rest = std::chrono::round<std::chrono::milliseconds>(of.deadline - of.loop->now());
    return std::to_string(rest.count());
  };
  co_yield left(env) + ' ';
  co_yield left(env);
}
std::optional<problem> plain_failure(begun& all) {
  ++all.handlers;
  return problem{.status = 418};
}

constexpr auto routes = route_table(
    route<"GET /show">(show, with(handler_timeout_ms<2000>)),
    route<"GET /stream">(stream, with(handler_timeout_ms<2000>)),
    route<"GET /slow">(slow, with(handler_timeout_ms<2000>)), route<"POST /take">(take),
    route<"GET /unlimited">(show, with(handler_timeout_ms<0>)), route<"GET /plain">(plain_failure));

/// A server in a world, and a client that asks it once.
class inheriting_server : public testing::Test {
 protected:
  inheriting_server() { server_.listen(*address::parse("10.0.0.1", 80), {}); }
  ~inheriting_server() override {
    bool drained = false;
    server_.drain(1s, [](void* done) noexcept { *static_cast<bool*>(done) = true; }, &drained);
    world_.run_until([&] { return drained; });
  }

  static task<client_response> send(address to, client_request what) {
    auto stream = co_await tcp_stream::connect(to);
    client_connection connection(std::move(*stream));
    auto response = co_await connection.request(what);
    co_return std::move(*response);
  }
  client_response ask(std::string_view path, std::vector<header_field> fields) {
    const client_request what{.target = path, .host = "x", .fields = fields};
    return *test::sim_run(world_, client_, send(server_.local(), what));
  }

  test::sim_world world_{7};
  reactor& host_ = world_.add_host("10.0.0.1");
  reactor& client_ = world_.add_host("10.0.0.2");
  begun begun_;
  dispatcher<routes, begun> service_{begun_};
  server server_{host_, service_, {.trusted_peers = *network_list::parse("10.0.0.2")}};
};

TEST_F(inheriting_server, gives_a_handler_its_own_limits_without_fields) {
  const client_response got = ask("/show", {});
  EXPECT_EQ(got.body(), "2000 3 untraced");
  EXPECT_EQ(got.header("Retry-Allowance").data(), nullptr) << "nobody lent anything";
}

TEST_F(inheriting_server, hands_on_deadline_trace_and_retries) {
  const client_response got = ask(
      "/show", {{"Request-Timeout-Ms", "150"}, {"traceparent", example}, {"Retry-Allowance", "9"}});
  const std::string body(got.body());
  EXPECT_EQ(body.substr(0, 6), "150 8 ");
  EXPECT_EQ(body.substr(6, 36), example.substr(0, 36)) << "the same trace";
  EXPECT_EQ(body.substr(58), "-01");
  EXPECT_NE(body.substr(42, 16), example.substr(36, 16)) << "in a span of its own";
  EXPECT_EQ(got.header("Retry-Allowance"), "8") << "what was not used goes back";
}

// What it waits for then, such as another service's stream, may last as long as its own.
TEST_F(inheriting_server, a_handler_whose_response_has_begun_has_the_time_of_its_caller) {
  EXPECT_EQ(ask("/stream", {}).body(), "2000 all");
  EXPECT_EQ(ask("/stream", {{"Request-Timeout-Ms", "150"}}).body(), "150 150");
}

// One that is not among the trusted.
TEST_F(inheriting_server, believes_no_stranger) {
  const std::vector<header_field> claims{
      {"Request-Timeout-Ms", "150"}, {"traceparent", example}, {"Retry-Allowance", "9"}};
  reactor& stranger = world_.add_host("10.0.0.3");
  const auto ask_as_stranger = [&](std::string_view path) {
    const client_request what{.target = path, .host = "x", .fields = claims};
    return *test::sim_run(world_, stranger, send(server_.local(), what));
  };
  const client_response got = ask_as_stranger("/show");
  EXPECT_EQ(got.body(), "2000 3 untraced");
  EXPECT_EQ(got.header("Retry-Allowance").data(), nullptr) << "it has lent nothing";
  EXPECT_EQ(ask_as_stranger("/plain").body().find("4bf92f3577b34da6a3ce929d0e0e4736"),
            std::string_view::npos);
  EXPECT_EQ(ask_as_stranger("/slow").status(), 503) << "after its own limit";
}

// Nobody is trusted unless it is said: neither loopback nor private networks.
TEST(trusted_peers, are_none_by_default) {
  constexpr server_limits limits;
  for (const std::string_view ip : {"127.0.0.1", "::1", "10.0.0.1", "192.168.0.1", "fd00::1"}) {
    EXPECT_FALSE(limits.trusted_peers.contains(*address::parse(ip, 80))) << ip;
  }
}

TEST_F(inheriting_server, caps_the_callers_time_by_its_own) {
  EXPECT_EQ(ask("/show", {{"Request-Timeout-Ms", "9999999999"}}).body(), "2000 3 untraced");
  EXPECT_EQ(ask("/unlimited", {{"Request-Timeout-Ms", "3000"}}).body(), "3000 3 untraced");
  EXPECT_EQ(ask("/show", {{"Request-Timeout-Ms", "soon"}}).body(), "2000 3 untraced");
}

TEST_F(inheriting_server, does_not_begin_what_nobody_waits_for) {
  const client_response got = ask("/slow", {{"Request-Timeout-Ms", "0"}});
  EXPECT_EQ(got.status(), 504);
  EXPECT_EQ(got.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(begun_.handlers, 0);
  EXPECT_EQ(ask("/plain", {{"Request-Timeout-Ms", "0"}}).status(), 418)
      << "a handler that cannot wait takes no time";
}

TEST_F(inheriting_server, stops_a_handler_when_its_caller_waits_no_more) {
  const mono_time start = world_.now();
  EXPECT_EQ(ask("/slow", {{"Request-Timeout-Ms", "300"}}).status(), 504);
  EXPECT_LT(world_.now() - start, 310ms);
  EXPECT_EQ(ask("/slow", {}).status(), 503) << "its own limit is another matter";
}

TEST_F(inheriting_server, problems_carry_the_callers_trace) {
  const client_response got = ask("/plain", {{"traceparent", example}});
  EXPECT_NE(got.body().find("4bf92f3577b34da6a3ce929d0e0e4736"), std::string_view::npos);
}

TEST_F(inheriting_server, the_time_runs_while_the_body_arrives) {
  const auto late = [](address to) -> task<std::string> {
    auto stream = co_await tcp_stream::connect(to);
    const auto head = co_await stream->write(
        "POST /take HTTP/1.1\r\nHost: x\r\nRequest-Timeout-Ms: 100\r\nContent-Length: 2\r\n\r\na");
    co_await sleep(200ms);
    const auto rest = co_await stream->write("b");
    EXPECT_TRUE(head && rest);
    std::string answer(500, '\0');
    const auto got =
        co_await stream->read(std::as_writable_bytes(std::span(answer.data(), answer.size())));
    co_return answer.substr(0, got.value_or(0));
  };
  const auto got = test::sim_run(world_, client_, late(server_.local()));
  EXPECT_EQ(got->substr(0, 12), "HTTP/1.1 504");
  EXPECT_EQ(begun_.handlers, 0);
}

}  // namespace
}  // namespace ferrule::http
