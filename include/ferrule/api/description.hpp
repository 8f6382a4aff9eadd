#pragma once
/// @file
/// What the types of an endpoint do not say of it, for its document: a summary, examples, header
/// fields of its response, and how its callers show who they are.
///
/// ```cpp
/// #include <ferrule/ferrule.hpp>
/// namespace shop {
/// struct article { std::uint64_t id; std::string name; };
/// inline constexpr ferrule::endpoint<"GET /articles/{id}", article(std::uint64_t)> get_article{};
/// inline constexpr ferrule::described_header headers[] = {{"ETag", "of this version"}};
/// }  // namespace shop
/// template <>
/// inline constexpr ferrule::endpoint_description
///     ferrule::description_of<decltype(shop::get_article)>{
///         .summary = "An article by its number",
///         .tag = "articles",
///         .response_example = R"({"id":7,"name":"Hat"})",
///         .response_headers = shop::headers};
/// ```
///
/// An `extractor` (api/extractor.hpp) says with a `static constexpr security_scheme security` what
/// its callers have to show; each endpoint that takes what it makes is described so.
///
/// Source: OpenAPI 3.1.0, Operation Object and Security Scheme Object.

#include <cstdint>
#include <span>
#include <string_view>

namespace ferrule {

/// A header field of a response.
struct described_header {
  std::string_view name;
  std::string_view description;
};

/// All of it may be left out. Texts are literals.
struct endpoint_description {
  std::string_view summary{};           ///< a few words
  std::string_view description{};       ///< more, in CommonMark
  std::string_view tag{};               ///< what it is listed under
  std::string_view operation_id{};      ///< a name for generators of code, one in the document
  bool deprecated = false;              ///< it should not be used any more
  std::string_view request_example{};   ///< JSON; another text makes `openapi` throw
  std::string_view response_example{};  ///< the same for a success
  std::span<const described_header> response_headers{};  ///< of a success
};

/// Specialise it for the type of an endpoint, `decltype(get_article)`.
template <class Endpoint>
inline constexpr endpoint_description description_of{};

/// How a caller shows who it is.
struct security_scheme {
  enum class kind : std::uint8_t {
    bearer,  ///< Authorization: Bearer TOKEN (RFC 6750)
    basic,   ///< Authorization: Basic, name and password (RFC 7617)
    header,  ///< a key in the header field `field`
    cookie,  ///< a key in the cookie `field`
    query,   ///< a key in the member `field` of the query
  };
  std::string_view name;  ///< in the document
  kind how = kind::bearer;
  std::string_view field{};
  std::string_view description{};

  friend constexpr bool operator==(const security_scheme&, const security_scheme&) = default;
};

}  // namespace ferrule
