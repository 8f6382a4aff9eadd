#pragma once
/// @file
/// All endpoints of a service as one constant. The service's route table, its document and its
/// clients are made from it and cannot drift apart.
///
/// ```cpp
/// namespace clock_service {
/// inline constexpr ferrule::endpoint<"GET /now", std::string()> get_now{};
/// inline constexpr ferrule::endpoint<"PUT /zones/{name}", void(std::string_view)> put_zone{};
/// inline constexpr ferrule::contract api(get_now, put_zone);
/// }  // namespace clock_service
/// static_assert(clock_service::api.size == 2);
/// ```

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "ferrule/api/endpoint.hpp"

namespace ferrule {

template <class... Endpoint>
struct contract;

namespace detail {

template <class>
inline constexpr bool is_contract = false;
template <class... Endpoint>
inline constexpr bool is_contract<contract<Endpoint...>> = true;

/// An endpoint below a prefix.
template <fixed_string Prefix, class Endpoint>
struct nested_endpoint;
template <fixed_string Prefix, fixed_string Pattern, class Function, class Error>
struct nested_endpoint<Prefix, endpoint<Pattern, Function, Error>> {
  using type = endpoint<nested_text<Prefix, Pattern>, Function, Error>;
};

template <class>
inline constexpr bool is_endpoint = false;
template <fixed_string Pattern, class Function, class Error>
inline constexpr bool is_endpoint<endpoint<Pattern, Function, Error>> = true;

/// Whether two paths differ in the names of placeholders at most. A tail counts as a placeholder:
/// in a document both look alike.
consteval bool same_path_shape(const pattern& a, const pattern& b) {
  if (a.segment_count != b.segment_count) return false;
  for (std::size_t i = 0; i != a.segment_count; ++i) {
    const bool is_literal = a.segments[i].kind == segment_kind::literal;
    if (is_literal != (b.segments[i].kind == segment_kind::literal)) return false;
    if (is_literal && a.segment_text(i) != b.segment_text(i)) return false;
  }
  return true;
}

enum class contract_fault : std::uint8_t { none, same_requests, other_names };

/// The first two endpoints that do not go together.
struct contract_conflict {
  contract_fault fault = contract_fault::none;
  std::size_t first = 0;
  std::size_t second = 0;
};

template <std::size_t Count>
consteval contract_conflict find_conflict(const std::array<const pattern*, Count>& shapes) {
  for (std::size_t second = 0; second != Count; ++second) {
    for (std::size_t first = 0; first != second; ++first) {
      const pattern& a = *shapes[first];
      const pattern& b = *shapes[second];
      if (!same_path_shape(a, b)) continue;
      if (a.verb == b.verb) return {contract_fault::same_requests, first, second};
      if (a.path() != b.path()) return {contract_fault::other_names, first, second};
    }
  }
  return {};
}

/// Stands in the compiler's message with both endpoints spelled out.
template <fixed_string First, fixed_string Second, contract_fault Fault>
struct endpoint_pair_check {
  static_assert(Fault != contract_fault::same_requests,
                "ferrule: these two endpoints of a contract match the same requests: remove one "
                "of them, or change its method or a literal of its path");
  static_assert(Fault != contract_fault::other_names,
                "ferrule: these two endpoints of a contract have one path, but name its "
                "{placeholders} differently: a document can hold it only once, so name them alike");
  static constexpr bool passed = true;
};

template <class... Endpoint>
consteval bool endpoints_go_together() {
  constexpr std::array<const pattern*, sizeof...(Endpoint)> shapes{&Endpoint::shape...};
  constexpr contract_conflict conflict = find_conflict(shapes);
  if constexpr (conflict.fault == contract_fault::none) {
    return true;
  } else {
    using all = std::tuple<Endpoint...>;
    return endpoint_pair_check<std::tuple_element_t<conflict.first, all>::text,
                               std::tuple_element_t<conflict.second, all>::text,
                               conflict.fault>::passed;
  }
}

}  // namespace detail

/// A list of endpoints; made as `contract(get_user, create_user)`.
/// Thread rule: constant, without members.
template <class... Endpoint>
struct contract {
  static_assert((detail::is_endpoint<Endpoint> && ...),
                "ferrule: a contract is made of endpoints: contract(get_user, create_user)");
  static_assert(detail::endpoints_go_together<Endpoint...>());
  static constexpr std::size_t size = sizeof...(Endpoint);

  consteval explicit contract(Endpoint...) noexcept {}
};

/// The endpoints of a contract below `Prefix`, for the document of a table that was nested so
/// (route/combine.hpp): they are other endpoints, with handlers and clients of their own.
template <fixed_string Prefix, class... Endpoint>
consteval auto nest(contract<Endpoint...> /*endpoints*/) {
  static_assert(detail::prefix_check<Prefix>::passed);
  return contract<typename detail::nested_endpoint<Prefix, Endpoint>::type...>(
      typename detail::nested_endpoint<Prefix, Endpoint>::type()...);
}

/// The endpoints of several contracts as one.
template <class... A>
consteval auto merge(contract<A...> endpoints) {
  return endpoints;
}
template <class... A, class... B, class... More>
consteval auto merge(contract<A...> /*first*/, contract<B...> /*second*/, More... more) {
  return merge(contract<A..., B...>(A()..., B()...), more...);
}

}  // namespace ferrule
