#include "load/recorder.hpp"

#include <numeric>

namespace ferrule::load {

std::string_view to_string(failure_kind kind) noexcept {
  constexpr std::array<std::string_view, failure_kinds> names = {
      "unexpected status", "unexpected body", "malformed answer", "timeout",
      "closed early",      "no connection",   "unsent",           "unfinished"};
  return names[static_cast<std::size_t>(kind)];
}

std::uint64_t tally::failed() const noexcept {
  return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0});
}

void tally::merge(const tally& other) noexcept {
  due += other.due;
  ok += other.ok;
  for (std::size_t i = 0; i != failure_kinds; ++i) failures[i] += other.failures[i];
}

void route_record::merge(const route_record& other) {
  response.merge(other.response);
  service.merge(other.service);
  counts.merge(other.counts);
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
}

void interval_record::merge(const interval_record& other) {
  response.merge(other.response);
  completed += other.completed;
  failed += other.failed;
}

void recorder::sent(const request_times& times, nanoseconds lag) {
  if (window_.contains(times.scheduled)) lag_.record(lag);
}

void recorder::note(std::size_t route, const request_times& times, mono_time now) {
  const nanoseconds response = now - times.scheduled;
  routes_[route].response.record(response);
  routes_[route].service.record(now - times.sent);
  intervals_[window_.interval_of(times.scheduled)].response.record(response);
}

void recorder::note_failure(tally& in, failure_kind why, mono_time scheduled) {
  const auto kind = static_cast<std::size_t>(why);
  ++in.due;
  ++in.failures[kind];
  ++counts_.due;
  ++counts_.failures[kind];
  ++intervals_[window_.interval_of(scheduled)].failed;
}

void recorder::answered(std::size_t route, const request_times& times, mono_time now, int status) {
  if (window_.contains(now)) ++intervals_[window_.interval_of(now)].completed;
  if (!window_.contains(times.scheduled)) return;
  note(route, times, now);
  route_record& r = routes_[route];
  ++r.counts.due;
  ++r.counts.ok;
  ++counts_.due;
  ++counts_.ok;
  ++r.statuses[status];
}

void recorder::unexpected(std::size_t route, const request_times& times, mono_time now, int status,
                          failure_kind why) {
  if (!window_.contains(times.scheduled)) return;
  note(route, times, now);
  note_failure(routes_[route].counts, why, times.scheduled);
  ++routes_[route].statuses[status];
}

void recorder::failed(std::size_t route, const request_times& times, mono_time now,
                      failure_kind why) {
  if (!window_.contains(times.scheduled)) return;
  if (why == failure_kind::timeout || why == failure_kind::unfinished) note(route, times, now);
  note_failure(routes_[route].counts, why, times.scheduled);
}

void recorder::unsent(mono_time scheduled, nanoseconds waited) {
  if (!window_.contains(scheduled)) return;
  tally nowhere;  // it belongs to no route: none was drawn for it
  note_failure(nowhere, failure_kind::unsent, scheduled);
  unsent_.record(waited);
  intervals_[window_.interval_of(scheduled)].response.record(waited);
}

void recorder::merge(const recorder& other) {
  for (std::size_t i = 0; i != routes_.size(); ++i) routes_[i].merge(other.routes_[i]);
  for (std::size_t i = 0; i != intervals_.size(); ++i) intervals_[i].merge(other.intervals_[i]);
  unsent_.merge(other.unsent_);
  lag_.merge(other.lag_);
  counts_.merge(other.counts_);
  connections_made += other.connections_made;
  for (const auto& [error, count] : other.connect_errors) connect_errors[error] += count;
  bytes_received += other.bytes_received;
}

route_record recorder::total() const {
  route_record sum;
  for (const route_record& each : routes_) sum.merge(each);
  sum.response.merge(unsent_);
  sum.counts = counts_;
  return sum;
}

}  // namespace ferrule::load
