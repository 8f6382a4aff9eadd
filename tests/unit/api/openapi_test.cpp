#include "ferrule/api/openapi.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "ferrule/json/patch.hpp"

namespace shop {
struct article {
  std::uint64_t id;
  std::string name;
};
struct draft {
  std::string name;
  std::optional<article> like;
};
enum class order { cheap, best };
struct page {
  std::uint32_t limit = 20;
  std::optional<std::uint64_t> after;
  std::vector<order> by;
  std::string_view text;
  order first = order::best;
};
struct code {
  int number = 0;
};
inline bool parse_parameter(std::string_view text, code& out) {
  return ferrule::parse_parameter(text, out.number);
}
enum class error { no_such_article, sold_out, taken };
constexpr ferrule::problem to_problem(error e) noexcept {
  if (e == error::no_such_article) return {.status = 404};
  if (e == error::sold_out) return {.status = 409, .title = "Sold out"};
  return {.status = 409, .title = "Name taken", .type = "https://example.com/taken"};
}
enum class draft_error { nameless };
inline ferrule::problem to_problem(draft_error) {
  return {.status = 422, .title = "Nameless", .errors = {{.detail = "a", .pointer = "/name"}}};
}
struct detailed_error {
  std::string why;
};
inline ferrule::problem to_problem(const detailed_error& e) { return {.detail = e.why}; }

using namespace ferrule;
constexpr endpoint<"GET /articles/{id}", article(std::uint64_t id), error> get{};
constexpr endpoint<"DELETE /articles/{id}", void(path<"id", std::uint64_t>), error> remove{};
constexpr endpoint<"POST /articles", created<article>(json_body<draft>), draft_error> add{};
constexpr endpoint<"GET /articles", std::vector<article>(query<page>, header<"X-Tag">)> list{};
constexpr endpoint<"GET /files/{name}/{path...}", std::string(path<"path", std::string>, code)>
    read_file{};
constexpr endpoint<"PUT /raw", std::optional<article>(body), problem> put_raw{};
constexpr endpoint<"GET /detailed", no_content(), detailed_error> detailed{};
constexpr contract api(get, remove, add, list, read_file, put_raw, detailed);
}  // namespace shop

namespace described {
struct account {
  std::string_view name;
};
struct key {};
using namespace ferrule;
constexpr endpoint<"DELETE /a", std::string()> remove{};
constexpr described_header headers[] = {{"ETag", "of this version"}};
}  // namespace described

template <>
struct ferrule::extractor<described::account> {
  static result<described::account, problem> extract(header<"Authorization"> sent,
                                                     header<"X-Trace">) {
    return described::account{sent.value_or("")};
  }
  static constexpr security_scheme security{.name = "token", .description = "From /login"};
};
template <>
struct ferrule::extractor<described::key> {
  static described::key extract(cookie<"sid">) { return {}; }
  static constexpr security_scheme security{
      .name = "session", .how = security_scheme::kind::cookie, .field = "sid"};
};

namespace described {
constexpr endpoint<"PUT /a/{id}", with_status<shop::draft, 200, 201>(
                                      std::uint64_t, json_body<shop::draft>, account, key)>
    put{};
constexpr endpoint<"GET /a", void(account)> get{};
constexpr contract api(put, get, remove);
}  // namespace described

template <>
inline constexpr ferrule::endpoint_description
    ferrule::description_of<decltype(described::put)>{
        .summary = "Puts \"it\"",
        .description = "At length.",
        .tag = "as",
        .operation_id = "putA",
        .deprecated = true,
        .request_example = R"({"name":"new"})",
        .response_example = R"({"name":"old"})",
        .response_headers = described::headers};

namespace ferrule {
namespace {

namespace dom = simdjson::dom;

const json::raw& document() {
  static const json::raw text =
      openapi(shop::api, {.title = "Shop", .version = "1.2.0", .description = "Sells \"rings\""});
  return text;
}

/// What a JSON pointer leads to, as text; "(nothing)" if it leads nowhere.
std::string text_at(dom::element root, const std::string& pointer) {
  dom::element found;
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(nothing)";
  return simdjson::minify(found);
}

class openapi_document : public testing::Test {
 protected:
  openapi_document() : root(parser_.parse(std::string(document().text()))) {}

  std::string at(const std::string& pointer) { return text_at(root, pointer); }
  static std::string path(std::string text) {
    std::string escaped = "/paths/";
    for (const char c : text) escaped += c == '/' ? std::string("~1") : std::string(1, c);
    return escaped;
  }

 private:
  dom::parser parser_;

