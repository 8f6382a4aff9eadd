#pragma once
/// @file
/// Command-line options that can also come from the environment: `--port 80`, `--port=80`,
/// `FERRULE_PORT=80`. Programs that are no services take flags and other arguments as well.
///
/// ```cpp
/// struct settings { std::string greeting = "Hello"; bool is_loud = false; };
/// constexpr ferrule::option settings_options[] = {
///     ferrule::text_option<&settings::greeting>("greeting", "TEXT", "what to say first"),
///     {"loud", "", "say it loudly", [](void* target, std::string_view) {
///        static_cast<settings*>(target)->is_loud = true;
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
  std::string_view name;  ///< without dashes: "port"
  /// As shown by --help: "N". Empty makes it a flag: without a value, and `set` gets an empty one.
  std::string_view value_name;
  std::string_view help;
  std::string (*set)(void* target, std::string_view value);
  /// The value the target has, as --help shows it; not shown without this.
  std::string (*shown)(const void* target) = nullptr;
};

namespace detail {
template <class>
struct member_of;
template <class T, class Class>
struct member_of<T Class::*> {
  using class_type = Class;
};
}  // namespace detail

/// An option that sets a text, a member of the target: any value will do.
template <auto Member>
constexpr option text_option(std::string_view name, std::string_view value_name,
                             std::string_view help) {
  using target_type = typename detail::member_of<decltype(Member)>::class_type;
  return {name, value_name, help,
          [](void* target, std::string_view text) {
            static_cast<target_type*>(target)->*Member = text;
            return std::string();
          },
          [](const void* target) { return static_cast<const target_type*>(target)->*Member; }};
}

/// A table of options and the object they set.
struct option_group {
  std::span<const option> options;
  void* target = nullptr;
};

/// What became of the arguments.
struct parsed_options {
  bool help_wanted = false;
  std::string error;                       ///< empty: all went well; else a line for the user
  std::vector<std::string> notes{};        ///< what was passed over, a line each, for the log
  std::vector<std::string_view> others{};  ///< what does not begin with "--", where it is allowed
};

/// What a program takes besides options, and how its --help begins.
struct command_line_form {
  std::string_view usage = "[options]";  ///< follows the program's name
  bool has_variables = true;             ///< options can come from the environment
  bool allows_others = false;            ///< arguments that are no options
};

/// Sets options from the arguments, and those that are not among them from the environment
/// ("FERRULE_RECEIVE_BUFFER_BYTES" for "receive-buffer-bytes"). An option that is given several
/// times is set as often: the last wins, unless its `set` collects them. An unknown argument, a
/// missing or an invalid value is an error; so is an invalid value in a variable, of which a flag's
/// must be empty or "1". Passed over, with a note, is what Kubernetes sets for a service of our
/// prefix's name: FERRULE_PORT=tcp://10.0.0.11:80. `environ_like` is a null-terminated array of
/// "NAME=value", or null.
parsed_options parse_options(int argc, const char* const* argv, const char* const* environ_like,
                             std::span<const option_group> groups,
                             const command_line_form& form = {});

/// The text of --help.
std::string options_help(std::string_view program, std::span<const option_group> groups,
                         const command_line_form& form = {});

/// The name of an option's variable.
std::string environment_name(std::string_view option_name);

}  // namespace ferrule
