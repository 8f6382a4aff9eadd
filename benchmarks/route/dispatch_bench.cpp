// Finding a route among few and among many.

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/route/match.hpp"

namespace {

using namespace ferrule;

/// "GET /area042/{id}" and the like.
template <std::size_t N>
consteval auto pattern_text() {
  char text[] = "GET /area000/{id}";
  text[9] = static_cast<char>('0' + N / 100);
  text[10] = static_cast<char>('0' + N / 10 % 10);
  text[11] = static_cast<char>('0' + N % 10);
  return fixed_string(text);
}
template <std::size_t... N>
consteval auto patterns(std::index_sequence<N...>) {
  return std::array<const pattern*, sizeof...(N)>{&parsed_pattern<pattern_text<N>()>...};
}
template <std::size_t Count>
constexpr auto listed = patterns(std::make_index_sequence<Count>());
template <std::size_t Count>
constexpr auto tree = detail::build_trie<detail::trie_size(listed<Count>)>(listed<Count>);

/// One of them after the other.
template <std::size_t Count>
void find_route_among(benchmark::State& state) {
  std::vector<std::string> paths;
  for (const pattern* each : listed<Count>) {
    paths.push_back(std::string(each->path().substr(0, 9)) + "42");
  }
  http::path_params params;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        detail::find_route(tree<Count>.view(), paths[next], method::get, params));
    next = next + 1 == Count ? 0 : next + 1;
  }
}
BENCHMARK(find_route_among<10>);
BENCHMARK(find_route_among<100>);
BENCHMARK(find_route_among<1000>);

}  // namespace
