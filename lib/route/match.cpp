#include "ferrule/route/match.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ferrule::detail {
namespace {

static_assert(pattern::segments_max <= http::route_match::params_max);

/// A placeholder or tail that may be tried later: its text and the node behind it.
struct branch {
  std::int16_t node;
  std::uint8_t param_count;  // before it
  std::size_t begin;
  std::size_t end;
};

/// Both kinds at each depth.
class branches {
 public:
  void push(const branch& b) noexcept { pending_[size_++] = b; }
  bool empty() const noexcept { return size_ == 0; }
  const branch& pop() noexcept { return pending_[--size_]; }

 private:
  std::array<branch, 2 * (pattern::segments_max + 1)> pending_;
  std::size_t size_ = 0;
};

std::int16_t follow_literal(const trie_view& tree, std::int16_t from, std::string_view text,
                            std::uint32_t hash) noexcept {
  for (std::size_t slot = edge_slot(hash, from) & tree.edge_mask; tree.edges[slot].from >= 0;
       slot = (slot + 1) & tree.edge_mask) {
    const trie_edge& edge = tree.edges[slot];
    if (edge.from == from && edge.hash == hash &&
        std::string_view(tree.labels + edge.label, edge.label_bytes) == text) {
      return edge.to;
    }
  }
  return -1;
}

std::int16_t route_for(const trie_leaf& leaf, method verb) noexcept {
  const auto index = static_cast<std::size_t>(verb);
  if (index >= routable_methods) return -1;
  if (verb == method::head && leaf.route[index] < 0) {
    return leaf.route[static_cast<std::size_t>(method::get)];
  }
  return leaf.route[index];
}

/// Those of any leaf; there are no more leaves than routes, and those not used have no methods.
std::uint8_t all_methods(const trie_view& tree, std::size_t routes) noexcept {
  std::uint8_t methods = 0;
  for (std::size_t i = 0; i != routes; ++i) methods |= tree.leaves[i].methods;
  return methods;
}

struct segment_end {
  std::size_t offset;
  std::uint32_t hash;
};

segment_end scan_segment(std::string_view path, std::size_t begin) noexcept {
  segment_end end{begin, segment_hash_seed};
  for (; end.offset < path.size() && path[end.offset] != '/'; ++end.offset) {
    end.hash = add_to_segment_hash(end.hash, path[end.offset]);
  }
  return end;
}

}  // namespace

found_route find_route(const trie_view& tree, std::string_view path, method verb,
                       http::route_match& match) noexcept {
  found_route found;
  match.param_count = 0;
  if (!path.starts_with('/')) return found;
  branches untried;
  std::int16_t at = 0;     // -1: a way that leads nowhere
  std::size_t offset = 0;  // of the slash before the next segment, or the path's end
  for (;;) {
    if (at >= 0 && offset == path.size()) {
      if (const std::int16_t leaf = tree.nodes[at].leaf; leaf >= 0) {
        found.route = route_for(tree.leaves[leaf], verb);
        if (found.route >= 0) return found;
        found.methods |= tree.leaves[leaf].methods;
      }
      at = -1;
    }
    if (at < 0) {
      if (untried.empty()) return found;
      const branch& next = untried.pop();
      match.params[next.param_count] = path.substr(next.begin, next.end - next.begin);
      match.param_count = static_cast<std::uint8_t>(next.param_count + 1);
      at = next.node;
      offset = next.end;
      continue;
    }
    const std::size_t begin = offset + 1;
    const segment_end end = scan_segment(path, begin);
    const trie_node& node = tree.nodes[at];
    if (node.tail >= 0) untried.push({node.tail, match.param_count, begin, path.size()});
    if (node.parameter >= 0 && end.offset != begin) {
      untried.push({node.parameter, match.param_count, begin, end.offset});
    }
    at = follow_literal(tree, at, path.substr(begin, end.offset - begin), end.hash);
    offset = end.offset;
  }
}

std::size_t choose_route(const trie_view& tree, std::size_t routes, http::exchange& ex) noexcept {
  const request& r = ex.request();
  const auto none = [routes](no_route why) { return routes + static_cast<std::size_t>(why); };
  if (static_cast<std::size_t>(r.verb) >= routable_methods) return none(no_route::unknown_method);
  found_route found;
  if (r.path == "*") {
    found.methods = all_methods(tree, routes);
  } else {
    found = find_route(tree, r.path, r.verb, ex.match());
    if (found.route >= 0) return static_cast<std::size_t>(found.route);
  }
  ex.match().extra = found.methods;
  if (found.methods == 0) return none(no_route::unknown_path);
  if (r.verb == method::options) return none(no_route::options);
  return none(no_route::method_not_allowed);
}

allow_field::allow_field(std::uint8_t methods) noexcept {
  methods |= method_bit(method::options);
  if ((methods & method_bit(method::get)) != 0) methods |= method_bit(method::head);
  const auto add = [this](std::string_view text) {
    std::ranges::copy(text, text_.data() + size_);
    size_ += text.size();
  };
  for (std::size_t i = 0; i != routable_methods; ++i) {
    const auto verb = static_cast<method>(i);
    if ((methods & method_bit(verb)) == 0) continue;
    if (size_ != 0) add(", ");
    add(to_string(verb));
  }
}

}  // namespace ferrule::detail
