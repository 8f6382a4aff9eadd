#include "resilience/siphash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::detail {
namespace {

constexpr std::array<std::uint64_t, 2> secret{0x0706050403020100U, 0x0F0E0D0C0B0A0908U};

std::uint64_t hash_of_first_bytes(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i != size; ++i) text += static_cast<char>(i);
  return siphash(secret).of(text);
}

// The first is of the reference implementation's vectors, the second of the paper's appendix A.
TEST(siphash, gives_what_its_authors_say) {
  EXPECT_EQ(hash_of_first_bytes(0), 0x726FDB47DD0E0E31U);
  EXPECT_EQ(hash_of_first_bytes(15), 0xA129CA6149BE45E5U);
}

TEST(siphash, depends_on_the_secret_and_on_every_byte) {
  const std::string text = "0123456789abcdef!";
  const std::uint64_t hash = siphash(secret).of(text);
  EXPECT_NE(siphash({secret[0] ^ 1U, secret[1]}).of(text), hash);
  EXPECT_NE(siphash({secret[0], secret[1] ^ 1U}).of(text), hash);
  for (std::size_t i = 0; i != text.size(); ++i) {
    std::string other = text;
    other[i] = '?';
    EXPECT_NE(siphash(secret).of(other), hash);
  }
}

}  // namespace
}  // namespace ferrule::detail
