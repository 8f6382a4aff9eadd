#pragma once
/// @file
/// A string literal as a template argument, so that patterns, header names and path parameters
/// are known to the compiler.
///
/// ```cpp
/// template <ferrule::fixed_string Name>
/// constexpr std::string_view name_of() { return Name.view(); }
/// static_assert(name_of<"id">() == "id");
/// ```

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace ferrule {

/// A string literal of `N - 1` characters and its terminating zero, usable as a template argument
/// (all members are public because C++20 asks that of a structural type).
template <std::size_t N>
struct fixed_string {
  char chars[N]{};

  // NOLINTNEXTLINE(google-explicit-constructor): a literal must convert where one is expected.
  consteval fixed_string(const char (&literal)[N]) { std::copy_n(literal, N, chars); }

  constexpr std::string_view view() const noexcept { return {chars, N - 1}; }
  constexpr std::size_t size() const noexcept { return N - 1; }

  template <std::size_t M>
  constexpr bool operator==(const fixed_string<M>& other) const noexcept {
    return view() == other.view();
  }
};

}  // namespace ferrule
