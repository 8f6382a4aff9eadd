#include "load/openapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "ferrule/json/raw.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::load {
namespace {

using object = std::map<std::string, json::raw>;
using array = std::vector<json::raw>;

constexpr int depth_max = 16;  // of references and of schemas in one another

/// The value as a `T`; an empty one when it is something else.
template <class T>
T as(const json::raw& value) {
  auto read = json::read<T>(value.text());
  return read ? std::move(*read) : T();
}

bool is_null(const json::raw& value) { return value.text() == "null"; }

json::raw member(const object& of, const std::string& name) {
  const auto found = of.find(name);
  return found == of.end() ? json::raw() : found->second;
}

/// An OpenAPI document, and how its references are followed.
class document {
 public:
  explicit document(object root) : root_(std::move(root)) {}

  const object& root() const noexcept { return root_; }

  /// The object that `value` is or refers to.
  object follow(json::raw value) const {
    for (int depth = 0; depth != depth_max; ++depth) {
      object read = as<object>(value);
      const auto reference = read.find("$ref");
      if (reference == read.end()) return read;
      value = find(as<std::string>(reference->second));
    }
    return {};
  }

  /// An example of what a schema describes, as JSON.
  json::raw example_of(const json::raw& schema_value, int depth = 0) const {
    const object schema = follow(schema_value);
    if (depth == depth_max) return {};
    for (const char* name : {"example", "const", "default"}) {
      if (const json::raw given = member(schema, name); !is_null(given)) return given;
    }
    for (const char* name : {"examples", "enum"}) {
      if (const array given = as<array>(member(schema, name)); !given.empty()) return given[0];
    }
    for (const char* name : {"oneOf", "anyOf", "allOf"}) {
      const array given = as<array>(member(schema, name));
      if (!given.empty()) return example_of(given[0], depth + 1);
    }
    return example_of_type(schema, depth);
  }

 private:
  /// "#/components/schemas/user".
  json::raw find(std::string_view pointer) const {
    if (!pointer.starts_with("#/")) return {};
    object at = root_;
    json::raw found;
    pointer.remove_prefix(2);
    for (;;) {
      const std::size_t slash = pointer.find('/');
      found = member(at, std::string(pointer.substr(0, slash)));
      if (slash == pointer.npos) return found;
      at = as<object>(found);
      pointer.remove_prefix(slash + 1);
    }
  }

  json::raw example_of_type(const object& schema, int depth) const {
    const json::raw type_value = member(schema, "type");
    const auto types = as<std::vector<std::string>>(type_value);
    const std::string type = types.empty() ? as<std::string>(type_value) : types.front();
    if (type == "integer" || type == "number") return json::raw::trusted(number_of(schema));
    if (type == "boolean") return json::raw::trusted("true");
    if (type == "string") return json::raw::trusted(json::write(text_of(schema)));
    if (type == "array") {
      const auto least = static_cast<std::size_t>(as<double>(member(schema, "minItems")));
      return json::raw::trusted(json::write(array(std::min<std::size_t>(least, 100),
                                                  example_of(member(schema, "items"), depth + 1))));
    }
    const object properties = follow(member(schema, "properties"));
    object made;
    for (const auto& name : as<std::vector<std::string>>(member(schema, "required"))) {
      made.emplace(name, example_of(member(properties, name), depth + 1));
    }
    return json::raw::trusted(json::write(made));
  }

  /// 1, or what is nearest to it.
  static std::string number_of(const object& schema) {
    const json::raw least = member(schema, "minimum");
    const json::raw most = member(schema, "maximum");
    if (!is_null(least) && as<double>(least) > 1) return std::string(least.text());
    if (!is_null(most) && as<double>(most) < 1) return std::string(most.text());
    return "1";
  }

  static std::string text_of(const object& schema) {
    const auto format = as<std::string>(member(schema, "format"));
    if (format == "date-time") return "2026-01-01T00:00:00Z";
    if (format == "date") return "2026-01-01";
    if (format == "uuid") return "00000000-0000-4000-8000-000000000000";
    if (format == "email") return "someone@example.com";
    if (format.starts_with("uri")) return "http://example.com/";
    const auto least = static_cast<std::size_t>(as<double>(member(schema, "minLength")));
    return std::string(std::clamp<std::size_t>(least, 1, 10000), 'x');
  }

