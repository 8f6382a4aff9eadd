#pragma once
/// @file
/// Command-line options that can also come from the environment: `--port 80`, `--port=80`,
/// `FERRULE_PORT=80`. Programs that are no services take flags and other arguments as well.
///
/// ```cpp
/// struct settings {
///   std::string greeting;
///   ferrule::bounded<std::uint32_t, 1, 100> rings = 1;
///   std::chrono::milliseconds wait{500};
///   bool is_loud = false;
/// };
/// constexpr ferrule::option settings_options[] = {
///     ferrule::required(
///         ferrule::value_option<&settings::greeting>("greeting", "TEXT", "what to say first")),
///     ferrule::value_option<&settings::rings>("rings", "N", "how often to ring"),
///     ferrule::value_option<&settings::wait>("wait", "TIME", "between two rings"),
///     ferrule::flag_option<&settings::is_loud>("loud", "say it loudly"),
/// };
/// inline ferrule::option_group bell_options(settings& said) {
///   return {.options = settings_options, .target = &said, .prefix = "BELL_"};  // BELL_RINGS=3
/// }
/// ```

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/api/encode.hpp"
#include "ferrule/api/parameter.hpp"

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
  /// It has to be given, as an argument or a variable.
  bool is_required = false;
};

namespace detail {
template <class>
struct member_of;
template <class T, class Class>
struct member_of<T Class::*> {
  using class_type = Class;
  using type = T;
};

/// "10s", "500ms", "2m", "20us", "5ns"; a bare number counts seconds.
std::optional<std::chrono::nanoseconds> option_duration(std::string_view text) noexcept;
std::string option_duration_text(std::chrono::nanoseconds value);

template <class>
inline constexpr bool is_chrono_duration = false;
template <class Rep, class Period>
inline constexpr bool is_chrono_duration<std::chrono::duration<Rep, Period>> =
    std::integral<Rep>;
template <class>
inline constexpr bool is_optional_option = false;
template <class T>
inline constexpr bool is_optional_option<std::optional<T>> = true;

/// A duration as often as `T` counts; else what is wrong with it.
template <class T>
std::string set_option_duration(T& into, std::string_view text) {
  using wide = std::chrono::duration<std::int64_t, typename T::period>;
  const auto value = option_duration(text);
  if (!value) return "must be a duration such as 10s, 500ms or 2m";
  const wide count = std::chrono::duration_cast<wide>(*value);
  if (std::chrono::nanoseconds(count) != *value) {
    return "must be a duration in whole units of " + option_duration_text(wide(1));
  }
  if (!std::in_range<typename T::rep>(count.count())) {
    return "must be a duration of at most " + option_duration_text(T::max());
  }
  into = T(static_cast<typename T::rep>(count.count()));
  return {};
}

template <class T>
std::string set_option_value(T& into, std::string_view text) {
  if constexpr (is_optional_option<T>) {
    typename T::value_type value{};
    std::string wrong = set_option_value(value, text);
    if (wrong.empty()) into = std::move(value);
    return wrong;
  } else if constexpr (is_chrono_duration<T>) {
    return set_option_duration(into, text);
  } else {
    static_assert(text_parameter<T>,
                  "ferrule: an option sets text, a number, an enumeration, a duration of whole "
                  "numbers, a bounded, or a std::optional of one of these; for a bool there is "
                  "flag_option");
    T value{};
    if (!parse_parameter(text, value)) return "must be " + expected_parameter<T>();
    into = std::move(value);
    return {};
  }
}
template <class T>
std::string option_value_text(const T& value) {
  if constexpr (is_optional_option<T>) {
    return value ? option_value_text(*value) : "none";
  } else if constexpr (is_chrono_duration<T>) {
    return option_duration_text(value);
  } else {
    std::string text;
    append_parameter(text, value);
    return text;
  }
}
}  // namespace detail

/// An option that sets a member of the target, read as its type says: a whole number or one within
/// a `bounded`, an enumeration by name, a duration ("10s", "500ms", "2m", also "us" and "ns", in
/// whole units of its type), text, or a `std::optional` of one of these.
template <auto Member>
constexpr option value_option(std::string_view name, std::string_view value_name,
                              std::string_view help) {
  using target_type = typename detail::member_of<decltype(Member)>::class_type;
  return {name, value_name, help,
          [](void* target, std::string_view text) {
            return detail::set_option_value(static_cast<target_type*>(target)->*Member, text);
          },
          [](const void* target) {
            return detail::option_value_text(static_cast<const target_type*>(target)->*Member);
          }};
}
/// A flag that sets a member, a bool, to true.
template <auto Member>
constexpr option flag_option(std::string_view name, std::string_view help) {
  using target_type = typename detail::member_of<decltype(Member)>::class_type;
  return {name, "", help, [](void* target, std::string_view) {
            static_cast<target_type*>(target)->*Member = true;
            return std::string();
          }};
}
/// The same option, which has to be given; the value it has before is not shown.
constexpr option required(option which) {
  which.shown = nullptr;
  which.is_required = true;
  return which;
}

/// A table of options and the object they set.
struct option_group {
  std::span<const option> options;
  void* target = nullptr;
  std::string_view prefix = "FERRULE_";  ///< of the variables
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
/// ("FERRULE_RECEIVE_BUFFER_BYTES" for "receive-buffer-bytes", or with the prefix of the group).
/// One that has to be given and is not is an error. An option that is given several times is set as
/// often: the last wins, unless its `set` collects them. Two options of one name are an error,
/// whatever the arguments are, lest one be never set. An unknown argument, a
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
std::string environment_name(std::string_view option_name, std::string_view prefix = "FERRULE_");

}  // namespace ferrule