 protected:
  dom::element root;
};

void collect_references(dom::element from, std::set<std::string>& into) {
  if (from.is_array()) {
    for (dom::element each : dom::array(from)) collect_references(each, into);
  } else if (from.is_object()) {
    for (auto [key, value] : dom::object(from)) {
      if (key == "$ref") into.emplace(std::string_view(value));
      collect_references(value, into);
    }
  }
}

TEST_F(openapi_document, has_what_every_document_must_have) {
  EXPECT_EQ(at("/openapi"), R"("3.1.0")");
  EXPECT_EQ(at("/info"), R"({"title":"Shop","version":"1.2.0","description":"Sells \"rings\""})");
  for (auto [path_text, item] : dom::object(root["paths"])) {
    EXPECT_EQ(path_text[0], '/');
    for (auto [verb, operation] : dom::object(item)) {
      dom::object responses = operation["responses"];
      EXPECT_NE(responses.size(), 0U) << path_text;
      for (auto [status, answer] : responses) {
        EXPECT_NE(std::string_view(answer["description"]), "") << path_text << status;
      }
    }
  }
}

TEST_F(openapi_document, refers_only_to_what_is_there) {
  std::set<std::string> references;
  collect_references(root, references);
  EXPECT_EQ(references.size(), 5U);  // article, article.read, draft, problem, invalid_value
  for (const std::string& each : references) {
    ASSERT_EQ(each[0], '#') << each;
    EXPECT_NE(at(each.substr(1)), "(nothing)") << each;
  }
}

TEST_F(openapi_document, closes_what_is_sent_and_leaves_answers_open) {
  const std::string members =
      R"("type":"object","properties":{"id":{"type":"integer","minimum":0,)"
      R"("maximum":18446744073709551615},"name":{"type":"string"}},"required":["id","name"])";
  EXPECT_EQ(at("/components/schemas/article"), '{' + members + '}');
  EXPECT_EQ(at("/components/schemas/article.read"),
            '{' + members + R"(,"additionalProperties":false})");
  EXPECT_EQ(at("/components/schemas/draft/additionalProperties"), "false");
  EXPECT_EQ(at("/components/schemas/draft/properties/like"),
            R"({"anyOf":[{"$ref":"#/components/schemas/article.read"},{"type":"null"}]})");
}

TEST_F(openapi_document, holds_a_path_once_with_all_its_methods) {
  std::string all;
  for (auto [path_text, item] : dom::object(root["paths"])) {
    all += std::string(path_text) + ':';
    for (auto [verb, operation] : dom::object(item)) all += ' ' + std::string(verb);
    all += '\n';
  }
  EXPECT_EQ(all,
            "/articles: get post\n"
            "/articles/{id}: delete get\n"
            "/detailed: get\n"
            "/files/{name}/{path}: get\n"
            "/raw: put\n");
}

TEST_F(openapi_document, describes_path_parameters) {
  const std::string id = R"([{"name":"id","in":"path","required":true,"schema":)"
                         R"({"type":"integer","minimum":0,"maximum":18446744073709551615}}])";
  EXPECT_EQ(at(path("/articles/{id}") + "/get/parameters"), id);
  EXPECT_EQ(at(path("/articles/{id}") + "/delete/parameters"), id);
  EXPECT_EQ(at(path("/files/{name}/{path}") + "/get/parameters"),
            R"([{"name":"path","in":"path","required":true,"schema":{"type":"string"}},)"
            R"({"name":"name","in":"path","required":true,"schema":{"type":"string"}}])");
}

TEST_F(openapi_document, describes_query_and_header_parameters) {
  const std::string parameters = path("/articles") + "/get/parameters/";
  const auto parameter = [](std::string_view name, std::string_view required,
                            std::string_view schema) {
    return R"({"name":")" + std::string(name) + R"(","in":"query","required":)" +
           std::string(required) + R"(,"schema":)" + std::string(schema) + '}';
  };
  EXPECT_EQ(at(parameters + "0"),
            parameter("limit", "false",
                      R"({"type":"integer","minimum":0,"maximum":4294967295,"default":20})"));
  EXPECT_EQ(at(parameters + "1"),
            parameter("after", "false",
                      R"({"type":"integer","minimum":0,"maximum":18446744073709551615})"));
  EXPECT_EQ(at(parameters + "2"),
            parameter("by", "false",
                      R"({"type":"array","items":{"type":"string","enum":["cheap","best"]}})"));
  EXPECT_EQ(at(parameters + "3"), parameter("text", "true", R"({"type":"string"})"));
  EXPECT_EQ(
      at(parameters + "4"),
      parameter("first", "false", R"({"type":"string","enum":["cheap","best"],"default":"best"})"));
  EXPECT_EQ(at(parameters + "5"),
            R"({"name":"X-Tag","in":"header","required":false,"schema":{"type":"string"}})");
}

TEST_F(openapi_document, describes_bodies) {
  EXPECT_EQ(at(path("/articles") + "/post/requestBody"),
            R"({"required":true,"content":{"application/json":)"
            R"({"schema":{"$ref":"#/components/schemas/draft"}}}})");
  EXPECT_EQ(at(path("/raw") + "/put/requestBody"),
            R"({"required":false,"content":{"*/*":{"schema":{}}}})");
  EXPECT_EQ(at(path("/articles") + "/get/requestBody"), "(nothing)");
}

TEST_F(openapi_document, describes_answers) {
  EXPECT_EQ(at(path("/articles/{id}") + "/get/responses/200"),
            R"({"description":"OK","content":{"application/json":)"
            R"({"schema":{"$ref":"#/components/schemas/article"}}}})");
  EXPECT_EQ(at(path("/articles/{id}") + "/delete/responses/204"),
            R"({"description":"No Content"})");
  EXPECT_EQ(at(path("/files/{name}/{path}") + "/get/responses/200/content"),
            R"({"text/plain":{"schema":{"type":"string"}}})");
  const std::string made = path("/articles") + "/post/responses/201";
  EXPECT_EQ(at(made + "/headers/Location/schema"), R"({"type":"string","format":"uri-reference"})");
  EXPECT_EQ(at(made + "/content/application~1json/schema/$ref"),
            R"("#/components/schemas/article")");
  EXPECT_NE(at(path("/raw") + "/put/responses/200"), "(nothing)");
  EXPECT_EQ(at(path("/raw") + "/put/responses/404/description"), R"("Not Found")");
}

TEST_F(openapi_document, describes_every_error_with_an_example) {
  const std::string responses = path("/articles/{id}") + "/get/responses/";
  EXPECT_EQ(at(responses + "404/description"), R"("Not Found")");
  EXPECT_EQ(at(responses + "409/description"), R"("Sold out; Name taken")");
  EXPECT_EQ(at(responses + "409/content/application~1problem+json/schema"),
            R"({"$ref":"#/components/schemas/problem"})");
  const std::string examples = responses + "409/content/application~1problem+json/examples/";
  EXPECT_EQ(at(examples + "sold_out/value"),
            R"({"type":"about:blank","title":"Sold out","status":409})");
  EXPECT_EQ(at(examples + "taken/value"),
            R"({"type":"https://example.com/taken","title":"Name taken","status":409})");
  EXPECT_EQ(at(examples + "no_such_article"), "(nothing)");
}

TEST_F(openapi_document, describes_what_is_refused_without_the_handler) {
  const std::string post = path("/articles") + "/post/responses/";
  EXPECT_EQ(at(post + "400/description"), R"("Bad Request")");
  EXPECT_EQ(at(post + "415/description"), R"("Unsupported Media Type")");
  EXPECT_EQ(at(post + "422/description"), R"("Unprocessable Content; Nameless")");
  EXPECT_EQ(at(post + "422/content/application~1problem+json/examples/nameless/value/errors"),
            R"([{"detail":"a","pointer":"/name"}])");
  EXPECT_NE(at(path("/articles") + "/get/responses/400"), "(nothing)");
  EXPECT_NE(at(path("/files/{name}/{path}") + "/get/responses/400"), "(nothing)");
  EXPECT_EQ(at(path("/raw") + "/put/responses/400"), "(nothing)");
}

TEST_F(openapi_document, has_one_answer_for_errors_that_cannot_be_listed) {
  for (const std::string& operation : {path("/detailed") + "/get", path("/raw") + "/put"}) {
    EXPECT_EQ(at(operation + "/responses/default"),
              R"({"description":"A problem","content":{"application/problem+json":)"
              R"({"schema":{"$ref":"#/components/schemas/problem"}}}})");
  }
}

TEST_F(openapi_document, describes_problems_as_they_are_written) {
  buffer written;
  detail::write_problem(written,
                        {.status = 422,
                         .title = "T",
                         .type = "https://example.com",
                         .detail = "d",
                         .instance = "/i",
                         .errors = {{"wrong", "/name"}, {"wrong", "", "limit"}}},
                        "0af7");
  dom::parser parser;
  for (auto [key, value] : dom::object(parser.parse(written.data(), written.size()))) {
    EXPECT_NE(at("/components/schemas/problem/properties/" + std::string(key)), "(nothing)") << key;
  }
  EXPECT_EQ(at("/components/schemas/problem/required"), R"(["type","title","status"])");
  EXPECT_EQ(at("/components/schemas/invalid_value/required"), R"(["detail"])");
}

TEST(openapi, describes_the_statuses_that_results_name) {
  static constexpr endpoint<"PUT /a", with_status<shop::article, 200, 201>()> put{};
  static constexpr endpoint<"POST /a", with_status<no_content, 202>()> post{};
  static constexpr endpoint<"GET /a", redirect<303, 307>()> get{};
  constexpr contract api(put, post, get);
  const std::string text(openapi(api, {.title = "A", .version = "1"}).text());
  dom::parser parser;
  const dom::element root = parser.parse(text);
  const auto responses = [&](const std::string& verb) {
    return std::string(simdjson::minify(root.at_pointer("/paths/~1a/" + verb + "/responses")));
  };
  const std::string content =
      R"("content":{"application/json":{"schema":{"$ref":"#/components/schemas/article"}}}})";
  EXPECT_EQ(responses("put"), R"({"200":{"description":"OK",)" + content +
                                  R"(,"201":{"description":"Created",)" + content + '}');
  EXPECT_EQ(responses("post"), R"({"202":{"description":"Accepted"}})");
  const std::string location = R"("headers":{"Location":{"description":"Where to go","schema":)"
                               R"({"type":"string","format":"uri-reference"}}}})";
  EXPECT_EQ(responses("get"), R"({"303":{"description":"See Other",)" + location +
                                  R"(,"307":{"description":"Temporary Redirect",)" + location +
                                  '}');
}

TEST(openapi, describes_header_fields_cookies_and_forms) {
  static constexpr endpoint<"POST /a", void(header<"X-N", std::uint8_t>,
                                            header<"X-List", std::vector<shop::order>>,
                                            cookie<"sid">, cookie<"n", bool>, form<shop::page>)>
      post{};
  constexpr contract api(post);
  const std::string text(openapi(api, {.title = "A", .version = "1"}).text());
  dom::parser parser;
  const dom::element root = parser.parse(text);
  const auto at = [&](const std::string& pointer) {
    return std::string(simdjson::minify(root.at_pointer("/paths/~1a/post" + pointer)));
  };
  EXPECT_EQ(at("/parameters"),
            R"([{"name":"X-N","in":"header","required":true,"schema":{"type":"integer",)"
            R"("minimum":0,"maximum":255}},{"name":"X-List","in":"header","required":false,)"
            R"("schema":{"type":"array","items":{"type":"string","enum":["cheap","best"]}}},)"
            R"({"name":"sid","in":"cookie","required":false,"schema":{"type":"string"}},)"
            R"({"name":"n","in":"cookie","required":true,"schema":{"type":"boolean"}}])");
  EXPECT_EQ(at("/requestBody/required"), "true");
  const std::string schema = "/requestBody/content/application~1x-www-form-urlencoded/schema";
  EXPECT_EQ(at(schema + "/type"), R"("object")");
  EXPECT_EQ(at(schema + "/properties/text"), R"({"type":"string"})");
  EXPECT_EQ(at(schema + "/properties/limit/default"), "20");
  EXPECT_EQ(at(schema + "/required"), R"(["text"])");
  for (const char* status : {"400", "415", "422"}) {
    EXPECT_NE(root.at_pointer("/paths/~1a/post/responses/" + std::string(status)).error(),
              simdjson::NO_SUCH_FIELD);
  }
}

struct rated {
  bounded<std::uint32_t, 1, 100> limit = 20;
  std::optional<bounded_text<1, 5>> filter_name;
  static constexpr json::renamed json_names[] = {
      {.member = "filter_name", .name = "filter[name]"}};
};

TEST(openapi, says_in_words_what_types_do_not) {
  const json::raw text = openapi(described::api, {.title = "A", .version = "1"});
  dom::parser parser;
  const dom::element root = parser.parse(std::string(text.text()));
  const auto at = [&](const std::string& pointer) { return text_at(root, pointer); };
  const std::string put = "/paths/~1a~1{id}/put";
  EXPECT_EQ(at(put + "/summary"), R"("Puts \"it\"")");
  EXPECT_EQ(at(put + "/description"), R"("At length.")");
  EXPECT_EQ(at(put + "/tags"), R"(["as"])");
  EXPECT_EQ(at(put + "/operationId"), R"("putA")");
  EXPECT_EQ(at(put + "/deprecated"), "true");
  EXPECT_EQ(at(put + "/requestBody/content/application~1json/examples/example/value"),
            R"({"name":"new"})");
  for (const std::string status : {"200", "201"}) {
    const std::string response = put + "/responses/" + status;
    EXPECT_EQ(at(response + "/content/application~1json/examples/example/value"),
              R"({"name":"old"})");
    EXPECT_EQ(at(response + "/headers/ETag"),
              R"({"description":"of this version","schema":{"type":"string"}})");
  }
  EXPECT_EQ(at(put + "/responses/400/headers"), "(nothing)");
  for (const char* member : {"summary", "description", "tags", "operationId", "deprecated"}) {
    EXPECT_EQ(at("/paths/~1a/delete/" + std::string(member)), "(nothing)");
  }
}

TEST(openapi, says_what_callers_have_to_show) {
  const json::raw text = openapi(described::api, {.title = "A", .version = "1"});
  dom::parser parser;
  const dom::element root = parser.parse(std::string(text.text()));
  const auto at = [&](const std::string& pointer) { return text_at(root, pointer); };
  EXPECT_EQ(at("/components/securitySchemes"),
            R"({"session":{"type":"apiKey","in":"cookie","name":"sid"},)"
            R"("token":{"type":"http","scheme":"bearer","description":"From /login"}})");
  EXPECT_EQ(at("/paths/~1a~1{id}/put/security"), R"([{"session":[],"token":[]}])");
  EXPECT_EQ(at("/paths/~1a/get/security"), R"([{"token":[]}])");
  EXPECT_EQ(at("/paths/~1a/delete/security"), "(nothing)");
  EXPECT_EQ(at("/paths/~1a/get/parameters"),
            R"([{"name":"X-Trace","in":"header","required":false,"schema":{"type":"string"}}])")
      << "what a scheme says is no parameter";
}

TEST(openapi, refuses_examples_that_are_no_json_and_schemes_of_one_name) {
  detail::openapi_builder builder({.title = "A", .version = "1"});
  detail::openapi_operation operation;
  operation.requestBody = {true, {{"application/json", {json::raw::trusted("{}")}}}};
  EXPECT_THROW(builder.describe(operation, {.request_example = "{"}), std::invalid_argument);
  builder.add_security(operation, {.name = "token"});
  builder.add_security(operation, {.name = "token"});
  EXPECT_THROW(
      builder.add_security(operation, {.name = "token", .how = security_scheme::kind::basic}),
      std::invalid_argument);
}

TEST(openapi, describes_limits_of_types_names_and_patches) {
  using code = matching<"[A-Z]{2}">;
  static constexpr endpoint<"PATCH /a/{code}",
                            shop::draft(code, query<rated>, header<"X-N", bounded<int, 0, 9>>,
                                        json_body<patch<shop::draft>>)>
      change{};
  constexpr contract api(change);
  const std::string text(openapi(api, {.title = "A", .version = "1"}).text());
  dom::parser parser;
  const dom::element root = parser.parse(text);
  const auto at = [&](const std::string& pointer) {
    return std::string(simdjson::minify(root.at_pointer("/paths/~1a~1{code}/patch" + pointer)));
  };
  EXPECT_EQ(at("/parameters"),
            R"([{"name":"code","in":"path","required":true,)"
            R"("schema":{"type":"string","pattern":"^[A-Z]{2}$"}},)"
            R"({"name":"limit","in":"query","required":false,)"
            R"("schema":{"type":"integer","minimum":1,"maximum":100,"default":20}},)"
            R"({"name":"filter[name]","in":"query","required":false,)"
            R"("schema":{"type":"string","minLength":1,"maxLength":5}},)"
            R"({"name":"X-N","in":"header","required":true,"schema":)"
            R"({"type":"integer","format":"int32","minimum":0,"maximum":9}}])");
  const std::string schema = R"({"$ref":"#/components/schemas/patch_shop.draft"})";
  EXPECT_EQ(at("/requestBody/content/application~1json/schema"), schema);
  EXPECT_EQ(at("/requestBody/content/application~1merge-patch+json/schema"), schema);
  EXPECT_NE(root.at_pointer("/paths/~1a~1{code}/patch/responses/400").error(),
            simdjson::NO_SUCH_FIELD);
}

TEST(openapi, of_an_empty_contract_is_a_document_too) {
  constexpr contract<> none;
  dom::parser parser;
  const std::string text(openapi(none, {.title = "None", .version = "0"}).text());
  const dom::element root = parser.parse(text);
  EXPECT_EQ(dom::object(root["paths"]).size(), 0U);
  EXPECT_EQ(root["info"]["description"].error(), simdjson::NO_SUCH_FIELD);
}

}  // namespace
}  // namespace ferrule
