#pragma once
/// @file
/// A contract as an OpenAPI 3.1 document, for people, generators and gateways.
///
/// ```cpp
/// namespace greeter {
/// inline constexpr ferrule::endpoint<"GET /hello/{name}", std::string(std::string_view)> hello{};
/// inline constexpr ferrule::contract api(hello);
/// }  // namespace greeter
/// const ferrule::json::raw& greeter_document() {
///   static const ferrule::json::raw document =
///       ferrule::openapi(greeter::api, {.title = "Greeter", .version = "1.0.0"});
///   return document;  // a handler may return it as it is
/// }
/// ```
///
/// Described are parameters, bodies and answers by the schemas of their types, with their
/// `json_limits` (json/limits.hpp) and, for bodies, that further members are refused; each error
/// that the `to_problem` of an endpoint's enumeration knows, with an example, and what Ferrule
/// refuses itself: ill-typed parameters (400) and bodies (400, 415, 422). An error type that is no
/// enumeration becomes the `default` answer. A tail `{name...}` is written as `{name}`, for OpenAPI
/// has no word for it. Summaries, examples, further header fields and security schemes are said in
/// api/description.hpp.
///
/// Source: OpenAPI 3.1.0; RFC 9457 for problems.

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ferrule/api/contract.hpp"
#include "ferrule/api/description.hpp"
#include "ferrule/api/query.hpp"
#include "ferrule/json/schema.hpp"

namespace ferrule {

/// How a service tells its problems, if not as RFC 9457 has it: `problems_told_by<f>`
/// (route/service_routes.hpp) says it of an `on_problem<f>`.
struct problem_description {
  std::string content_type;
  json::raw schema;
  /// What a client is told; nothing if it is not JSON.
  std::optional<json::raw> (*example)(const problem& what);
};

/// What a document says of the service as a whole.
struct openapi_info {
  std::string_view title;
  std::string_view version;  ///< of the contract
  std::optional<std::string_view> description{};
  /// Null: as RFC 9457 has it.
  problem_description (*problems)(json::components& types) = nullptr;
};

/// What a header field or a cookie is bounded by, for its schema: specialise it for a
/// `header<"Name">` or `cookie<"name">` whose handler refuses other values.
///
/// ```cpp
/// template <>
/// inline constexpr ferrule::json::member_limits
///     ferrule::header_limits<ferrule::header<"Idempotency-Key">>{.size_min = 1, .size_max = 128};
/// ```
template <class Header>
inline constexpr json::member_limits header_limits{};

namespace detail {

// The document's parts, with the member names that the format gives them.
struct openapi_example {
  json::raw value;
};
struct openapi_media {
  json::raw schema;
  std::optional<std::map<std::string, openapi_example>> examples{};
};
using openapi_content = std::map<std::string, openapi_media>;
struct openapi_header {
  std::string description;
  json::raw schema;
};
struct openapi_response {
  std::string description;
  std::optional<std::map<std::string, openapi_header>> headers{};
  std::optional<openapi_content> content{};
};
struct openapi_parameter {
  std::string name;
  std::string in;
  bool required;
  json::raw schema;
};
struct openapi_body {
  bool required;
  openapi_content content;
};
struct openapi_operation {
  std::optional<std::vector<std::string_view>> tags{};
  std::optional<std::string_view> summary{};
  std::optional<std::string_view> description{};
  std::optional<std::string_view> operationId{};  // NOLINT(readability-identifier-naming)
  std::optional<bool> deprecated{};
  std::vector<openapi_parameter> parameters{};
  std::optional<openapi_body> requestBody{};  // NOLINT(readability-identifier-naming)
  std::map<std::string, openapi_response> responses{};
  /// All of the schemes in it at once.
  std::optional<std::vector<std::map<std::string, std::vector<std::string>>>> security{};
};

/// A document in the making.
class openapi_builder {
 public:
  explicit openapi_builder(const openapi_info& about);

  json::components& types() noexcept { return types_; }
  /// The operation of an endpoint, to be filled in.
  openapi_operation& add(const pattern& shape);
  /// Adds what one of its errors is answered with. Errors of one status share an answer.
  void add_problem(openapi_operation& to, std::string_view name, const problem& what);
  /// Adds what Ferrule answers with by itself.
  void add_refusal(openapi_operation& to, int status);
  /// Adds what its caller has to show.
  void add_security(openapi_operation& to, const security_scheme& shown);
  /// Adds what is said of it in words.
  void describe(openapi_operation& described, const endpoint_description& words);
  /// Adds an answer with problems of any status.
  void add_any_problem(openapi_operation& to);
  json::raw finish(const openapi_info& info) &&;
  /// The same as HTML.
  std::string finish_page(const openapi_info& info) &&;

 private:
  openapi_media& problem_media(openapi_operation& to, const std::string& status,
                               std::string_view title);

