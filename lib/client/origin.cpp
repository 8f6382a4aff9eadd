#include "ferrule/client/origin.hpp"

#include <charconv>

#include "http/authority.hpp"

namespace ferrule {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

bool take_scheme(std::string_view& url, std::string_view scheme) noexcept {
  for (std::size_t i = 0; i != scheme.size(); ++i) {
    const bool is_letter = scheme[i] >= 'a' && scheme[i] <= 'z';
    if (i == url.size() || (is_letter ? url[i] | 0x20 : url[i]) != scheme[i]) return false;
  }
  url.remove_prefix(scheme.size());
  return true;
}

}  // namespace

std::optional<origin> origin::parse(std::string_view url) {
  origin parsed;
  parsed.is_tls_ = take_scheme(url, "https://");
  if (!parsed.is_tls_ && !take_scheme(url, "http://")) return {};
  if (url.ends_with('/')) url.remove_suffix(1);
  if (!http::is_authority(url, http::port_rule::optional)) return {};
  const std::uint16_t usual = parsed.is_tls_ ? https_port : http_port;
  parsed.port_ = usual;
  const std::size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && !url.ends_with(']')) {
    const std::string_view digits = url.substr(colon + 1);
    if (!digits.empty()) {
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port_);
    }
    url = url.substr(0, colon);
  }
  if (parsed.port_ == 0) return {};
  for (char c : url) parsed.authority_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  parsed.host_ = parsed.authority_;
  if (parsed.host_.starts_with('[')) parsed.host_ = parsed.host_.substr(1, url.size() - 2);
  if (parsed.port_ != usual) parsed.authority_ += ':' + std::to_string(parsed.port_);
  return parsed;
}

std::string origin::text() const { return (is_tls_ ? "https://" : "http://") + authority_; }

}  // namespace ferrule
