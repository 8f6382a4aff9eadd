#include "ferrule/route/match.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace ferrule::detail {
namespace {

static_assert(pattern::segments_max <= http::path_params::count_max);

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

/// The same where nothing is looked up by the hash.
segment_end find_end(std::string_view path, std::size_t begin) noexcept {
  const void* const slash = std::memchr(path.data() + begin, '/', path.size() - begin);
  if (slash == nullptr) return {path.size(), segment_hash_seed};
  return {static_cast<std::size_t>(static_cast<const char*>(slash) - path.data()),
          segment_hash_seed};
}

/// One way after the other through the tree. A way is as long as the path, and a table's paths have
/// at most `segments_max` segments.
class search {
 public:
  search(const trie_view& tree, std::string_view path, method verb,
         http::path_params& params) noexcept
      : tree_(tree), path_(path), verb_(verb), params_(params) {}

  /// Whether there is a route from node `at` on for what follows `offset`, which is the slash
  /// before the next segment, or the path's end. `params` were found before it.
  bool leads_on(std::int16_t at, std::size_t offset, std::size_t params) noexcept {
    while (offset != path_.size()) {
      const trie_node& node = tree_.nodes[at];
      const std::size_t begin = offset + 1;
      const segment_end end =
          node.has_literals ? scan_segment(path_, begin) : find_end(path_, begin);
      offset = end.offset;
      const std::string_view text(path_.data() + begin, offset - begin);
      const std::int16_t literal =
          node.has_literals ? follow_literal(tree_, at, text, end.hash) : std::int16_t{-1};
      // The last way from a node needs no way back to it.
      if (literal >= 0 && node.parameter < 0 && node.tail < 0) {
        at = literal;
        continue;
      }
      if (literal >= 0 && leads_on(literal, offset, params)) return true;
      if (node.parameter >= 0 && !text.empty()) {
        note(params, begin, offset);
        if (node.tail < 0) {
          at = node.parameter;
          ++params;
          continue;
        }
        if (leads_on(node.parameter, offset, params + 1)) return true;
      }
      if (node.tail < 0) return false;
      note(params, begin, path_.size());
      return ends(node.tail, params + 1);
    }
    return ends(at, params);
  }

  const found_route& found() const noexcept { return found_; }

 private:
  bool ends(std::int16_t at, std::size_t params) noexcept {
    const std::int16_t index = tree_.nodes[at].leaf;
    if (index < 0) return false;
    found_.route = route_for(tree_.leaves[index], verb_);
    if (found_.route < 0) found_.methods |= tree_.leaves[index].methods;
    params_.count = static_cast<std::uint8_t>(params);
    return found_.route >= 0;
  }
  void note(std::size_t param, std::size_t begin, std::size_t end) noexcept {
    params_.places[param] = {static_cast<std::uint32_t>(begin),
                             static_cast<std::uint32_t>(end - begin)};
  }

  const trie_view& tree_;
  std::string_view path_;
  method verb_;
  http::path_params& params_;
  found_route found_;
};

}  // namespace

found_route find_route(const trie_view& tree, std::string_view path, method verb,
                       http::path_params& params) noexcept {
  if (!path.starts_with('/')) return {};
  search ways(tree, path, verb, params);
  ways.leads_on(0, 0, 0);
  return ways.found();
}

std::size_t choose_route(const trie_view& tree, std::size_t routes, http::exchange& ex) noexcept {
  const request& r = ex.request();
  const auto none = [routes](no_route why) { return routes + static_cast<std::size_t>(why); };
  if (static_cast<std::size_t>(r.verb) >= routable_methods) return none(no_route::unknown_method);
  found_route found;
  if (r.path == "*") {
    found.methods = all_methods(tree, routes);
  } else {
    found = find_route(tree, r.path, r.verb, ex.asked().params);
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
