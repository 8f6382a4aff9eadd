#include "ferrule/app/options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <vector>

#include "ferrule/json/limited.hpp"

namespace ferrule {
namespace {

struct settings {
  std::string name = "none";
  int port = 0;
};

constexpr option options[] = {
    {"name", "TEXT", "what it is called",
     [](void* target, std::string_view text) {
       static_cast<settings*>(target)->name = text;
       return std::string();
     }},
    {"first-port", "N", "where it begins",
     [](void* target, std::string_view text) {
       if (text.find_first_not_of("0123456789") != text.npos)
         return std::string("must be a number");
       static_cast<settings*>(target)->port = std::stoi(std::string(text));
       return std::string();
     },
     [](const void* target) { return std::to_string(static_cast<const settings*>(target)->port); }},
};

struct outcome {
  settings set;
  parsed_options parsed;
};

outcome parse(std::vector<const char*> arguments, std::vector<const char*> variables = {}) {
  outcome o;
  arguments.insert(arguments.begin(), "program");
  variables.push_back(nullptr);
  const option_group group{options, &o.set};
  o.parsed = parse_options(static_cast<int>(arguments.size()), arguments.data(), variables.data(),
                           {&group, 1});
  return o;
}

TEST(options, are_set_in_both_forms) {
  const outcome o = parse({"--name", "a b", "--first-port=80"});
  EXPECT_EQ(o.parsed.error, "");
  EXPECT_EQ(o.set.name, "a b");
  EXPECT_EQ(o.set.port, 80);
  EXPECT_EQ(parse({"--name="}).set.name, "");
  EXPECT_EQ(parse({"--name=a=b"}).set.name, "a=b");
}

TEST(options, come_from_the_environment_unless_the_command_line_says_otherwise) {
  const outcome o = parse({"--name", "flag"},
                          {"FERRULE_NAME=variable", "FERRULE_FIRST_PORT=81", "FERRULE_NAMES=x"});
  EXPECT_EQ(o.parsed.error, "");
  EXPECT_EQ(o.set.name, "flag");
  EXPECT_EQ(o.set.port, 81);
}

TEST(options, are_not_what_kubernetes_says_of_a_service_of_our_name) {
  const outcome o = parse({}, {"FERRULE_FIRST_PORT=tcp://10.0.0.11:80"});
  EXPECT_EQ(o.parsed.error, "");
  EXPECT_EQ(o.set.port, settings().port);
  ASSERT_EQ(o.parsed.notes.size(), 1U);
  EXPECT_NE(o.parsed.notes[0].find("FERRULE_FIRST_PORT=tcp://10.0.0.11:80"), std::string::npos);
  EXPECT_NE(parse({"--first-port=tcp://10.0.0.11:80"}).parsed.error, "");
  EXPECT_NE(parse({}, {"FERRULE_FIRST_PORT=http://a"}).parsed.error, "");
  EXPECT_EQ(parse({}, {"FERRULE_NAME=tcp://a"}).set.name, "tcp://a");
}

TEST(options, that_are_wrong_say_how) {
  EXPECT_EQ(parse({"--nmae", "x"}).parsed.error,
            "unknown argument '--nmae'; --help lists the options");
  EXPECT_EQ(parse({"name"}).parsed.error, "unknown argument 'name'; --help lists the options");
  EXPECT_EQ(parse({"--first-port"}).parsed.error, "--first-port needs a value: --first-port N");
  EXPECT_EQ(parse({"--first-port=x"}).parsed.error, "--first-port must be a number, not 'x'");
  EXPECT_EQ(parse({}, {"FERRULE_FIRST_PORT=x"}).parsed.error,
            "FERRULE_FIRST_PORT must be a number, not 'x'");
}

struct list_settings {
  std::string place = "here";
  std::vector<std::string> names;
};

constexpr option list_options[] = {
    value_option<&list_settings::place>("place", "WHERE", "where it is"),
    {"name", "TEXT", "one of its names",
     [](void* target, std::string_view text) {
       static_cast<list_settings*>(target)->names.emplace_back(text);
       return std::string();
     }},
};

list_settings parse_list(std::vector<const char*> arguments) {
  list_settings set;
  arguments.insert(arguments.begin(), "program");
  const char* const variables[] = {"FERRULE_NAME=variable", nullptr};
  const option_group group{list_options, &set};
  EXPECT_EQ(parse_options(static_cast<int>(arguments.size()), arguments.data(), variables,
                          {&group, 1})
                .error,
            "");
  return set;
}

TEST(options, may_be_given_several_times) {
  EXPECT_EQ(parse_list({"--name", "a", "--name=b"}).names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_list({}).names, std::vector<std::string>{"variable"});
  EXPECT_EQ(parse_list({"--place", "there", "--place", "nowhere"}).place, "nowhere");
}

TEST(options, of_text_show_what_they_are) {
  EXPECT_EQ(parse_list({}).place, "here");
  list_settings defaults;
  const option_group group{list_options, &defaults};
  const std::string help = options_help("program", {&group, 1});
  EXPECT_NE(help.find("where it is (here)\n"), help.npos) << help;
}

TEST(options, help_names_each_option_and_its_variable) {
  EXPECT_TRUE(parse({"--help"}).parsed.help_wanted);
  EXPECT_TRUE(parse({"-h"}).parsed.help_wanted);
  settings defaults{.port = 8001};
  const option_group group{options, &defaults};
  const std::string help = options_help("program", {&group, 1});
  EXPECT_NE(help.find("--first-port N"), help.npos);
  EXPECT_NE(help.find("FERRULE_FIRST_PORT"), help.npos);
  EXPECT_NE(help.find("where it begins (8001)\n"), help.npos) << help;
  EXPECT_NE(help.find("what it is called\n"), help.npos) << help;
}

struct tool_settings {
  bool loud = false;
  std::string name;
};

constexpr option tool_options[] = {
    {"loud", "", "says more",
     [](void* target, std::string_view) {
       static_cast<tool_settings*>(target)->loud = true;
       return std::string();
     }},
    {"name", "TEXT", "what it is called",
     [](void* target, std::string_view text) {
       static_cast<tool_settings*>(target)->name = text;
       return std::string();
     }},
};

struct tool_outcome {
  tool_settings set;
  parsed_options parsed;
};

tool_outcome parse_tool(std::vector<const char*> arguments, const command_line_form& form,
                        std::vector<const char*> variables = {}) {
  tool_outcome o;
  arguments.insert(arguments.begin(), "program");
  variables.push_back(nullptr);
  const option_group group{tool_options, &o.set};
  o.parsed = parse_options(static_cast<int>(arguments.size()), arguments.data(), variables.data(),
                           {&group, 1}, form);
  return o;
}

constexpr command_line_form tool_form{
    .usage = "[options] FILE", .has_variables = false, .allows_others = true};

TEST(options, a_flag_has_no_value) {
  EXPECT_TRUE(parse_tool({"--loud"}, {}).set.loud);
  EXPECT_FALSE(parse_tool({}, {}).set.loud);
  EXPECT_EQ(parse_tool({"--loud=yes"}, {}).parsed.error, "--loud takes no value");
  EXPECT_EQ(parse_tool({"--loud", "x"}, {}).parsed.error,
            "unknown argument 'x'; --help lists the options");
  EXPECT_TRUE(parse_tool({}, {}, {"FERRULE_LOUD=1"}).set.loud);
  EXPECT_EQ(parse_tool({}, {}, {"FERRULE_LOUD=no"}).parsed.error,
            "FERRULE_LOUD must be empty or 1, not 'no'");
}

TEST(options, other_arguments_are_kept_where_they_are_allowed) {
  const tool_outcome o = parse_tool({"a", "--loud", "b", "--name", "c"}, tool_form);
  EXPECT_EQ(o.parsed.error, "");
  EXPECT_EQ(o.parsed.others, (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(o.set.name, "c");
  EXPECT_EQ(parse_tool({"-x"}, tool_form).parsed.error,
            "unknown argument '-x'; --help lists the options");
}

TEST(options, a_program_may_have_no_variables) {
  EXPECT_FALSE(parse_tool({}, tool_form, {"FERRULE_LOUD=1"}).set.loud);
  tool_settings defaults;
  const option_group group{tool_options, &defaults};
  const std::string help = options_help("program", {&group, 1}, tool_form);
  EXPECT_TRUE(help.starts_with("Usage: program [options] FILE\n")) << help;
  EXPECT_EQ(help.find("FERRULE_"), help.npos) << help;
  EXPECT_NE(help.find("  --loud  "), help.npos) << help;
}

enum class color : std::uint8_t { red, green };
struct typed {
  std::string db;
  bounded<std::uint32_t, 1, 100> workers = 4;
  std::chrono::seconds wait{10};
  std::chrono::duration<std::int8_t> short_wait{1};
  color paint = color::red;
  std::optional<double> rate;
  bool is_loud = false;
};
constexpr option typed_options[] = {
    required(value_option<&typed::db>("db", "FILE", "where it is kept")),
    value_option<&typed::workers>("workers", "N", "how many"),
    value_option<&typed::wait>("wait", "TIME", "how long"),
    value_option<&typed::short_wait>("short-wait", "TIME", "how long at most"),
    value_option<&typed::paint>("paint", "COLOR", "which"),
    value_option<&typed::rate>("rate", "N", "how fast"),
    flag_option<&typed::is_loud>("loud", "say it loudly")};

struct typed_outcome {
  typed set;
  parsed_options parsed;
};
typed_outcome parse_typed(std::vector<const char*> arguments,
                          std::vector<const char*> variables = {}) {
  typed_outcome o;
  arguments.insert(arguments.begin(), "program");
  variables.push_back(nullptr);
  const option_group group{typed_options, &o.set, "SHOP_"};
  o.parsed = parse_options(static_cast<int>(arguments.size()), arguments.data(), variables.data(),
                           {&group, 1});
  return o;
}

TEST(options, are_read_as_their_members_types_say) {
  const auto o = parse_typed({"--db", "a", "--workers", "100", "--wait=2m", "--paint", "green",
                              "--rate", "1.5", "--loud"});
  EXPECT_EQ(o.parsed.error, "");
  EXPECT_EQ(o.set.db, "a");
  EXPECT_EQ(o.set.workers, 100U);
  EXPECT_EQ(o.set.wait, std::chrono::minutes(2));
  EXPECT_EQ(o.set.paint, color::green);
  EXPECT_EQ(o.set.rate, 1.5);
  EXPECT_TRUE(o.set.is_loud);
}

TEST(options, say_what_their_types_would_take) {
  const auto error = [](const char* name, const char* value) {
    return parse_typed({"--db=a", name, value}).parsed.error;
  };
  EXPECT_EQ(error("--workers", "101"),
            "--workers must be an unsigned integer from 1 to 100, not '101'");
  EXPECT_EQ(error("--wait", "soon"),
            "--wait must be a duration such as 10s, 500ms or 2m, not 'soon'");
  EXPECT_EQ(error("--wait", "500ms"),
            "--wait must be a duration in whole units of 1s, not '500ms'");
  EXPECT_EQ(error("--short-wait", "128"),
            "--short-wait must be a duration of at most 127s, not '128'");
  EXPECT_EQ(error("--paint", "blue"), "--paint must be one of red, green, not 'blue'");
  EXPECT_EQ(error("--rate", "x"), "--rate must be a number, not 'x'");
}

TEST(options, show_durations_as_they_can_be_given) {
  for (const char* text : {"0s", "90s", "1500ms", "20us", "7ns"}) {
    std::chrono::nanoseconds read{};
    EXPECT_EQ(detail::set_option_value(read, text), "");
    EXPECT_EQ(detail::option_value_text(read), text);
  }
}

// One of them would never be set.
TEST(options, have_names_of_their_own) {
  typed set;
  const option_group groups[] = {{typed_options, &set, "SHOP_"}, {typed_options, &set, "BELL_"}};
  const char* const arguments[] = {"program"};
  EXPECT_EQ(parse_options(1, arguments, nullptr, groups).error,
            "there are two options --db: one needs another name");
}

TEST(options, may_have_to_be_given) {
  EXPECT_EQ(parse_typed({}).parsed.error, "--db FILE is required (or SHOP_DB)");
  EXPECT_EQ(parse_typed({}, {"SHOP_DB=b", "FERRULE_WORKERS=7"}).set.db, "b");
  EXPECT_EQ(parse_typed({}, {"SHOP_DB=b", "FERRULE_WORKERS=7"}).set.workers, 4U);
  EXPECT_TRUE(parse_typed({"--help"}).parsed.help_wanted);
}

TEST(options, show_their_values) {
  typed set;
  const option_group group{typed_options, &set, "SHOP_"};
  const std::string help = options_help("shop", {&group, 1});
  EXPECT_NE(help.find("where it is kept (required)\n"), help.npos) << help;
  EXPECT_NE(help.find("how many (4)\n"), help.npos) << help;
  EXPECT_NE(help.find("how long (10s)\n"), help.npos) << help;
  EXPECT_NE(help.find("how fast (none)\n"), help.npos) << help;
  EXPECT_NE(help.find("SHOP_WORKERS\n"), help.npos) << help;
}

}  // namespace
}  // namespace ferrule
