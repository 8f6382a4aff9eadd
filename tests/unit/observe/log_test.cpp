#include "ferrule/observe/log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/captured_log.hpp"

namespace ferrule {
namespace {

std::string logged(log_level level, std::string_view message) {
  captured_log captured;
  log(level, message);
  return captured.take();
}

class log_lines : public testing::Test {
  void TearDown() override { set_log_level(log_level::info); }
};

TEST_F(log_lines, say_their_level) {
  EXPECT_EQ(logged(log_level::info, "up"), "info: up\n");
  EXPECT_EQ(logged(log_level::error, "down"), "error: down\n");
}

TEST_F(log_lines, below_the_level_are_not_written) {
  EXPECT_EQ(logged(log_level::debug, "detail"), "");
  set_log_level(log_level::error);
  EXPECT_EQ(logged(log_level::warn, "hm"), "");
  EXPECT_FALSE(logs(log_level::warn));
  set_log_level(log_level::off);
  EXPECT_EQ(logged(log_level::error, "down"), "");
}

TEST_F(log_lines, cannot_be_forged) {
  EXPECT_EQ(logged(log_level::info, "a\nerror: b\r\x1b[1m\x7f"), "info: a?error: b??[1m?\n");
  EXPECT_EQ(logged(log_level::info, "a\xE2\x80\xA8" "b\xC2\x85" "c\xFF"), "info: a?b?c?\n");
}

TEST_F(log_lines, are_cut_at_their_limit) {
  EXPECT_EQ(logged(log_level::info, std::string(4000, 'x')).size(), 4007U);
  EXPECT_EQ(logged(log_level::info, std::string(4001, 'x')).size(), 4007U);
}

TEST_F(log_lines, of_the_program_itself_have_no_level) {
  set_log_level(log_level::off);
  captured_log captured;
  print_line("tool: cannot\nlisten");
  EXPECT_EQ(captured.take(), "tool: cannot?listen\n");
}

TEST_F(log_lines, levels_have_names) {
  EXPECT_EQ(parse_log_level("debug"), log_level::debug);
  EXPECT_EQ(parse_log_level("off"), log_level::off);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace ferrule