  object root_;
};

/// How a value stands in a path or a query: text without its quotes, escaped.
std::string in_url(const json::raw& value) {
  const auto read = json::read<std::string>(value.text());
  std::string escaped;
  for (const char c : read ? std::string_view(*read) : value.text()) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

/// The example of a parameter or of a body's media type.
json::raw example_in(const document& in, const object& described) {
  if (const json::raw given = member(described, "example"); !is_null(given)) return given;
  const object examples = as<object>(member(described, "examples"));
  if (!examples.empty()) return member(in.follow(examples.begin()->second), "value");
  return in.example_of(member(described, "schema"));
}

/// Puts the parameters of an operation, or of its path, into the request.
void add_parameters(const document& in, const json::raw& list, request_source& to) {
  for (const json::raw& each : as<array>(list)) {
    const object parameter = in.follow(each);
    const auto name = as<std::string>(member(parameter, "name"));
    const auto where = as<std::string>(member(parameter, "in"));
    const bool is_required = as<bool>(member(parameter, "required"));
    const json::raw value = example_in(in, parameter);
    const std::string place = fmt::format("{{{}}}", name);
    const std::size_t at = to.target.find(place);
    if (where == "path" && at != to.target.npos) {
      to.target.replace(at, place.size(), in_url(value));
    } else if (where == "query" && is_required) {
      to.target += to.target.find('?') == to.target.npos ? '?' : '&';
      to.target += fmt::format("{}={}", name, in_url(value));
    } else if (where == "header" && is_required) {
      const auto text = json::read<std::string>(value.text());
      to.headers.emplace_back(name, text ? *text : std::string(value.text()));
    }
  }
}

void add_body(const document& in, const json::raw& described, request_source& to) {
  const object content = as<object>(member(in.follow(described), "content"));
  if (content.empty()) return;
  const bool has_json = content.contains("application/json");
  const auto chosen = has_json ? content.find("application/json") : content.begin();
  const json::raw example = example_in(in, as<object>(chosen->second));
  const auto text = json::read<std::string>(example.text());
  to.body = has_json || !text ? std::string(example.text()) : *text;
  to.headers.emplace_back("Content-Type", chosen->first);
}

/// The statuses of success that an operation may answer with; empty when they are not all named.
std::vector<int> statuses_of(const object& responses) {
  std::vector<int> statuses;
  for (const auto& [name, response] : responses) {
    int status = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), status);
    if (error != std::errc() || end != name.data() + name.size()) return {};  // "2XX", "default"
    if (status < 400) statuses.push_back(status);
  }
  return statuses;
}

/// What the paths are relative to: the path of the first server.
std::string base_path(const document& in) {
  const array servers = as<array>(member(in.root(), "servers"));
  if (servers.empty()) return {};
  auto url = as<std::string>(member(as<object>(servers[0]), "url"));
  const std::size_t scheme = url.find("://");
  if (scheme != url.npos) {
    const std::size_t path = url.find('/', scheme + 3);
    url = path == url.npos ? "" : url.substr(path);
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == list.npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

}  // namespace

result<std::vector<request_source>, std::string> openapi_requests(std::string_view text,
                                                                  std::string_view methods) {
  auto root = json::read<object>(text);
  if (!root) return fail(std::string("it is not a JSON document"));
  const document in(std::move(*root));
  const object paths = as<object>(member(in.root(), "paths"));
  if (paths.empty()) return fail(std::string("it is no OpenAPI document with paths"));
  const std::string base = base_path(in);
  std::vector<request_source> sources;
  for (const auto& [path, described] : paths) {
    const object operations = in.follow(described);
    for (const std::string& method : split(methods)) {
      const auto found = operations.find(lower(method));
      if (found == operations.end()) continue;
      const object operation = as<object>(found->second);
      request_source source{.name = fmt::format("{} {}", method, path),
                            .method = method,
                            .target = base + path,
                            .statuses = statuses_of(as<object>(member(operation, "responses")))};
      add_parameters(in, member(operations, "parameters"), source);
      add_parameters(in, member(operation, "parameters"), source);
      add_body(in, member(operation, "requestBody"), source);
      sources.push_back(std::move(source));
    }
  }
  if (sources.empty()) return fail(fmt::format("it has no operation with {}", methods));
  return sources;
}

}  // namespace ferrule::load
