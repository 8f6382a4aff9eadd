#include "ferrule/api/request_log.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "support/captured_log.hpp"

namespace ferrule {
namespace {

using namespace std::chrono_literals;

enum class color : std::uint8_t { red, green };

struct request_log : testing::Test {
  request_log() {
    asked.verb = method::post;
    asked.path = "/articles/7";
  }
  std::string logged() { return captured.take(); }
  request asked;
  captured_log captured;
};

TEST_F(request_log, names_values_and_the_request) {
  log(asked, log_level::info, "sold", field("article", 7U), field("price", 1.5),
      field("paint", color::green), field("took", 1500us), field("gift", true),
      field("note", std::optional<int>()), field("to", std::string("Ada")));
  EXPECT_EQ(logged(),
            "info: sold article=7 price=1.5 paint=green took=1.5ms gift=true note=none to=Ada "
            "method=POST path=/articles/7\n");
}

TEST_F(request_log, quotes_what_would_look_like_a_field) {
  asked.path = "/a=b";
  log(asked, log_level::warn, "odd", field("name", "a b=\"c\\"), field("none", ""));
  EXPECT_EQ(logged(),
            R"(warn: odd name="a b=\"c\\" none="" method=POST path="/a=b")"
            "\n");
}

TEST_F(request_log, has_the_trace_of_a_trusted_peer) {
  const std::array fields{
      header_field{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  asked.fields = fields;
  log(asked, log_level::info, "a");
  asked.has_trusted_peer = true;
  log(asked, log_level::info, "b");
  EXPECT_EQ(logged(),
            "info: a method=POST path=/articles/7\n"
            "info: b method=POST path=/articles/7 trace=0af7651916cd43dd8448eb211c80319c\n");
}

TEST_F(request_log, below_the_level_is_not_written) {
  log(asked, log_level::debug, "a", field("n", 1));
  EXPECT_EQ(logged(), "");
}

}  // namespace
}  // namespace ferrule
