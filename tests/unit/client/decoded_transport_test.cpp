#include "ferrule/client/decoded_transport.hpp"

#include <gtest/gtest.h>

#include "ferrule/core/scope.hpp"
#include "ferrule/test/sim_run.hpp"
#include "scripted_transport.hpp"

namespace ferrule {
namespace {

using namespace std::string_view_literals;
using outcome = result<http::client_response, transport_failure>;

constexpr std::string_view plain = R"({"plain":true})";
constexpr std::string_view gzipped =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\xc8\x49\xcc\xcc\x53\xb2\x2a\x29\x2a\x4d"
    "\xad\x05\x00\x5c\x7a\x6d\x86\x0e\x00\x00\x00"sv;

class decoded_transport_test : public testing::Test {
 protected:
  outcome ask(const http::client_request& what = {}) {
    std::optional<outcome> got;
    stop_source stop;
    const environment env{.loop = &host_, .stop = &stop};
    scope children(env);
    auto note = [](transport& via, http::client_request asked,
                   std::optional<outcome>& into) -> task<> {
      const auto server = *origin::parse("http://shop");
      into = co_await via.send(server, asked);
    };
    children.spawn(note(decoding_, what, got));
    world_.run_until([&] { return children.empty(); });
    return std::move(got).value();
  }
  /// What is read of a stream, or what went wrong.
  std::string read(const http::client_request& what = {}) {
    const auto all = [](transport* via, http::client_request asked) -> task<std::string> {
      const auto shop = *origin::parse("http://shop");
      auto stream = co_await via->open(shop, asked);
      std::string text = std::to_string(stream->status());
      text.append(stream->header("Content-Encoding")).append(" ");
      while (const auto part = co_await stream->read()) text += *part;
      if (stream->failure() != nullptr) text += to_string(stream->failure()->error);
      co_return text;
    };
    return *test::sim_run(world_, host_, all(&decoding_, what));
  }
  test::server_script& server() { return network_.at("http://shop"); }

  test::scripted_transport network_;

 private:
  test::sim_world world_{1};
  reactor& host_ = world_.add_host("10.0.0.1");
  decoded_transport decoding_{network_, {.bytes_max = 100}};
};

TEST_F(decoded_transport_test, asks_for_codings_and_undoes_them) {
  server() = {.status = 201,
              .fields = {{"content-encoding", "gzip"}, {"Content-Length", "34"}, {"X-Kept", "yes"}},
              .body = gzipped};
  const auto got = ask();
  EXPECT_EQ(network_.sent[0].field("Accept-Encoding"), "gzip, deflate, br, zstd");
  EXPECT_EQ(got->body(), plain);
  EXPECT_EQ(got->status(), 201);
  EXPECT_EQ(got->header("X-Kept"), "yes");
  EXPECT_EQ(got->header("Content-Encoding"), "");
  EXPECT_EQ(got->header("Content-Length"), "");
}

TEST_F(decoded_transport_test, leaves_plain_and_empty_answers_as_they_are) {
  server() = {.fields = {{"Content-Length", "14"}}, .body = plain};
  EXPECT_EQ(ask()->body(), plain);
  EXPECT_EQ(ask()->header("Content-Length"), "14");
  server() = {.status = 304, .fields = {{"Content-Encoding", "gzip"}}};
  EXPECT_EQ(ask()->header("Content-Encoding"), "gzip");
}

TEST_F(decoded_transport_test, leaves_alone_who_says_an_accept_encoding) {
  server() = {.fields = {{"Content-Encoding", "gzip"}}, .body = gzipped};
  const header_field own[] = {{"accept-encoding", "gzip"}};
  EXPECT_EQ(ask({.fields = own})->body(), gzipped);
  EXPECT_EQ(network_.sent[0].fields.size(), 1U);
}

TEST_F(decoded_transport_test, refuses_what_it_cannot_undo) {
  server() = {.fields = {{"Content-Encoding", "gzip"}, {"Content-Encoding", "br"}},
              .body = gzipped};
  EXPECT_EQ(ask().error().error, transport_error::bad_encoding);
  server() = {.fields = {{"Content-Encoding", "lzma"}}, .body = gzipped};
  EXPECT_EQ(ask().error().error, transport_error::bad_encoding);
  server() = {.fields = {{"Content-Encoding", "gzip"}}, .body = gzipped.substr(0, 30)};
  EXPECT_EQ(ask().error().error, transport_error::bad_encoding);
  EXPECT_TRUE(ask().error().was_sent);
  const std::string large(101, 'x');
  server() = {.fields = {{"Content-Encoding", "Identity"}}, .body = large};
  EXPECT_EQ(ask().error().error, transport_error::too_large);
}

TEST_F(decoded_transport_test, undoes_streams_as_they_are_read) {
  server() = {.fields = {{"Content-Encoding", "gzip"}, {"X-Kept", "yes"}}, .body = gzipped};
  EXPECT_EQ(read(), "200 " + std::string(plain));
  server() = {.body = plain, .parts = 2};
  EXPECT_EQ(read(), "200 " + std::string(plain) + "partpart");
  server() = {.status = 304, .fields = {{"Content-Encoding", "gzip"}}};
  EXPECT_EQ(read(), "304gzip ");
  const header_field own[] = {{"Accept-Encoding", "gzip"}};
  server() = {.fields = {{"Content-Encoding", "gzip"}}, .body = gzipped};
  EXPECT_EQ(read({.fields = own}), "200gzip " + std::string(gzipped));
  EXPECT_EQ(read({.verb = "PUT", .streamed = http::streamed_body{}}), "0 " + std::string(plain))
      << "its head came later";
}

TEST_F(decoded_transport_test, streams_end_where_they_cannot_be_undone) {
  server() = {.fields = {{"Content-Encoding", "gzip"}}, .body = gzipped.substr(0, 30)};
  EXPECT_TRUE(read().ends_with(to_string(transport_error::bad_encoding)));
  server() = {.fields = {{"Content-Encoding", "lzma"}}, .body = gzipped};
  EXPECT_EQ(read(), std::string("200 ") + to_string(transport_error::bad_encoding));
  server() = {.fields = {{"Content-Encoding", "identity"}}, .body = "x", .parts = 26};
  EXPECT_TRUE(read().ends_with(to_string(transport_error::too_large))) << "a limit of all parts";
  server() = {.fields = {{"Content-Encoding", "gzip"}},
              .body = gzipped.substr(0, 20),
              .breaks = transport_failure{transport_error::closed_early, true}};
  EXPECT_TRUE(read().ends_with(to_string(transport_error::closed_early)));
}

TEST_F(decoded_transport_test, hands_failures_on) {
  server().fails = transport_failure{transport_error::connect_failed};
  EXPECT_EQ(ask().error().error, transport_error::connect_failed);
}

}  // namespace
}  // namespace ferrule
