#include "ferrule/compress/decompressor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "compressed.hpp"
#include "ferrule/core/rng.hpp"

namespace ferrule {
namespace {

using outcome = result<std::string, decompress_error>;

/// Decodes `parts` one by one.
outcome decode(std::string_view coding, std::initializer_list<std::string_view> parts,
               const decompress_limits& limits = {}) {
  auto decoder = decompressor::make(coding, limits);
  if (!decoder) return fail(decoder.error());
  buffer out;
  for (const std::string_view part : parts) {
    if (auto fed = decoder->feed(part, out); !fed) return fail(fed.error());
  }
  if (auto ended = decoder->finish(); !ended) return fail(ended.error());
  return std::string(out.view());
}

std::string some_text(std::size_t bytes) {
  constexpr std::string_view words[] = {"ring ", "io ", "handle ", "42 ", "\n", "ferrule "};
  rng chance(bytes);
  std::string text;
  while (text.size() < bytes) text += words[chance.below(std::size(words))];
  text.resize(bytes);
  return text;
}

class decompressor_test : public testing::TestWithParam<const char*> {
 protected:
  std::string_view coding() const { return coding_of(GetParam()); }
  std::string pack(std::string_view text) const { return compressed(GetParam(), text); }
};
INSTANTIATE_TEST_SUITE_P(, decompressor_test,
                         testing::Values("gzip", "deflate", "bare deflate", "br", "zstd"),
                         [](const auto& how) {
                           std::string name = how.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST_P(decompressor_test, gives_back_texts_of_any_size) {
  for (const std::size_t bytes : {0U, 1U, 100U, 16383U, 16384U, 16385U, 32768U, 500'000U}) {
    const std::string text = some_text(bytes);
    EXPECT_EQ(decode(coding(), {pack(text)}), outcome(text)) << bytes;
  }
}

TEST_P(decompressor_test, takes_its_data_in_any_parts) {
  const std::string text = some_text(1000);
  const std::string packed = pack(text);
  for (std::size_t at = 0; at <= packed.size(); ++at) {
    const std::string_view all = packed;
    ASSERT_EQ(decode(coding(), {all.substr(0, at), "", all.substr(at)}), outcome(text)) << at;
  }
  auto decoder = decompressor::make(coding());
  buffer out;
  for (const char c : packed) ASSERT_TRUE(decoder->feed({&c, 1}, out));
  EXPECT_TRUE(decoder->finish());
  EXPECT_EQ(out.view(), text);
}

TEST_P(decompressor_test, knows_that_the_end_is_missing) {
  const std::string packed = pack(some_text(300));
  for (std::size_t bytes = 0; bytes != packed.size(); ++bytes) {
    ASSERT_EQ(decode(coding(), {std::string_view(packed).substr(0, bytes)}),
              outcome(fail(decompress_error::truncated)))
        << bytes;
  }
}

TEST_P(decompressor_test, refuses_what_follows_the_end) {
  const std::string packed = pack(some_text(300));
  for (const std::string_view more : {"x", "garbage that is long enough for any header"}) {
    for (const bool apart : {false, true}) {
      const auto got =
          apart ? decode(coding(), {packed, more}) : decode(coding(), {packed + std::string(more)});
      ASSERT_FALSE(got);
      // A single byte may still be the beginning of another member or frame.
      if (more.size() > 1) EXPECT_EQ(got.error(), decompress_error::malformed);
    }
  }
}

TEST_P(decompressor_test, survives_every_flipped_byte) {
  const std::string text = some_text(200);
  std::string packed = pack(text);
  int refused = 0;
  for (char& c : packed) {
    c = static_cast<char>(c ^ 0x55);
    const auto got = decode(coding(), {packed}, {.bytes_max = 100'000});
    if (!got) ++refused;
    c = static_cast<char>(c ^ 0x55);
  }
  EXPECT_GT(refused, static_cast<int>(packed.size()) / 2);
}

TEST_P(decompressor_test, goes_to_its_limit_and_no_further) {
  const std::string text = some_text(40'000);
  const std::string packed = pack(text);
  EXPECT_EQ(decode(coding(), {packed}, {.bytes_max = 40'000}), outcome(text));
  auto decoder = decompressor::make(coding(), {.bytes_max = 39'999});
  buffer out;
  const auto fed = decoder->feed(packed, out);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error(), decompress_error::too_large);
  EXPECT_LE(out.size(), 39'999U + 16'384U);
}

TEST_P(decompressor_test, stops_a_bomb_early) {
  const std::string bomb = pack(std::string(16U << 20U, '\0'));
  auto decoder = decompressor::make(coding(), {.bytes_max = 1U << 18U});
  buffer out;
  EXPECT_EQ(decoder->feed(bomb, out).error(), decompress_error::too_large);
  EXPECT_LE(out.size(), (1U << 18U) + 16'384U);

  auto by_ratio = decompressor::make(coding(), {.bytes_max = 1U << 30U, .ratio_max = 10});
  buffer less;
  EXPECT_EQ(by_ratio->feed(bomb, less).error(), decompress_error::too_large);
  EXPECT_LE(less.size(), 10 * bomb.size() + 65'536U + 16'384U);
}

TEST(decompressor, undoes_codings_in_the_reverse_of_their_order) {
  const std::string text = some_text(50'000);
  const std::string packed = compressed("zstd", compressed("gzip", compressed("br", text)));
  EXPECT_EQ(decode("br, gzip,zstd", {packed}), outcome(text));
  EXPECT_EQ(decode(" ,BR,identity,\tGZip , zStd,", {packed}), outcome(text));
  EXPECT_FALSE(decode("zstd, gzip, br", {packed}));
  EXPECT_EQ(decode("br, gzip, zstd", {packed.substr(0, packed.size() - 1)}),
            outcome(fail(decompress_error::truncated)));
}

TEST(decompressor, limits_what_lies_between_codings_as_well) {
  const std::string inner = compressed("gzip", std::string(64U << 20U, 'x'));
  const std::string bomb = compressed("gzip", inner);  // a few hundred bytes for 64 MiB
  ASSERT_LT(bomb.size(), 1000U);
  EXPECT_EQ(decode("gzip, gzip", {bomb}), outcome(fail(decompress_error::too_large)));
  EXPECT_EQ(decode("gzip, gzip", {bomb}, {.bytes_max = 1000}),
            outcome(fail(decompress_error::too_large)));
}

TEST(decompressor, knows_the_names_of_codings) {
  EXPECT_EQ(decode("", {"as it is"}), outcome("as it is"));
  EXPECT_EQ(decode("identity", {"as ", "it is"}), outcome("as it is"));
  EXPECT_EQ(decode("identity", {}), outcome(""));
  EXPECT_EQ(decode("identity", {"too long"}, {.bytes_max = 7}),
            outcome(fail(decompress_error::too_large)));
  EXPECT_EQ(decode("x-gzip", {compressed("gzip", "old")}), outcome("old"));
  for (const char* coding :
       {"lzma", "gzip2", "gzip;q=1", "br zstd", "compress", "gzip, gzip, gzip, gzip"}) {
    EXPECT_EQ(decode(coding, {}), outcome(fail(decompress_error::unknown_coding))) << coding;
  }
}

TEST(decompressor, takes_several_members_and_frames_in_a_row) {
  for (const char* coding : {"gzip", "zstd"}) {
    const std::string two = compressed(coding, "one ") + compressed(coding, "two");
    for (std::size_t at = 0; at <= two.size(); ++at) {
      const std::string_view all = two;
      ASSERT_EQ(decode(coding, {all.substr(0, at), all.substr(at)}), outcome("one two")) << at;
    }
  }
}

TEST(decompressor, refuses_a_window_that_is_too_large) {
  const std::string text = some_text(9U << 20U);
  EXPECT_EQ(decode("zstd", {zstded(text, 23)}), outcome(text));
  EXPECT_EQ(decode("zstd", {zstded(text, 24)}), outcome(fail(decompress_error::malformed)));
}

}  // namespace
}  // namespace ferrule
