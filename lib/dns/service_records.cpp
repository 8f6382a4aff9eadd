#include "dns/service_records.hpp"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace ferrule::dns {
namespace {

class message_reader {
 public:
  explicit message_reader(std::span<const unsigned char> message) noexcept : message_(message) {}

  bool failed() const noexcept { return failed_; }
  void skip(std::size_t bytes) noexcept {
    failed_ = failed_ || message_.size() - at_ < bytes;
    if (!failed_) at_ += bytes;
  }
  std::uint16_t u16() noexcept {
    const std::size_t from = at_;
    skip(2);
    if (failed_) return 0;
    return static_cast<std::uint16_t>(message_[from] << 8U | message_[from + 1]);
  }
  std::uint32_t u32() noexcept {
    const std::uint32_t high = u16();
    return high << 16U | u16();
  }
  std::string name() {
    char* text = nullptr;
    long bytes = 0;
    failed_ = failed_ || at_ >= message_.size() ||
              ares_expand_name(message_.data() + at_, message_.data(),
                               static_cast<int>(message_.size()), &text, &bytes) != ARES_SUCCESS;
    if (failed_) return {};
    const std::unique_ptr<char, void (*)(char*)> owned(text, [](char* s) { ares_free_string(s); });
    skip(static_cast<std::size_t>(bytes));
    return text;
  }

 private:
  std::span<const unsigned char> message_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

bool read_services(std::span<const unsigned char> message, std::vector<service_target>& targets,
                   std::chrono::seconds& ttl) {
  message_reader in(message);
  in.skip(4);  // id and flags
  const unsigned questions = in.u16();
  const unsigned answers = in.u16();
  in.skip(4);  // counts of what follows the answers
  for (unsigned i = 0; i != questions && !in.failed(); ++i) {
    in.name();
    in.skip(4);
  }
  std::uint32_t least = std::numeric_limits<std::int32_t>::max();
  for (unsigned i = 0; i != answers && !in.failed(); ++i) {
    in.name();
    const unsigned type = in.u16();
    in.skip(2);  // class
    least = std::min(least, in.u32());
    const std::size_t bytes = in.u16();
    if (type != ns_t_srv) {
      in.skip(bytes);
      continue;
    }
    service_target target;
    target.priority = in.u16();
    target.weight = in.u16();
    target.port = in.u16();
    target.host = in.name();
    if (!in.failed() && !target.host.empty()) targets.push_back(std::move(target));
  }
  ttl = std::chrono::seconds(least);
  return !in.failed();
}

}  // namespace ferrule::dns