  json::components types_;
  problem_description problems_;
  std::map<std::string, security_scheme> schemes_;
  std::map<std::string, std::map<std::string, openapi_operation>> paths_;
};

json::raw text_schema(const json::member_limits& limits = {});
openapi_response described_response(int status);
openapi_header location_header(std::string description);

template <class T>
json::raw schema_of_type(json::components& types, json::schema_use use) {
  buffer out;
  types.use = use;
  json::write_schema<T>(out, types);
  return json::raw::trusted(std::string(out.view()));
}

/// The schema of what stands in a path or a query as text.
template <class T>
json::raw parameter_schema(json::components& types, const json::member_limits& limits = {}) {
  using enum json::kind;
  constexpr json::kind form = json::kind_of<T>;
  if constexpr (form == limited) {
    return parameter_schema<typename T::limited_type>(types, T::value_limits);
  } else if constexpr (form == boolean || form == integer || form == floating ||
                       form == enumeration) {
    buffer out;
    json::detail::limited_schema<T>(out, "", types, limits);
    return json::raw::trusted(std::string(out.view()));
  } else {
    return text_schema(limits);
  }
}

json::raw list_schema(const json::raw& items, const json::member_limits& limits);
json::raw with_default(const json::raw& schema, std::string_view value);

template <class T, std::size_t I>
openapi_parameter query_parameter(json::components& types) {
  using member = json::member_type<T, I>;
  constexpr json::member_limits limits = json::detail::find_limits<T, I>();
  openapi_parameter described{.name = std::string(json::member_name<T, I>),
                              .in = "query",
                              .required = query_member_required<T, I>,
                              .schema = {}};
  if constexpr (is_query_optional<member>) {
    described.schema = parameter_schema<typename member::value_type>(types, limits);
  } else if constexpr (is_query_list<member>) {
    described.schema = list_schema(parameter_schema<typename member::value_type>(types), limits);
  } else {
    described.schema = parameter_schema<member>(types, limits);
    if constexpr (!query_member_required<T, I> && json::kind_of<member> != json::kind::object) {
      const T defaults{};
      described.schema =
          with_default(described.schema, json::write(std::get<I>(json::tie_members(defaults))));
    }
  }
  return described;
}

template <class T>
std::vector<openapi_parameter> query_parameters(json::components& types) {
  std::vector<openapi_parameter> all;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (all.push_back(query_parameter<T, I>(types)), ...);
  }(std::make_index_sequence<json::member_count<T>>());
  return all;
}
/// A form's schema, of its members as parameters.
json::raw form_schema(const std::vector<openapi_parameter>& members);

/// A header field or a cookie.
template <class Named>
openapi_parameter named_parameter(json::components& types) {
  using text = typename Named::text_type;
  constexpr json::member_limits limits = header_limits<Named>;
  openapi_parameter described{.name = std::string(Named::name()),
                              .in = source_of<Named>() == source::header ? "header" : "cookie",
                              .required = !is_query_optional<text> && !is_query_list<text>,
                              .schema = {}};
  if constexpr (is_query_list<text>) {
    described.schema = list_schema(parameter_schema<typename text::value_type>(types), limits);
  } else if constexpr (is_query_optional<text>) {
    described.schema = parameter_schema<typename text::value_type>(types, limits);
  } else {
    described.schema = parameter_schema<text>(types, limits);
  }
  return described;
}

/// Whether some text is no value of the type.
template <class T>
inline constexpr bool can_be_refused = !text_result<T> || json::detail::limited_value<T>;

/// Adds one parameter of an endpoint to its operation. `Slot` is the placeholder it takes, if it
/// takes one.
template <class A, std::size_t Slot>
void document_argument(openapi_builder& builder, openapi_operation& to, const pattern& shape) {
  constexpr source from = source_of<A>();
  if constexpr (from == source::position) {
    to.parameters.push_back({std::string(shape.parameter_name(Slot)), "path", true,
                             parameter_schema<A>(builder.types())});
    if (can_be_refused<A>) builder.add_refusal(to, 400);
  } else if constexpr (from == source::name) {
    using value = decltype(A::value);
    to.parameters.push_back(
        {std::string(A::name()), "path", true, parameter_schema<value>(builder.types())});
    if (can_be_refused<value>) builder.add_refusal(to, 400);
  } else if constexpr (from == source::query) {
    for (openapi_parameter& each : query_parameters<decltype(A::value)>(builder.types())) {
      to.parameters.push_back(std::move(each));
    }
    builder.add_refusal(to, 400);
  } else if constexpr (from == source::header || from == source::cookie) {
    to.parameters.push_back(named_parameter<A>(builder.types()));
    builder.add_refusal(to, 400);
  } else if constexpr (from == source::form) {
    using value = decltype(A::value);
    to.requestBody = {true,
                      {{"application/x-www-form-urlencoded",
                        {form_schema(query_parameters<value>(builder.types()))}}}};
    for (const int status : {400, 415, 422}) builder.add_refusal(to, status);
  } else if constexpr (from == source::json_body) {
    using value = decltype(A::value);
    to.requestBody = {
        true,
        {{"application/json",
          {schema_of_type<value>(builder.types(), json::schema_use::read)}}}};
    if constexpr (json::kind_of<value> == json::kind::patch) {
      openapi_content& content = to.requestBody->content;
      content["application/merge-patch+json"] = content["application/json"];
    }
    for (const int status : {400, 415, 422}) builder.add_refusal(to, status);
  } else {
    static_assert(from == source::body);
    to.requestBody = {false, {{"*/*", {json::raw::trusted("{}")}}}};
  }
}

template <class Endpoint, class... A, std::size_t... I>
void document_arguments(openapi_builder& builder, openapi_operation& to,
                        type_list<A...> /*arguments*/, std::index_sequence<I...>) {
  constexpr auto slots = Endpoint::signature::bind(Endpoint::shape).slots;
  (document_argument<A, slots[I]>(builder, to, Endpoint::shape), ...);
}

template <class T>
void document_content(openapi_builder& builder, openapi_response& answer) {
  if constexpr (text_result<T>) {
    answer.content = {{"text/plain", {text_schema()}}};
  } else {
    answer.content = {
        {"application/json", {schema_of_type<T>(builder.types(), json::schema_use::written)}}};
  }
}

template <class R>
void document_result(openapi_builder& builder, openapi_operation& to) {
  if constexpr (is_std_optional<R>) {
    document_result<typename R::value_type>(builder, to);
    builder.add_problem(to, "none", {.status = 404});
  } else if constexpr (is_with_status<R> || is_redirect<R>) {
    for (const int status : R::statuses) {
      openapi_response answer = described_response(status);
      if constexpr (is_redirect<R>) {
        answer.headers = {{"Location", location_header("Where to go")}};
      } else if constexpr (!std::same_as<decltype(R::value), no_content>) {
        document_content<decltype(R::value)>(builder, answer);
      }
      to.responses.emplace(std::to_string(status), std::move(answer));
    }
  } else {
    constexpr int status = std::is_void_v<R> || std::same_as<R, no_content> ? 204
                           : is_created<R>                                  ? 201
                                                                            : 200;
    openapi_response answer = described_response(status);
    if constexpr (is_created<R>) {
      answer.headers = {{"Location", location_header("Where the new resource is found")}};
      document_content<decltype(R::value)>(builder, answer);
    } else if constexpr (status == 200) {
      document_content<R>(builder, answer);
    }
    to.responses.emplace(std::to_string(status), std::move(answer));
  }
}

template <class E>
void document_errors(openapi_builder& builder, openapi_operation& to) {
  if constexpr (std::is_enum_v<E>) {
    for (const auto& known : json::enumerators<E>) {
      builder.add_problem(to, known.name, to_problem(known.value));
    }
  } else if constexpr (!std::is_void_v<E>) {
    builder.add_any_problem(to);
  }
}

/// What the arguments that extractors make ask for, and what goes wrong with them.
template <class Signature>
struct extractor_facts;
template <class R, class... A>
struct extractor_facts<signature<R, A...>> {
  template <class Argument>
  static void document_one(openapi_builder& builder, openapi_operation& to) {
    if constexpr (source_of<Argument>() == source::own) {
      using made_by = extract_signature<std::remove_cvref_t<Argument>>;
      extractor_facts<made_by>::document(builder, to);
      using made = extractor<std::remove_cvref_t<Argument>>;
      if constexpr (requires { made::security; }) builder.add_security(to, made::security);
      if constexpr (is_result<typename made_by::result_type>) {
        document_errors<typename made_by::result_type::error_type>(builder, to);
      }
    }
  }
  static void document([[maybe_unused]] openapi_builder& builder,
                       [[maybe_unused]] openapi_operation& to) {
    (document_one<A>(builder, to), ...);
  }
};

template <class Endpoint>
void document_endpoint(openapi_builder& builder) {
  openapi_operation& operation = builder.add(Endpoint::shape);
  document_arguments<Endpoint>(builder, operation, sent_types<typename Endpoint::signature>(),
                               std::make_index_sequence<Endpoint::signature::count>());
  document_result<typename Endpoint::result_type>(builder, operation);
  document_errors<typename Endpoint::error_type>(builder, operation);
  extractor_facts<typename Endpoint::declared>::document(builder, operation);
  builder.describe(operation, description_of<const Endpoint>);
}

}  // namespace detail

/// The document for a contract. It is built anew by each call, so keep it.
template <class... Endpoint>
json::raw openapi(contract<Endpoint...> /*described*/, const openapi_info& info) {
  detail::openapi_builder builder(info);
  (detail::document_endpoint<Endpoint>(builder), ...);
  return std::move(builder).finish(info);
}

}  // namespace ferrule
