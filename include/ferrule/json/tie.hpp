#pragma once
/// @file
/// The members of an aggregate as a tuple of references, which C++20 can only spell out count by
/// count.
///
/// ```cpp
/// struct point { int x, y; };
/// inline int sum(const point& p) {
///   auto [x, y] = ferrule::json::detail::tie(p, std::integral_constant<std::size_t, 2>());
///   return x + y;
/// }
/// ```

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace ferrule::json::detail {

/// The most members an aggregate may have: group further ones in nested aggregates.
inline constexpr std::size_t members_max = 32;

template <std::size_t Count>
using members = std::integral_constant<std::size_t, Count>;

// clang-format off: compilers show this line, comment included, when a member is a bit-field.
template <class... M>
constexpr std::tuple<M&...> refer(
    M&... members) noexcept {  // ferrule: a bit-field has no address: make it a plain member
  return {members...};
}
// clang-format on

/// References to the members of `value`, in order. The second argument is their count, which
/// `member_count` finds; a wrong one does not compile.
template <class T>
constexpr std::tuple<> tie(T&, members<0>) noexcept {
  return {};
}
// clang-format off: one line of names each for the pattern and the tuple reads best.
template <class T> constexpr auto tie(T& value, members<1>) noexcept {
  auto& [a] = value;
  return refer(a);
}
template <class T> constexpr auto tie(T& value, members<2>) noexcept {
  auto& [a, b] = value;
  return refer(a, b);
}
template <class T> constexpr auto tie(T& value, members<3>) noexcept {
  auto& [a, b, c] = value;
  return refer(a, b, c);
}
template <class T> constexpr auto tie(T& value, members<4>) noexcept {
  auto& [a, b, c, d] = value;
  return refer(a, b, c, d);
}
template <class T> constexpr auto tie(T& value, members<5>) noexcept {
  auto& [a, b, c, d, e] = value;
  return refer(a, b, c, d, e);
}
template <class T> constexpr auto tie(T& value, members<6>) noexcept {
  auto& [a, b, c, d, e, f] = value;
  return refer(a, b, c, d, e, f);
}
template <class T> constexpr auto tie(T& value, members<7>) noexcept {
  auto& [a, b, c, d, e, f, g] = value;
  return refer(a, b, c, d, e, f, g);
}
template <class T> constexpr auto tie(T& value, members<8>) noexcept {
  auto& [a, b, c, d, e, f, g, h] = value;
  return refer(a, b, c, d, e, f, g, h);
}
template <class T> constexpr auto tie(T& value, members<9>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i] = value;
  return refer(a, b, c, d, e, f, g, h, i);
}
template <class T> constexpr auto tie(T& value, members<10>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j] = value;
  return refer(a, b, c, d, e, f, g, h, i, j);
}
template <class T> constexpr auto tie(T& value, members<11>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k);
}
template <class T> constexpr auto tie(T& value, members<12>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l);
}
template <class T> constexpr auto tie(T& value, members<13>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m);
}
template <class T> constexpr auto tie(T& value, members<14>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
}
template <class T> constexpr auto tie(T& value, members<15>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
}
template <class T> constexpr auto tie(T& value, members<16>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}
template <class T> constexpr auto tie(T& value, members<17>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
}
template <class T> constexpr auto tie(T& value, members<18>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
}
template <class T> constexpr auto tie(T& value, members<19>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s);
}
template <class T> constexpr auto tie(T& value, members<20>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t);
}
template <class T> constexpr auto tie(T& value, members<21>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u);
}
template <class T> constexpr auto tie(T& value, members<22>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v);
}
template <class T> constexpr auto tie(T& value, members<23>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w);
}
template <class T> constexpr auto tie(T& value, members<24>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x);
}
template <class T> constexpr auto tie(T& value, members<25>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y);
}
template <class T> constexpr auto tie(T& value, members<26>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z);
}
template <class T> constexpr auto tie(T& value, members<27>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa);
}
template <class T> constexpr auto tie(T& value, members<28>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb);
}
template <class T> constexpr auto tie(T& value, members<29>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb,
      cc] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb, cc);
}
template <class T> constexpr auto tie(T& value, members<30>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc,
      dd] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb, cc, dd);
}
template <class T> constexpr auto tie(T& value, members<31>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc,
      dd, ee] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb, cc, dd, ee);
}
template <class T> constexpr auto tie(T& value, members<32>) noexcept {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc,
      dd, ee, ff] = value;
  return refer(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
      bb, cc, dd, ee, ff);
}
// clang-format on

}  // namespace ferrule::json::detail
