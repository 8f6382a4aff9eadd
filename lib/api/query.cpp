#include "ferrule/api/query.hpp"

#include "ferrule/core/escape.hpp"

#include <algorithm>
#include <bitset>

#include "ferrule/http/uri.hpp"

namespace ferrule::detail {
namespace {

std::string_view decode(http::exchange& from, std::string_view raw) {
  if (raw.find_first_of("%+") == raw.npos) return raw;
  // The parser lets no %00 through.
  return http::decode_query(raw, from.keep(raw.size())).value_or(raw);
}

}  // namespace

query_errors query_reader::read(http::exchange& from, std::span<const member> members, void* into) {
  query_errors errors;
  std::bitset<64> seen;
  const auto refuse = [&](const member& m, std::string detail) {
    errors.add({.detail = std::move(detail), .parameter = std::string(m.name)});
  };
  for (const auto& [raw_key, raw_value] : http::query_view(from.request().query)) {
    const auto found = std::ranges::find(members, decode(from, raw_key), &member::name);
    if (found == members.end()) continue;
    const auto index = static_cast<std::size_t>(found - members.begin());
    if (seen[index] && !found->repeats) {
      refuse(*found, "is given twice");
      continue;
    }
    seen.set(index);
    const std::string_view value = decode(from, raw_value);
    const auto expected =
        is_utf8(value) ? found->assign(into, value) : std::optional<std::string>("in UTF-8");
    if (expected) refuse(*found, "must be " + *expected);
  }
  for (std::size_t i = 0; i != members.size(); ++i) {
    if (members[i].required && !seen[i]) refuse(members[i], "is missing");
  }
  return errors;
}

}  // namespace ferrule::detail
