#include "ferrule/api/docs_page.hpp"

#include <string_view>

#include "ferrule/api/html.hpp"

namespace ferrule::detail {
namespace {

constexpr std::string_view page_opening =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}"
    "pre{background:#8881;padding:1rem;overflow-x:auto}h2{border-top:1px solid #8886;"
    "padding-top:1rem}table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;"
    "padding:.2rem 1rem .2rem 0}:root{color-scheme:light dark}</style>\n";

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

constexpr std::string_view reference = R"({"$ref":"#/components/schemas/)";

/// JSON, each reference to a component a link to it.
std::string with_links(std::string_view json) {
  std::string html;
  for (;;) {
    const std::size_t at = json.find(reference);
    html += escape_html(json.substr(0, at));
    if (at == json.npos) return html;
    json.remove_prefix(at + reference.size());
    const std::size_t end = json.find('"');
    const std::string name = escape_html(json.substr(0, end));
    html += "<a href=\"#type-" + name + "\">" + name + "</a>";
    json.remove_prefix(end + 2);  // "}
  }
}

/// JSON over several lines: a member a line, down to the members of members. References stay whole.
std::string indented(std::string_view json) {
  constexpr int levels_max = 2;
  std::string text;
  int level = 0;
  bool in_string = false;
  const auto new_line = [&] {
    text.append(1, '\n').append(static_cast<std::size_t>(level) * 2, ' ');
  };
  for (std::size_t i = 0; i != json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      text += c;
      if (c == '\\') text += json[++i];
      in_string = c != '"';
      continue;
    }
    if (json.substr(i).starts_with(reference)) {
      const std::size_t end = json.find('}', i);
      text.append(json.substr(i, end + 1 - i));
      i = end;
      continue;
    }
    in_string = c == '"';
    const bool closes = c == '}' || c == ']';
    if (closes && level-- <= levels_max && json[i - 1] != '{' && json[i - 1] != '[') new_line();
    text += c;
    if (c == '{' || c == '[') {
      const bool is_empty = json[i + 1] == '}' || json[i + 1] == ']';
      if (++level <= levels_max && !is_empty) new_line();
    } else if (c == ',' && level <= levels_max) {
      new_line();
    }
  }
  return text;
}

std::string content_text(const openapi_content& content) {
  std::string html;
  for (const auto& [type, media] : content) {
    html +=
        "<div>" + escape_html(type) + " <code>" + with_links(media.schema.text()) + "</code></div>";
    const bool has_example = media.examples && media.examples->contains("example");
    if (!has_example) continue;
    html += "<pre>" + escape_html(indented(media.examples->at("example").value.text())) + "</pre>";
  }
  return html;
}

std::string parameters_table(const std::vector<openapi_parameter>& parameters) {
  if (parameters.empty()) return {};
  std::string html = "<table><tr><th>Parameter<th>In<th>Schema</tr>\n";
  for (const openapi_parameter& each : parameters) {
    html += "<tr><td><code>" + escape_html(each.name) + "</code>" +
            (each.required ? "" : " (optional)") + "</td><td>" + escape_html(each.in) +
            "</td><td><code>" + with_links(each.schema.text()) + "</code></td></tr>\n";
  }
  return html + "</table>\n";
}

/// What is said of an operation, and what its caller has to show.
std::string words_of(const openapi_operation& operation) {
  std::string html;
  if (operation.deprecated) html += "<p><strong>Deprecated.</strong></p>\n";
  if (operation.summary) html += "<p>" + escape_html(*operation.summary) + "</p>\n";
  if (operation.description) html += "<p>" + escape_html(*operation.description) + "</p>\n";
  if (!operation.security) return html;
  html += "<p>Asks for:";
  for (const auto& [scheme, scopes] : operation.security->front())
    html += " " + escape_html(scheme);
  return html + "</p>\n";
}

std::string operation_text(const openapi_operation& operation) {
  std::string html = words_of(operation) + parameters_table(operation.parameters);
  if (operation.requestBody) {
    html += "<h3>Body</h3>\n" + content_text(operation.requestBody->content) + "\n";
  }
  html += "<h3>Responses</h3>\n<table>\n";
  for (const auto& [status, answer] : operation.responses) {
    html += "<tr><td>" + escape_html(status) + "</td><td>" + escape_html(answer.description) +
            "</td><td>" + (answer.content ? content_text(*answer.content) : std::string()) +
            "</td></tr>\n";
  }
  return html + "</table>\n";
}

}  // namespace

std::string openapi_builder::finish_page(const openapi_info& info) && {
  const std::string title = escape_html(info.title);
  std::string index;
  std::string operations;
  for (const auto& [path, methods] : paths_) {
    for (const auto& [method, operation] : methods) {
      const std::string name = upper_case(method) + " " + path;
      const std::string anchor = escape_html(method + path);
      index += "<li><a href=\"#" + anchor + "\"><code>" + escape_html(name) + "</code></a></li>\n";
      operations += "<h2 id=\"" + anchor + "\"><code>" + escape_html(name) + "</code></h2>\n" +
                    operation_text(operation);
    }
  }
  std::string html(page_opening);
  html += "<title>" + title + "</title>\n<h1>" + title + " <small>" + escape_html(info.version) +
          "</small></h1>\n";
  if (info.description) html += "<p>" + escape_html(*info.description) + "</p>\n";
  html += "<ul>\n" + index + "</ul>\n" + operations + "<h2>Types</h2>\n";
  for (const auto& [name, schema] : types_.list()) {
    html += "<h3 id=\"type-" + escape_html(name) + "\">" + escape_html(name) + "</h3>\n<pre>" +
            with_links(indented(schema)) + "</pre>\n";
  }
  return html + "</html>\n";
}

}  // namespace ferrule::detail
