#include "load/settings.hpp"

#include <gtest/gtest.h>

namespace ferrule::load {
namespace {

using namespace std::chrono_literals;

command_line read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ferrule-load");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(settings, have_defaults) {
  const command_line line = read({"http://a/"});
  EXPECT_EQ(line.error, "");
  EXPECT_EQ(line.chosen.task, task_kind::run);
  EXPECT_EQ(line.chosen.targets, std::vector<std::string>{"http://a/"});
  EXPECT_FALSE(line.chosen.closed_loop);
  EXPECT_EQ(line.chosen.connections, 64U);
}

TEST(settings, are_read_wherever_the_url_stands) {
  const command_line line =
      read({"--rate", "2k", "http://a/", "--json", "--duration=500ms", "--header", "X-A:  b"});
  EXPECT_EQ(line.error, "");
  EXPECT_DOUBLE_EQ(line.chosen.rate->front().from, 2000);
  EXPECT_TRUE(line.chosen.json);
  EXPECT_EQ(line.chosen.duration, 500ms);
  EXPECT_EQ(line.chosen.headers.front(), std::pair(std::string("X-A"), std::string("b")));
}

TEST(settings, compare_takes_two) {
  const command_line line = read({"compare", "a.json", "http://b/", "--tolerance", "10%"});
  EXPECT_EQ(line.error, "");
  EXPECT_EQ(line.chosen.task, task_kind::compare);
  EXPECT_EQ(line.chosen.targets.size(), 2U);
  EXPECT_DOUBLE_EQ(line.chosen.tolerance, 0.1);
  EXPECT_EQ(read({"compare", "a"}).error, "compare needs two: URLs, or runs recorded by --json");
}

TEST(settings, that_are_wrong_say_how) {
  const std::pair<std::vector<const char*>, const char*> cases[] = {
      {{}, "no URL was given; --help shows how"},
      {{"a", "b"}, "'b' is one too many"},
      {{"--bogus", "a"}, "unknown argument '--bogus'; --help lists the options"},
      {{"-c", "10", "a"}, "unknown argument '-c'; --help lists the options"},
      {{"a", "--rate"}, "--rate needs a value: --rate R"},
      {{"a", "--duration", "10"},
       "--duration must be a duration such as 10s, 500ms or 2m, not '10'"},
      {{"a", "--duration", "0s"}, "--duration must be longer than nothing, not '0s'"},
      {{"a", "--timeout", "0s"}, "--timeout must be longer than nothing, not '0s'"},
      {{"a", "--connections", "0"}, "--connections must be a number from 1 to 1000000, not '0'"},
      {{"a", "--json=yes"}, "--json takes no value"},
      {{"a", "--slo", "p99<1ms"},
       "--slo must be such as p99=1ms or p50=500us,p99.9=5ms, not 'p99<1ms'"},
      {{"a", "--header", "X"}, "--header must be 'Name: value', not 'X'"},
      {{"a", "--closed", "--rate", "5"}, "--closed and --rate exclude each other"},
      {{"a", "--closed", "--find-max"}, "--closed has no rate to search or to walk"},
      {{"a", "--pipeline", "2", "--no-keep-alive"}, "--pipeline needs connections that are kept"},
      {{"a", "--threads", "8", "--connections", "4"},
       "--threads must not be more than --connections"},
      {{"a", "--requests", "f", "--method", "PUT"},
       "requests come from --requests, from --openapi or from flags, not both"},
      {{"a", "--body", "x", "--body-file", "/dev/null"},
       "--body and --body-file exclude each other"},
      {{"a", "--find-max", "--curve"}, "--find-max, --curve and compare exclude each other"},
      {{"compare", "a", "b", "--curve"}, "--find-max, --curve and compare exclude each other"},
      {{"a", "--body-file", "/dev/zero"},
       "--body-file must name a file that can be read (it has more than 64 MiB), not '/dev/zero'"},
  };
  for (const auto& [arguments, error] : cases) EXPECT_EQ(read(arguments).error, error);
}

TEST(settings, help_tells_of_every_option) {
  const std::string help = read({"--help"}).help;
  for (const char* option : {"--rate R", "--find-max ", "compare [options] A B", "--html FILE"}) {
    EXPECT_NE(help.find(option), help.npos) << option;
  }
  EXPECT_EQ(help.find("FERRULE_"), help.npos);
}

TEST(duration, is_read_with_its_unit) {
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("50us"), 50us);
  EXPECT_EQ(parse_duration("2m"), 2min);
  for (const char* wrong : {"", "s", "1", "1 s", "-1s", "1d", "inf"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(slo, clauses_are_read_and_judged) {
  const auto promise = parse_slo("p50=500us,p99.9=5ms");
  ASSERT_TRUE(promise);
  histogram response;
  for (int i = 0; i != 998; ++i) response.record(400us);
  response.record(8ms, 2);
  EXPECT_EQ(broken_clause(*promise, response), "p99.9 is 8 ms, not 5 ms");
  EXPECT_EQ(broken_clause(*parse_slo("p99=1ms"), response), "");
  for (const char* wrong : {"", "99=1ms", "p99", "p101=1ms", "p0=1ms", "p99=1", "p99=1ms,"}) {
    EXPECT_FALSE(parse_slo(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace ferrule::load
