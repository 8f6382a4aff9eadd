#include "ferrule/http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "ferrule/core/frame_pool.hpp"
#include "ferrule/http/head_writer.hpp"

namespace ferrule::http {
namespace {

void check(std::span<const header_field> fields) {
  const auto fault = std::ranges::find_if_not(fields, is_writable);
  if (fault == fields.end()) return;
  throw std::invalid_argument(fmt::format("the field '{}' is not valid here", fault->name));
}

/// Whether a comma-separated list has the element, case ignored.
bool lists(std::string_view list, std::string_view wanted) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view element = list.substr(0, comma);
    const std::size_t begin = element.find_first_not_of(" \t");
    element.remove_prefix(std::min(begin, element.size()));
    element = element.substr(0, element.find_last_not_of(" \t") + 1);
    if (equal_ignoring_case(element, wanted)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

void exchange::inform(int status, std::span<const header_field> fields) {
  constexpr int switching = 101;
  if (status <= switching || status > 199) throw std::invalid_argument("no interim response");
  check(fields);
  if (!answered_) sink_.inform(*this, status, fields);
}

bool exchange::offers(std::string_view protocol) const noexcept {
  const bool drains = env_.drain != nullptr && env_.drain->stop_requested();
  return !drains && may_go_on_in(protocol);
}

bool exchange::may_go_on_in(std::string_view protocol) const noexcept {
  if (answered_ || !sink_.may_upgrade(*this)) return false;
  return std::ranges::any_of(request().fields, [&](const header_field& field) {
    return equal_ignoring_case(field.name, "Upgrade") && lists(field.value, protocol);
  });
}

void exchange::upgrade_to(std::string_view protocol, std::span<const header_field> fields,
                          std::unique_ptr<net::protocol> next) {
  if (!may_go_on_in(protocol)) {
    throw std::invalid_argument(
        "the client has not offered this protocol, or its body is not read, or it was answered");
  }
  check(fields);
  std::vector<header_field> all(fields.begin(), fields.end());
  if (answer_filter_ != nullptr) {
    answer_filter_->upgrade(*answer_filter_, fields, all);
    check(all);
  }
  answered_ = upgraded_ = true;
  sink_.upgrade(*this, protocol, all, std::move(next));
}

char* exchange::keep(std::size_t bytes) {
  const std::size_t total = sizeof(kept_block) + bytes;
  void* const memory = frame_pool::allocate(total);
  kept_ = ::new (memory) kept_block{kept_, total};
  kept_bytes_ += total;
  return static_cast<char*>(memory) + sizeof(kept_block);
}

void exchange::give_back_kept() noexcept {
  while (kept_ != nullptr) {
    kept_block* const next = kept_->next;
    frame_pool::deallocate(kept_, kept_->bytes);
    kept_ = next;
  }
}

std::optional<std::string_view> exchange::next_filtered_part() {
  if (upgraded_) {  // what comes now is no body
    filter_.reset();
    return sink_.read(*this);
  }
  for (;;) {
    const body_filter::step step = filter_->next();
    if (!has_room(0)) {
      sink_.refuse(*this, 503, too_much_held);
      return std::nullopt;
    }
    switch (step.is) {
      case body_filter::step::data:
        return step.bytes;
      case body_filter::step::end:
        return std::string_view{};
      case body_filter::step::fault:
        sink_.refuse(*this, step.status, step.reason);
        return std::nullopt;
      case body_filter::step::more:
        break;
    }
    const auto part = sink_.read(*this);
    if (!part) return std::nullopt;
    filter_->give(*part);
  }
}

}  // namespace ferrule::http
