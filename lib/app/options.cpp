#include "ferrule/app/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "option_values.hpp"

namespace ferrule {
namespace {

struct found_option {
  const option* which;
  void* target;
};

std::optional<found_option> find(std::span<const option_group> groups, std::string_view name) {
  for (const option_group& group : groups) {
    for (const option& each : group.options) {
      if (each.name == name) return found_option{&each, group.target};
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> variable(const char* const* environ_like, std::string_view name) {
  for (; environ_like != nullptr && *environ_like != nullptr; ++environ_like) {
    const std::string_view entry = *environ_like;
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

/// A name that two options have, or empty.
std::string_view shared_name(std::span<const option_group> groups) {
  std::vector<std::string_view> names{"help"};
  for (const option_group& group : groups) {
    for (const option& each : group.options) {
      if (std::ranges::find(names, each.name) != names.end()) return each.name;
      names.push_back(each.name);
    }
  }
  return {};
}

bool is_flag(const option& o) { return o.value_name.empty(); }

/// Sets one option; returns what is wrong, naming `origin` ("--port" or "FERRULE_PORT").
std::string set(const found_option& found, std::string_view origin, std::string_view value) {
  const std::string wrong = found.which->set(found.target, value);
  if (wrong.empty()) return {};
  return fmt::format("{} {}, not '{}'", origin, wrong, value);
}

/// Kubernetes tells every container of a service "ferrule" in its namespace by a variable
/// FERRULE_PORT=tcp://10.0.0.11:80, which is no setting.
bool is_service_link(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 3> schemes = {"tcp://", "udp://", "sctp://"};
  return name.ends_with("_PORT") && std::ranges::any_of(schemes, [&](std::string_view scheme) {
           return value.starts_with(scheme);
         });
}

/// Sets the options that have a variable and are not among the arguments.
std::string from_environment(const char* const* environ_like, std::span<const option_group> groups,
                             std::vector<const option*>& given,
                             std::vector<std::string>& notes) {
  for (const option_group& group : groups) {
    for (const option& each : group.options) {
      const std::string name = environment_name(each.name, group.prefix);
      const auto value = variable(environ_like, name);
      if (!value || std::ranges::find(given, &each) != given.end()) continue;
      if (is_service_link(name, *value)) {
        notes.push_back(fmt::format(
            "{}={} is taken for Kubernetes' variable of a service, not for an option", name,
            *value));
        continue;
      }
      if (is_flag(each) && !value->empty() && *value != "1") {
        return fmt::format("{} must be empty or 1, not '{}'", name, *value);
      }
      if (std::string wrong = set({&each, group.target}, name, *value); !wrong.empty())
        return wrong;
      given.push_back(&each);
    }
  }
  return {};
}

/// What is wrong if an option that has to be given was not.
std::string missing_option(std::span<const option_group> groups,
                           std::span<const option* const> given, bool has_variables) {
  for (const option_group& group : groups) {
    for (const option& each : group.options) {
      if (!each.is_required || std::ranges::find(given, &each) != given.end()) continue;
      std::string missing = fmt::format("--{} {} is required", each.name, each.value_name);
      if (has_variables) missing += " (or " + environment_name(each.name, group.prefix) + ")";
      return missing;
    }
  }
  return {};
}

}  // namespace

std::optional<std::chrono::nanoseconds> detail::option_duration(std::string_view text) noexcept {
  return duration(text);
}
std::string detail::option_duration_text(std::chrono::nanoseconds value) {
  return duration_text(value);
}

std::string environment_name(std::string_view option_name, std::string_view prefix) {
  std::string name(prefix);
  for (const char c : option_name) {
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

parsed_options parse_options(int argc, const char* const* argv, const char* const* environ_like,
                             std::span<const option_group> groups, const command_line_form& form) {
  parsed_options parsed;
  std::vector<const option*> given;
  if (const std::string_view name = shared_name(groups); !name.empty()) {
    parsed.error = fmt::format("there are two options --{}: one needs another name", name);
  }
  for (int i = 1; i < argc && parsed.error.empty(); ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      parsed.help_wanted = true;
      return parsed;
    }
    if (form.allows_others && !argument.starts_with('-')) {
      parsed.others.push_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string_view flag = argument.substr(0, equals);
    const auto found =
        flag.starts_with("--") ? find(groups, flag.substr(2)) : std::optional<found_option>();
    if (found) given.push_back(found->which);
    if (!found) {
      parsed.error = fmt::format("unknown argument '{}'; --help lists the options", argument);
    } else if (is_flag(*found->which)) {
      parsed.error =
          equals == argument.npos ? set(*found, flag, {}) : fmt::format("{} takes no value", flag);
    } else if (equals != argument.npos) {
      parsed.error = set(*found, flag, argument.substr(equals + 1));
    } else if (i + 1 < argc) {
      parsed.error = set(*found, flag, argv[++i]);
    } else {
      parsed.error = fmt::format("{} needs a value: {} {}", flag, flag, found->which->value_name);
    }
  }
  if (form.has_variables && parsed.error.empty()) {
    parsed.error = from_environment(environ_like, groups, given, parsed.notes);
  }
  if (parsed.error.empty()) parsed.error = missing_option(groups, given, form.has_variables);
  return parsed;
}

std::string options_help(std::string_view program, std::span<const option_group> groups,
                         const command_line_form& form) {
  std::string text =
      fmt::format("Usage: {} {}\n\nOptions{}:\n", program, form.usage,
                  form.has_variables ? ", each with the variable that sets it too" : "");
  for (const option_group& group : groups) {
    for (const option& each : group.options) {
      const std::string_view space = is_flag(each) ? "" : " ";
      text += fmt::format("  {:<33}{}", fmt::format("--{}{}{}", each.name, space, each.value_name),
                          each.help);
      if (each.is_required) text += " (required)";
      if (each.shown != nullptr) text += fmt::format(" ({})", each.shown(group.target));
      text += '\n';
      if (!form.has_variables) continue;
      text += fmt::format("{:35}{}\n", "", environment_name(each.name, group.prefix));
    }
  }
  text += fmt::format("  {:<33}{}\n", "--help", "this text");
  return text;
}

}  // namespace ferrule
