#pragma once
/// @file
/// Command-line options that can also come from the environment: `--port 80`, `--port=80`,
/// `FERRULE_PORT=80`.
///
/// ```cpp
/// struct settings { std::string greeting = "Hello"; };
/// constexpr ferrule::option settings_options[] = {
///     {"greeting", "TEXT", "what to say first", [](void* target, std::string_view text) {
///        static_cast<settings*>(target)->greeting = text;
///        return std::string();
///      }},
/// };
/// ```

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule {

/// One option. `set` reads the value into the target and returns an empty text, or what is wrong
/// with it ("must be a port number").
struct option {
  std::string_view name;        ///< without dashes: "port"
  std::string_view value_name;  ///< as shown by --help: "N"
  std::string_view help;
  std::string (*set)(void* target, std::string_view value);
  /// The value the target has, as --help shows it; not shown without this.
  std::string (*shown)(const void* target) = nullptr;
};

/// A table of options and the object they set.
struct option_group {
  std::span<const option> options;
  void* target = nullptr;
};

/// What became of the arguments.
struct parsed_options {
  bool help_wanted = false;
  std::string error;  ///< empty: all went well; else a line for the user
};

/// Sets options from the environment first ("FERRULE_RECEIVE_BUFFER_BYTES" for
/// "receive-buffer-bytes"), then from the arguments, so that the command line wins. An unknown
/// argument, a missing or an invalid value is an error; so is an invalid value in a variable.
/// `environ_like` is a null-terminated array of "NAME=value".
parsed_options parse_options(int argc, const char* const* argv, const char* const* environ_like,
                             std::span<const option_group> groups);

/// The text of --help.
std::string options_help(std::string_view program, std::span<const option_group> groups);

/// The name of an option's variable.
std::string environment_name(std::string_view option_name);

}  // namespace ferrule
