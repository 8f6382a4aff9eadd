// What the client reads of others besides responses: where a redirect leads, SRV records, and who a
// proxy is for. The first byte says which.

#include <vector>

#include "check.hpp"
#include "client/redirects.hpp"
#include "dns/service_records.hpp"
#include "ferrule/client/proxy.hpp"

namespace {

using namespace ferrule;

void check_location(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string target = "/" + std::string(text.substr(0, end));
  const origin base = *origin::parse("http://users:8001");
  const auto found = resolve(base, target, text.substr(std::min(end + 1, text.size())));
  if (!found) return;
  FUZZ_CHECK(found->target.starts_with('/'));
  FUZZ_CHECK(found->target.find('#') == std::string::npos || target.find('#') != std::string::npos);
  FUZZ_CHECK(origin::parse(found->at.text()) == found->at);
}

void check_services(std::string_view text) {
  std::vector<dns::service_target> targets;
  std::chrono::seconds ttl{0};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const bool whole = dns::read_services({bytes, text.size()}, targets, ttl);
  constexpr std::size_t record_bytes_min = 19;
  FUZZ_CHECK(targets.size() * record_bytes_min <= text.size());
  for (const dns::service_target& each : targets) FUZZ_CHECK(!each.host.empty());
  FUZZ_CHECK(!whole || ttl.count() >= 0);
}

void check_proxy(std::string_view text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view hosts = text.substr(std::min(end + 1, text.size()));
  const std::string_view host = text.substr(0, end);
  const bool named = is_named_by(hosts, host);
  FUZZ_CHECK(hosts == "*" || is_named_by("a," + std::string(hosts), host) || !named);
  const auto proxy = proxy_server::parse(text);
  if (proxy) FUZZ_CHECK(!proxy->at.is_tls() && proxy->at.port() != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  if (text.empty()) return 0;
  if (text.front() == 'l') check_location(text.substr(1));
  if (text.front() == 's') check_services(text.substr(1));
  if (text.front() == 'p') check_proxy(text.substr(1));
  return 0;
}
