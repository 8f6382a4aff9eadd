// Calls whose requests are written in parts: they are sent once, and judged by what answers them.
#include "call_stream_fixture.hpp"

namespace ferrule {
namespace {

outgoing_call put_in_parts(std::string_view verb = "PUT") {
  return {.request = {.verb = verb, .target = "/x", .streamed = http::streamed_body{}}};
}

task<std::string> upload(upstream* service, outgoing_call what) {
  auto stream = co_await service->open(what);
  if (!stream) co_return "not open: " + to_string(stream.error());
  std::string said;
  for (const char* part : {"one", "two"}) {
    const auto written = co_await stream->write(part);
    if (!written) said += to_string(written.error()) + "; ";
  }
  const auto finished = co_await stream->finish();
  if (!finished) said += to_string(finished.error()) + "; ";
  const auto head = co_await stream->head();
  said += head ? std::to_string(head->status) : to_string(head.error());
  const std::string body = co_await rest_of(&*stream);
  co_return said + ' ' + body;
}

TEST_F(call_stream_test, a_body_in_parts_is_sent_once) {
  make_patient(2);
  server(0) = server(1) = {.takes = 5ms, .status = 201, .parts = 1};
  EXPECT_EQ(run(upload(&*made_, put_in_parts())), "201 part ");
  ASSERT_EQ(network_.sent.size(), 1U);
  EXPECT_EQ(network_.sent[0].body, "onetwo");
  EXPECT_EQ(tally().calls, 1U);
  expect_nothing_held();
}

TEST_F(call_stream_test, a_body_in_parts_that_has_begun_is_not_sent_again) {
  make_patient(2);
  server(0) = server(1) = cut_off;
  EXPECT_EQ(run(upload(&*made_, put_in_parts())),
            "no response: the connection ended early: the request's body was written in parts, and "
            "cannot be sent again no response: the connection ended early: the request's body was "
            "written in parts, and cannot be sent again");
  EXPECT_EQ(network_.sent.size(), 1U);
  EXPECT_EQ(tally().failed, 1U);
  server(0) = server(1) = {.status = 503};
  EXPECT_EQ(run(upload(&*made_, put_in_parts())), "503 ");
  EXPECT_EQ(network_.sent.size(), 2U);
  EXPECT_EQ(tally().failed, 2U);
}

TEST_F(call_stream_test, one_that_refuses_the_body_may_answer_all_the_same) {
  make_patient();
  server(0) = {.status = 413, .refuses_parts = true};
  const std::string refusal =
      "no response: the connection ended early: the request's body was written in parts, and "
      "cannot be sent again; ";
  EXPECT_EQ(run(upload(&*made_, put_in_parts())), refusal + refusal + "413 ");
  EXPECT_EQ(tally().failed, 0U) << "it is a mistake of the caller";
  EXPECT_EQ(tally().calls, 1U);
}

TEST_F(call_stream_test, an_upload_that_broke_and_is_left_is_a_failure) {
  make_patient();
  server(0) = {.refuses_parts = true};
  const auto write_once = [](upstream* service) -> task<bool> {
    auto stream = co_await service->open(put_in_parts());
    const auto written = co_await stream->write("x");
    co_return written.has_value();
  };
  EXPECT_FALSE(run(write_once(&*made_)));
  EXPECT_EQ(tally().failed, 1U);
  server(0) = {};
  EXPECT_TRUE(run(write_once(&*made_)));
  EXPECT_EQ(tally().calls, 1U) << "left in the middle: nobody's fault";
}

TEST_F(call_stream_test, one_that_hangs_behind_an_upload_is_found_out) {
  make_patient();
  server(0) = {.takes = 2ms};
  EXPECT_EQ(run(upload(&*made_, put_in_parts())), "200 ");
  server(0) = {.takes = 1h};
  const auto hurried = [](upstream* to) -> task<bool> {
    co_return (co_await with_deadline(100ms, upload(to, put_in_parts()))).has_value();
  };
  EXPECT_FALSE(run(hurried(&*made_)));
  EXPECT_EQ(tally().failed, 1U) << "much longer than it usually takes";
  expect_nothing_held();
}

TEST_F(call_stream_test, a_whole_call_takes_no_body_in_parts) {
  make_patient();
  EXPECT_EQ(to_string(run(made_->call(put_in_parts())).error()),
            "no response: the request is not valid");
  EXPECT_EQ(network_.sent.size(), 0U);
  server(0) = {};
  const auto write_to_a_get = [](upstream* service) -> task<std::string> {
    auto stream = co_await service->open(get());
    co_return std::to_string(stream->status());
  };
  EXPECT_EQ(run(write_to_a_get(&*made_)), "200");
}

}  // namespace
}  // namespace ferrule
