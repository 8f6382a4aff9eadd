#include "load/schedule.hpp"

#include <charconv>
#include <cmath>

namespace ferrule::load {
namespace {

/// A rate above zero; "2k" is 2000.
std::optional<double> parse_number(std::string_view text) {
  const bool thousands = text.ends_with('k');
  if (thousands) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value > 0) || value > 1e9) return std::nullopt;
  return thousands ? value * 1000 : value;
}

double area(const rate_stretch& s) { return s.seconds * (s.from + s.to) / 2; }

/// When a line from `from` that climbs by `slope` has swept over `wanted`.
double time_to(double wanted, double from, double slope) {
  // The usual solution of from * t + slope * t^2 / 2 = wanted, in the form that does not cancel.
  return 2 * wanted / (from + std::sqrt(std::max(0.0, from * from + 2 * slope * wanted)));
}

}  // namespace

std::optional<rate_profile> parse_rate(std::string_view text) {
  rate_profile profile;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view piece = text.substr(0, comma);
    const std::size_t dots = piece.find("..");
    const auto from = parse_number(piece.substr(0, dots));
    const auto to = dots == piece.npos ? from : parse_number(piece.substr(dots + 2));
    if (!from || !to) return std::nullopt;
    profile.push_back({1, *from, *to});
    if (comma == text.npos) return profile;
    text.remove_prefix(comma + 1);
  }
}

rate_profile stretched_to(const rate_profile& profile, double seconds, double warmup_seconds) {
  double before = 0;
  for (const rate_stretch& s : profile) before += s.seconds;
  rate_profile longer;
  if (warmup_seconds > 0) {
    longer.push_back({warmup_seconds, profile.front().from, profile.front().from});
  }
  for (rate_stretch s : profile) {
    s.seconds *= seconds / before;
    longer.push_back(s);
  }
  return longer;
}

double requests_in(const rate_profile& profile) {
  double sum = 0;
  for (const rate_stretch& s : profile) sum += area(s);
  return sum;
}

schedule::schedule(rate_profile profile, arrival_kind kind, unsigned part, unsigned parts,
                   std::uint64_t seed)
    : profile_(std::move(profile)), kind_(kind), parts_(parts), random_(seed), position_(part) {
  if (kind_ == arrival_kind::poisson) {
    position_ = -std::log1p(-random_.uniform()) * parts_;
  }
  find_time();
}

void schedule::advance() noexcept {
  position_ += kind_ == arrival_kind::constant ? parts_ : -std::log1p(-random_.uniform()) * parts_;
  find_time();
}

void schedule::find_time() noexcept {
  for (; stretch_ < profile_.size(); ++stretch_) {
    const rate_stretch& s = profile_[stretch_];
    const double wanted = position_ - stretch_begins_with_;
    if (wanted < area(s)) {
      const double at = stretch_begins_at_ + time_to(wanted, s.from, (s.to - s.from) / s.seconds);
      next_ = std::chrono::nanoseconds(std::llround(at * 1e9));
      return;
    }
    stretch_begins_at_ += s.seconds;
    stretch_begins_with_ += area(s);
  }
  next_.reset();
}

}  // namespace ferrule::load
