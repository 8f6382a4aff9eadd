#pragma once
// A contract with one endpoint for each way in and out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/api/contract.hpp"

namespace shop {

struct article {
  std::uint64_t id = 0;
  std::string title;
  friend bool operator==(const article&, const article&) = default;
};
struct draft {
  std::string title;
};
struct filter {
  std::uint32_t limit = 20;
  std::optional<std::string_view> text;
  std::vector<std::string_view> tag;
};
enum class kind : std::uint8_t { book, record };

enum class error : std::uint8_t { no_such_article, sold_out, busy };
constexpr ferrule::problem to_problem(error e) noexcept {
  switch (e) {
    case error::sold_out:
      return {.status = 409, .title = "Sold out"};
    case error::busy:
      return {.status = 503, .title = "Stock is being taken"};
    case error::no_such_article:
      break;
  }
  return {.status = 404, .title = "No such article", .type = "https://shop.example/no-article"};
}

using ferrule::endpoint;
inline constexpr endpoint<"GET /articles/{id}", article(std::uint64_t id), error> get{};
inline constexpr endpoint<"GET /articles", std::vector<article>(ferrule::query<filter>)> find{};
inline constexpr endpoint<"POST /articles", ferrule::created<article>(ferrule::json_body<draft>),
                          error>
    add{};
inline constexpr endpoint<"DELETE /articles/{id}", void(std::uint64_t id), error> remove{};
inline constexpr endpoint<"PUT /articles/{id}/notes/{note}",
                          ferrule::no_content(ferrule::path<"note", std::string_view>,
                                              std::int8_t id, ferrule::body)>
    put_note{};
inline constexpr endpoint<"GET /kinds/{kind}/{path...}",
                          std::string_view(kind, std::string_view path,
                                           ferrule::header<"X-Language">)>
    read{};
inline constexpr endpoint<"GET /offers/{day}", std::optional<article>(double day), error> offer{};

inline constexpr ferrule::contract api(get, find, add, remove, put_note, read, offer);

}  // namespace shop
