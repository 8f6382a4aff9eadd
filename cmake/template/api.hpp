#pragma once
/// @file
/// What @name@ offers: all that a caller has to know. A service that calls it includes this file
/// and uses a `ferrule::client<@id@_service::api>`.

#include <cstddef>
#include <cstdint>
#include <ferrule/api/contract.hpp>
#include <string>

namespace @id@_service {

inline constexpr std::size_t name_chars_max = 50;

struct greeting {
  std::string text;
};

enum class error : std::uint8_t { name_too_long };
constexpr ferrule::problem to_problem(error) noexcept {
  return {.status = 422, .title = "The name is too long"};
}

inline constexpr ferrule::endpoint<"GET /greetings/{name}", greeting(std::string name), error>
    get_greeting{};

inline constexpr ferrule::contract api(get_greeting);

}  // namespace @id@_service
