#include "load/openapi.hpp"

#include <gtest/gtest.h>

#include "ferrule/api/openapi.hpp"

namespace ferrule::load {
namespace {

constexpr std::string_view document = R"({
  "openapi": "3.1.0", "servers": [{"url": "https://example.com/v1/"}],
  "paths": {
    "/users/{id}": {
      "summary": "one user",
      "parameters": [{"name": "id", "in": "path", "required": true,
                      "schema": {"type": "integer", "minimum": 7}}],
      "get": {
        "parameters": [
          {"name": "full", "in": "query", "required": true, "schema": {"type": "boolean"}},
          {"name": "page", "in": "query", "schema": {"type": "integer"}},
          {"name": "X-Key", "in": "header", "required": true, "example": "secret"}],
        "responses": {"200": {}, "304": {}, "404": {}}},
      "put": {
        "requestBody": {"content": {"application/json": {
          "schema": {"$ref": "#/components/schemas/user"}}}},
        "responses": {"2XX": {}}}},
    "/files/{name}": {
      "get": {"parameters": [{"$ref": "#/components/parameters/name"}], "responses": {}}}},
  "components": {
    "parameters": {"name": {"name": "name", "in": "path", "required": true,
                            "examples": {"one": {"value": "a b/c"}}}},
    "schemas": {
      "user": {"type": "object", "required": ["name", "tags", "boss", "born", "kind"],
        "properties": {
          "name": {"type": "string", "minLength": 3},
          "nick": {"type": "string"},
          "tags": {"type": "array", "minItems": 2, "items": {"type": "number", "maximum": 0.5}},
          "boss": {"type": ["object", "null"]},
          "born": {"type": "string", "format": "date"},
          "kind": {"enum": ["guest", "host"]}}},
      "endless": {"type": "object", "required": ["next"],
        "properties": {"next": {"$ref": "#/components/schemas/endless"}}}}}})";

TEST(openapi, operations_become_requests) {
  const auto sources = openapi_requests(document, "GET");
  ASSERT_TRUE(sources) << sources.error();
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_EQ((*sources)[0].name, "GET /files/{name}");
  EXPECT_EQ((*sources)[0].target, "/v1/files/a%20b%2Fc");
  EXPECT_EQ((*sources)[1].target, "/v1/users/7?full=true");
  EXPECT_EQ((*sources)[1].statuses, (std::vector<int>{200, 304}));
  ASSERT_EQ((*sources)[1].headers.size(), 1U);
  EXPECT_EQ((*sources)[1].headers[0].second, "secret");
}

TEST(openapi, bodies_follow_their_schemas) {
  const auto sources = openapi_requests(document, "PUT,PATCH");
  ASSERT_TRUE(sources) << sources.error();
  ASSERT_EQ(sources->size(), 1U);
  const request_source& put = sources->front();
  EXPECT_EQ(put.body,
            R"({"born":"2026-01-01","boss":{},"kind":"guest","name":"xxx","tags":[0.5,0.5]})");
  EXPECT_EQ(put.headers.front().second, "application/json");
  EXPECT_TRUE(put.statuses.empty());
}

TEST(openapi, endless_schemas_come_to_an_end) {
  std::string text(document);
  text.replace(text.find("schemas/user\""), 13, "schemas/endless\"");
  EXPECT_TRUE(openapi_requests(text, "PUT"));
}

TEST(openapi, what_is_none_is_refused) {
  for (const char* wrong : {"", "[]", "{}", R"({"paths":{}})", R"({"paths":[1]})"}) {
    EXPECT_FALSE(openapi_requests(wrong, "GET")) << wrong;
  }
  EXPECT_EQ(openapi_requests(document, "DELETE").error(), "it has no operation with DELETE");
}

struct new_item {
  std::string name;
  int count = 0;
};
constexpr endpoint<"GET /items/{id}", new_item(std::uint64_t)> get_item{};
constexpr endpoint<"POST /items", new_item(json_body<new_item>)> add_item{};
constexpr contract items(get_item, add_item);

TEST(openapi, reads_what_ferrule_writes) {
  const json::raw written = ferrule::openapi(items, {.title = "Items", .version = "1"});
  const auto sources = openapi_requests(written.text(), "GET,POST");
  ASSERT_TRUE(sources) << sources.error();
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_EQ((*sources)[0].body, R"({"count":1,"name":"x"})");
  EXPECT_EQ((*sources)[1].target, "/items/1");
}

}  // namespace
}  // namespace ferrule::load
