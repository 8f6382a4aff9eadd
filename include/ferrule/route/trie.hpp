#pragma once
/// @file
/// The tree of a table's patterns in flat arrays, built by the compiler and walked by
/// `find_route`.
///
/// ```cpp
/// constexpr std::array<const ferrule::pattern*, 2> patterns{
///     &ferrule::parsed_pattern<"GET /users/{id}">, &ferrule::parsed_pattern<"PUT /users/me">};
/// constexpr auto tree =
/// ferrule::detail::build_trie<ferrule::detail::trie_size(patterns)>(patterns);
/// static_assert(tree.duplicate_of < 0);
/// ```

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ferrule/api/pattern.hpp"

namespace ferrule::detail {

/// Methods that a pattern can name: GET to OPTIONS.
inline constexpr std::size_t routable_methods = 7;
static_assert(static_cast<std::size_t>(method::options) == routable_methods - 1);

constexpr std::uint8_t method_bit(method verb) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(verb));
}

/// A place in the tree; -1 stands for none.
struct trie_node {
  std::int16_t parameter = -1;  ///< the node behind a placeholder
  std::int16_t tail = -1;       ///< the node behind a tail
  std::int16_t leaf = -1;       ///< what ends here
  bool has_literals = false;    ///< edges begin here
};

/// A literal segment from one node to another, in a hash table of all of them.
struct trie_edge {
  std::uint32_t hash = 0;
  std::uint32_t label = 0;  ///< where its text begins in the labels
  std::uint16_t label_bytes = 0;
  std::int16_t from = -1;  ///< -1: an empty place
  std::int16_t to = -1;
};

/// The routes of all patterns of one shape, by method; -1 stands for none.
struct trie_leaf {
  std::array<std::int16_t, routable_methods> route{-1, -1, -1, -1, -1, -1, -1};
  std::uint8_t methods = 0;  ///< a bit for each of them
};

/// A tree whatever its size.
struct trie_view {
  const trie_node* nodes;
  const trie_edge* edges;
  std::size_t edge_mask;
  const trie_leaf* leaves;
  const char* labels;
};

/// Where the search for an edge begins.
constexpr std::size_t edge_slot(std::uint32_t hash, std::int16_t from) noexcept {
  return ((hash ^ (static_cast<std::uint32_t>(from) * 0x9E3779B1U)) * 0x85EBCA6BU) >> 7U;
}

/// How much room a tree may need.
struct trie_bounds {
  std::size_t segments = 0;
  std::size_t edge_slots = 1;  ///< a power of two, at most half of it used
  std::size_t label_bytes = 0;
};

template <std::size_t Count>
consteval trie_bounds trie_size(const std::array<const pattern*, Count>& patterns) {
  trie_bounds size;
  for (const pattern* p : patterns) {
    size.segments += p->segment_count;
    for (std::size_t i = 0; i != p->segment_count; ++i) {
      if (p->segments[i].kind == segment_kind::literal) size.label_bytes += p->segments[i].length;
    }
  }
  size.edge_slots = std::bit_ceil(size.segments * 2 + 1);
  return size;
}

template <trie_bounds Size, std::size_t Count>
struct trie {
  std::array<trie_node, Size.segments + 1> nodes{};
  std::array<trie_edge, Size.edge_slots> edges{};
  std::array<trie_leaf, Count> leaves{};
  std::array<char, Size.label_bytes + 1> labels{};
  std::size_t label_end = 0;
  std::int16_t node_count = 1;
  std::int16_t leaf_count = 0;
  /// The first two routes of equal shape and method, or -1.
  int duplicate_of = -1;
  int duplicate = -1;

  constexpr trie_view view() const noexcept {
    return {nodes.data(), edges.data(), edges.size() - 1, leaves.data(), labels.data()};
  }

  consteval std::int16_t literal_child(std::int16_t from, std::string_view text,
                                       std::uint32_t hash) {
    constexpr std::size_t mask = Size.edge_slots - 1;
    std::size_t slot = edge_slot(hash, from) & mask;
    for (; edges[slot].from >= 0; slot = (slot + 1) & mask) {
      const trie_edge& e = edges[slot];
      if (e.from == from && e.hash == hash &&
          std::string_view(labels.data() + e.label, e.label_bytes) == text) {
        return e.to;
      }
    }
    nodes[static_cast<std::size_t>(from)].has_literals = true;
    edges[slot] = {hash, static_cast<std::uint32_t>(label_end),
                   static_cast<std::uint16_t>(text.size()), from, node_count};
    for (char c : text) labels[label_end++] = c;
    return node_count++;
  }

  consteval std::int16_t child(std::int16_t from, const pattern& p, std::size_t i) {
    const pattern_segment& segment = p.segments[i];
    if (segment.kind == segment_kind::literal) {
      return literal_child(from, p.segment_text(i), segment.hash);
    }
    trie_node& node = nodes[static_cast<std::size_t>(from)];
    std::int16_t& to = segment.kind == segment_kind::tail ? node.tail : node.parameter;
    if (to < 0) to = node_count++;
    return to;
  }

  consteval void add(const pattern& p, std::size_t route) {
    std::int16_t at = 0;
    for (std::size_t i = 0; i != p.segment_count; ++i) at = child(at, p, i);
    std::int16_t& leaf_index = nodes[static_cast<std::size_t>(at)].leaf;
    if (leaf_index < 0) leaf_index = leaf_count++;
    trie_leaf& leaf = leaves[static_cast<std::size_t>(leaf_index)];
    std::int16_t& place = leaf.route[static_cast<std::size_t>(p.verb)];
    if (place >= 0 && duplicate < 0) {
      duplicate_of = place;
      duplicate = static_cast<int>(route);
    }
    place = static_cast<std::int16_t>(route);
    leaf.methods |= method_bit(p.verb);
  }
};

template <trie_bounds Size, std::size_t Count>
consteval auto build_trie(const std::array<const pattern*, Count>& patterns) {
  static_assert(Size.segments < 32767, "a route table has room for 32,766 segments");
  trie<Size, Count> tree;
  for (std::size_t i = 0; i != Count; ++i) tree.add(*patterns[i], i);
  return tree;
}

}  // namespace ferrule::detail
