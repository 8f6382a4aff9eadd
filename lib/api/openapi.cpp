#include "ferrule/api/openapi.hpp"

#include <algorithm>
#include <stdexcept>

#include "ferrule/http/fields.hpp"
#include "ferrule/http/status.hpp"
#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace ferrule::detail {

/// What `write_problem` writes, for its schema.
namespace problem_form {
struct invalid_value {
  std::string detail;
  std::optional<std::string> pointer;
  std::optional<std::string> parameter;
};
struct problem {
  std::string type;
  std::string title;
  int status;
  std::optional<std::string> detail;
  std::optional<std::string> instance;
  std::optional<std::string> trace_id;
  std::optional<std::vector<invalid_value>> errors;
};
}  // namespace problem_form

namespace {

struct scheme_object {
  std::string_view type;
  std::optional<std::string_view> scheme{};
  std::optional<std::string_view> in{};
  std::optional<std::string_view> name{};
  std::optional<std::string_view> description{};
};
struct openapi_components {
  json::raw schemas;
  std::optional<std::map<std::string, scheme_object>> securitySchemes;  // NOLINT: the format's name
};
struct info_object {
  std::string_view title;
  std::string_view version;
  std::optional<std::string_view> description;
};
struct openapi_document {
  std::string_view openapi;
  info_object info;
  std::map<std::string, std::map<std::string, openapi_operation>> paths;
  openapi_components components;
};

struct form_object {
  std::string_view type = "object";
  std::map<std::string, json::raw> properties{};
  std::vector<std::string> required{};
};

/// "/files/{path...}" as "/files/{path}".
std::string template_of(std::string_view path) {
  std::string text(path);
  if (text.ends_with("...}")) text.replace(text.size() - 4, 3, "");
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

json::raw raw_of(const buffer& text) { return json::raw::trusted(std::string(text.view())); }

std::optional<json::raw> example_of(const problem& what) {
  buffer text;
  write_problem(text, what, {});
  return raw_of(text);
}
scheme_object object_of(const security_scheme& shown) {
  using enum security_scheme::kind;
  scheme_object object{.type = "apiKey"};
  if (!shown.description.empty()) object.description = shown.description;
  if (shown.how == bearer || shown.how == basic) {
    object.type = "http";
    object.scheme = shown.how == bearer ? "bearer" : "basic";
  } else {
    object.in = shown.how == header ? "header" : shown.how == cookie ? "cookie" : "query";
    object.name = shown.field;
  }
  return object;
}

std::optional<std::string_view> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// Gives each form of a body this example.
void add_example(openapi_content& content, std::string_view text) {
  if (!json::read<json::raw>(text)) {
    throw std::invalid_argument("an example in an endpoint_description is no JSON: " +
                                std::string(text));
  }
  for (auto& [type, media] : content) {
    media.examples = {{"example", {json::raw::trusted(std::string(text))}}};
  }
}

problem_description usual_problems(json::components& types) {
  return {std::string(problem_content_type),
          schema_of_type<problem_form::problem>(types, json::schema_use::written), example_of};
}

}  // namespace

// First of all types, so that no type of a contract takes the name `problem` from it.
openapi_builder::openapi_builder(const openapi_info& about)
    : problems_(about.problems == nullptr ? usual_problems(types_) : about.problems(types_)) {}

openapi_operation& openapi_builder::add(const pattern& shape) {
  return paths_[template_of(shape.path())][lower_case(to_string(shape.verb))];
}

openapi_media& openapi_builder::problem_media(openapi_operation& to, const std::string& status,
                                              std::string_view title) {
  openapi_response& answer = to.responses[status];
  if (answer.description.empty()) {
    answer.description = title;
  } else if (answer.description.find(title) == std::string::npos) {
    answer.description.append("; ").append(title);
  }
  if (!answer.content) answer.content.emplace();
  openapi_media& media = (*answer.content)[problems_.content_type];
  media.schema = problems_.schema;
  return media;
}

void openapi_builder::add_problem(openapi_operation& to, std::string_view name,
                                  const problem& what) {
  const std::string_view title =
      what.title.empty() ? reason_phrase(what.status) : what.title.view();
  openapi_media& media = problem_media(to, std::to_string(what.status), title);
  auto example = problems_.example(what);
  if (!example) return;
  if (!media.examples) media.examples.emplace();
  media.examples->insert_or_assign(std::string(name), openapi_example{*std::move(example)});
}

void openapi_builder::add_refusal(openapi_operation& to, int status) {
  problem_media(to, std::to_string(status), reason_phrase(status));
}

void openapi_builder::add_security(openapi_operation& to, const security_scheme& shown) {
  const auto [known, is_new] = schemes_.emplace(shown.name, shown);
  if (!is_new && known->second != shown) {
    throw std::invalid_argument("two security schemes have the name " + known->first);
  }
  if (!to.security) to.security.emplace(1);
  to.security->front().emplace(shown.name, std::vector<std::string>());
  // These have a place of their own in the document, which says that it ignores others.
  const std::string_view field =
      shown.field.empty() ? std::string_view("Authorization") : shown.field;
  std::erase_if(to.parameters, [&](const openapi_parameter& each) {
    return equal_ignoring_case(each.name, field) && each.in != "path";
  });
}

void openapi_builder::describe(openapi_operation& described, const endpoint_description& words) {
  if (!words.tag.empty()) described.tags = {words.tag};
  described.summary = unless_empty(words.summary);
  described.description = unless_empty(words.description);
  described.operationId = unless_empty(words.operation_id);
  if (words.deprecated) described.deprecated = true;
  if (!words.request_example.empty() && described.requestBody) {
    add_example(described.requestBody->content, words.request_example);
  }
  for (auto& [status, answer] : described.responses) {
    if (!status.starts_with('2')) continue;
    if (!words.response_example.empty() && answer.content) {
      add_example(*answer.content, words.response_example);
    }
    for (const described_header& each : words.response_headers) {
      if (!answer.headers) answer.headers.emplace();
      answer.headers->insert_or_assign(
          std::string(each.name), openapi_header{std::string(each.description), text_schema()});
    }
  }
}

void openapi_builder::add_any_problem(openapi_operation& to) {
  problem_media(to, "default", "A problem");
}

json::raw openapi_builder::finish(const openapi_info& info) && {
  buffer schemas;
  types_.write(schemas);
  openapi_components components{raw_of(schemas), std::nullopt};
  for (const auto& [name, scheme] : schemes_) {
    if (!components.securitySchemes) components.securitySchemes.emplace();
    components.securitySchemes->emplace(name, object_of(scheme));
  }
  buffer text;
  json::write(text, openapi_document{"3.1.0",
                                     {info.title, info.version, info.description},
                                     std::move(paths_),
                                     std::move(components)});
  return raw_of(text);
}

json::raw text_schema(const json::member_limits& limits) {
  buffer out;
  out.append(R"({"type":"string"})");
  json::detail::add_size_limits(out, limits, "Length");
  return raw_of(out);
}

json::raw list_schema(const json::raw& items, const json::member_limits& limits) {
  buffer out;
  json::detail::put(out, R"({"type":"array","items":)", items.text());
  out.append('}');
  json::detail::add_size_limits(out, limits, "Items");
  return raw_of(out);
}

json::raw form_schema(const std::vector<openapi_parameter>& members) {
  form_object described;
  for (const openapi_parameter& each : members) {
    described.properties.emplace(each.name, each.schema);
    if (each.required) described.required.push_back(each.name);
  }
  return json::raw::trusted(json::write(described));
}

json::raw with_default(const json::raw& schema, std::string_view value) {
  std::string text(schema.text());
  text.pop_back();
  return json::raw::trusted(text.append(R"(,"default":)").append(value) + '}');
}

openapi_response described_response(int status) {
  return {.description = std::string(reason_phrase(status))};
}

openapi_header location_header(std::string description) {
  return {.description = std::move(description),
          .schema = json::raw::trusted(R"({"type":"string","format":"uri-reference"})")};
}

}  // namespace ferrule::detail
