// Handlers that say things in advance, end with trailers, or go on in another protocol.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "ferrule/core/sleep.hpp"
#include "ferrule/test/call.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

task<std::string> page(early_hints hints) {
  hints.send({{"Link", "</a.css>; rel=preload"}, {"X-Part", "1"}});
  co_await sleep(1ms);
  hints.send({{"Link", "</b.css>; rel=preload"}});
  co_return "page";
}
task<std::string> bad_hint(early_hints hints) {
  hints.send({{"Link", "a\r\nb"}});
  co_return "page";
}

task<response> talk(upgrade_offer offer) {
  if (!offer.has("talk")) {
    co_return response{.status = 426, .fields = {{"Upgrade", "talk"}}};
  }
  two_way_stream stream = offer.accept("talk");
  for (;;) {
    const std::string_view part = co_await stream.read();
    if (part.empty()) break;
    const std::string reply = "<" + std::string(part) + ">";
    co_await stream.write(reply);
  }
  co_return response{.status = 500};  // is not sent
}
task<> accepts_uninvited(upgrade_offer offer) {
  (void)offer.accept("talk");
  co_return;
}
task<> breaks(upgrade_offer offer) {
  (void)offer.accept("talk");
  co_await sleep(1ms);
  throw std::runtime_error("in the middle");
}

response_stream summed() {
  co_yield stream_head{.content_type = "text/plain"};
  co_yield "data";
  const header_field sum{"X-Sum", "4"};
  co_yield stream_trailers{.fields = {&sum, 1}};
}

response_stream handed_over() {
  buffer part;
  part.append(std::string(50'000, 'b'));
  co_yield std::move(part);
  co_yield "end";
}

task<std::string> trailers_of(body_stream sent) {
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
  }
  co_return std::to_string(sent.trailers().size());
}

struct marked {
  void after(answer& outgoing) const {
    if (outgoing.handler_began) outgoing.add_field("X-Seen", outgoing.status == 101 ? "101" : "no");
  }
};
struct failing {
  void after(answer&) const { throw std::runtime_error("the hook"); }
};

constexpr auto routes =
    route_table(route<"GET /page">(page), route<"GET /bad">(bad_hint), route<"GET /talk">(talk),
                route<"GET /marked">(talk, with(marked{})),
                route<"GET /failing">(talk, with(failing{})),
                route<"GET /uninvited">(accepts_uninvited), route<"GET /breaks">(breaks),
                route<"GET /summed">(summed), route<"GET /handed">(handed_over),
                route<"POST /trailers">(trailers_of));

test::call_request upgrade(std::string line, std::string body = "") {
  return {.line = std::move(line), .fields = {{"Upgrade", "talk"}}, .body = std::move(body)};
}

TEST(extract_upgrade, hints_are_sent_while_the_handler_works) {
  const test::call_answer answer = test::call<routes>("GET /page");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "page");
  ASSERT_EQ(answer.interim.size(), 2U);
  EXPECT_EQ(answer.interim[0].status, 103);
  ASSERT_EQ(answer.interim[0].fields.size(), 2U);
  EXPECT_EQ(answer.interim[1].fields[0].second, "</b.css>; rel=preload");
}

TEST(extract_upgrade, an_invalid_hint_is_the_handlers_exception) {
  const test::call_answer answer = test::call<routes>("GET /bad");
  EXPECT_EQ(answer.status, 500);
  EXPECT_TRUE(answer.interim.empty());
}

TEST(extract_upgrade, an_offer_becomes_a_stream_in_both_directions) {
  const test::call_answer answer = test::call<routes>(upgrade("GET /talk", "hello"));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.field("Upgrade"), "talk");
  EXPECT_EQ(answer.body, "<hello>");
  EXPECT_TRUE(answer.is_complete);
}

TEST(extract_upgrade, layers_see_it_and_may_add_fields) {
  const test::call_answer answer = test::call<routes>(upgrade("GET /marked", "hello"));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.field("X-Seen"), "101");
  EXPECT_EQ(answer.body, "<hello>");
  EXPECT_EQ(test::call<routes>("GET /marked").field("X-Seen"), "no");
  EXPECT_EQ(test::call<routes>(upgrade("GET /failing")).status, 500);
}

TEST(extract_upgrade, without_an_offer_the_handler_answers) {
  const test::call_answer answer = test::call<routes>("GET /talk");
  EXPECT_EQ(answer.status, 426);
  EXPECT_EQ(answer.field("Upgrade"), "talk");
  EXPECT_EQ(test::call<routes>("GET /uninvited").status, 500);
}

TEST(extract_upgrade, a_stream_that_breaks_does_not_look_whole) {
  const test::call_answer answer = test::call<routes>(upgrade("GET /breaks"));
  EXPECT_EQ(answer.status, 101);
  EXPECT_FALSE(answer.is_complete);
}

TEST(extract_upgrade, trailers_end_a_stream) {
  const test::call_answer answer = test::call<routes>("GET /summed");
  EXPECT_EQ(answer.body, "data");
  ASSERT_EQ(answer.trailers.size(), 1U);
  EXPECT_EQ(answer.trailers[0].first, "X-Sum");
  EXPECT_TRUE(answer.is_complete);
}

TEST(extract_upgrade, parts_may_be_handed_over) {
  EXPECT_EQ(test::call<routes>("GET /handed").body, std::string(50'000, 'b') + "end");
}

TEST(extract_upgrade, a_body_without_trailers_has_none) {
  EXPECT_EQ(test::call<routes>({.line = "POST /trailers", .body = "x"}).body, "0");
}

}  // namespace
}  // namespace ferrule
