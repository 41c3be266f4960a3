// SPDX-License-Identifier: MIT
#include "codec/transform/rope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "protocol/base/digest.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr std::int32_t kLastPosition = (1 << 24) - 1;

struct Case {
  std::size_t heads, head_dim;
  double theta;
};
constexpr Case kCases[] = {{2, 128, 1e6}, {1, 64, 1e4}, {3, 80, 5e5}, {2, 2, 1e4}, {1, 96, 1.0}};
const std::vector<std::int32_t> kPositions = {0, 1, 2, 7, 100, 4095, 65537, 1000003, kLastPosition};

std::vector<float> gaussian_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& value : values) value = testing::gaussian(rng);
  return values;
}

// The rotation by definition, in double with the C library's functions.
std::vector<double> rotated(const std::vector<float>& key, const Case& shape, double sign) {
  std::vector<double> out(key.size());
  const std::size_t half = shape.head_dim / 2;
  for (std::size_t at = 0; at < key.size(); ++at) {
    const std::size_t row = at / (shape.heads * shape.head_dim);
    const std::size_t dim = at % shape.head_dim;
    const double exponent = 2.0 * static_cast<double>(dim % half) / static_cast<double>(shape.head_dim);
    const double angle = sign * kPositions[row] * std::pow(shape.theta, -exponent);
    const double other =
        dim < half ? -static_cast<double>(key[at + half]) : static_cast<double>(key[at - half]);
    out[at] = static_cast<double>(key[at]) * std::cos(angle) + other * std::sin(angle);
  }
  return out;
}

// Largest difference, as a share of the pair's length.
double largest_error(const std::vector<float>& got, const std::vector<double>& expected,
                     std::size_t head_dim) {
  double worst = 0;
  const std::size_t half = head_dim / 2;
  for (std::size_t at = 0; at < got.size(); ++at) {
    const std::size_t other = at % head_dim < half ? at + half : at - half;
    const double difference = std::abs(static_cast<double>(got[at]) - expected[at]);
    worst = std::max(worst, difference / std::hypot(expected[at], expected[other]));
  }
  return worst;
}

TEST(Rope, agrees_with_the_definition_in_double_up_to_the_last_position) {
  for (const Case& shape : kCases) {
    const auto key = gaussian_values(kPositions.size() * shape.heads * shape.head_dim, 3);
    auto turned = key;
    redo_rope(turned.data(), kPositions, shape.heads, shape.head_dim, shape.theta);
    EXPECT_LT(largest_error(turned, rotated(key, shape, 1), shape.head_dim), 3e-7) << shape.head_dim;
    auto turned_back = key;
    undo_rope(turned_back.data(), kPositions, shape.heads, shape.head_dim, shape.theta);
    EXPECT_LT(largest_error(turned_back, rotated(key, shape, -1), shape.head_dim), 3e-7) << shape.head_dim;
  }
}

TEST(Rope, undoing_what_was_done_gives_the_key_back) {
  for (const Case& shape : kCases) {
    const auto key = gaussian_values(kPositions.size() * shape.heads * shape.head_dim, 4);
    auto turned = key;
    redo_rope(turned.data(), kPositions, shape.heads, shape.head_dim, shape.theta);
    undo_rope(turned.data(), kPositions, shape.heads, shape.head_dim, shape.theta);
    EXPECT_LT(largest_error(turned, {key.begin(), key.end()}, shape.head_dim), 1e-6) << shape.head_dim;
  }
}

TEST(Rope, cosines_and_sines_are_those_of_the_format) {
  struct Example {
    std::int32_t position;
    std::size_t pair;
    std::uint32_t cosine, sine;
  };
  for (const Example& example :
       {Example{1, 0, 0x3f0a5140, 0x3f576aa4}, Example{1000, 5, 0x3f5d07c5, 0x3f01283e},
        Example{kLastPosition, 0, 0xbea29962, 0xbf72bf60},
        Example{kLastPosition, 63, 0xbec6f879, 0x3f6be0e7}}) {
    std::vector<float> key(128);
    key[example.pair] = 1;
    redo_rope(key.data(), std::vector<std::int32_t>{example.position}, 1, 128, 1e6);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(key[example.pair]), example.cosine);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(key[example.pair + 64]), example.sine);
  }
}

// One in a thousand may round the other way.
TEST(Rope, cosines_and_sines_are_rounded_from_double) {
  const auto frequencies = rope_frequencies(128, 1e6);
  int others = 0;
  for (std::int32_t position = 1; position <= kLastPosition; position += 65521) {
    std::vector<float> key(128);
    std::fill_n(key.begin(), 64, 1.0F);
    redo_rope(key.data(), std::vector<std::int32_t>{position}, 1, 128, 1e6);
    for (std::size_t i = 0; i < 64; ++i) {
      const double angle = position * frequencies[i];
      others += key[i] != static_cast<float>(std::cos(angle)) ? 1 : 0;
      others += key[i + 64] != static_cast<float>(std::sin(angle)) ? 1 : 0;
    }
  }
  EXPECT_LE(others, 2 * 64 * (kLastPosition / 65521 + 1) / 1000);
}

// The digest is that of a program written from the format's text, in another language.
TEST(Rope, every_bit_is_as_the_format_says) {
  Bytes bits;
  for (std::int32_t position = 1; position <= kLastPosition; position += 4099) {
    std::vector<float> key(128);
    std::fill_n(key.begin(), 64, 1.0F);
    redo_rope(key.data(), std::vector<std::int32_t>{position}, 1, 128, 1e6);
    for (const float value : key) put_le(bits, std::bit_cast<std::uint32_t>(value));
  }
  EXPECT_EQ(sha256(bits).hex(), "e126db8276fb46e0569444bce14d7ea934b3965e121569eee23dd64d50b19468");
}

TEST(Rope, position_zero_changes_nothing) {
  const std::vector<std::int32_t> zero = {0};
  const auto key = gaussian_values(128, 5);
  auto turned = key;
  redo_rope(turned.data(), zero, 1, 128, 1e6);
  EXPECT_EQ(turned, key);
}

TEST(Rope, frequencies_are_powers_of_theta) {
  for (const Case& shape : kCases) {
    const auto frequencies = rope_frequencies(shape.head_dim, shape.theta);
    ASSERT_EQ(frequencies.size(), shape.head_dim / 2);
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
      const double expected =
          std::pow(shape.theta, -2.0 * static_cast<double>(i) / static_cast<double>(shape.head_dim));
      EXPECT_NEAR(frequencies[i] / expected, 1.0, 6e-15) << shape.head_dim << " pair " << i;
    }
  }
}

TEST(Rope, products_of_keys_and_queries_depend_on_their_distance_alone) {
  const auto query = gaussian_values(128, 6);
  const auto key = gaussian_values(128, 7);
  const auto product_at = [&](std::int32_t q, std::int32_t k) {
    auto a = query;
    auto b = key;
    redo_rope(a.data(), std::vector<std::int32_t>{q}, 1, 128, 1e6);
    redo_rope(b.data(), std::vector<std::int32_t>{k}, 1, 128, 1e6);
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  };
  EXPECT_NEAR(product_at(30, 10), product_at(100030, 100010), 1e-4);
  EXPECT_GT(std::abs(product_at(30, 10) - product_at(31, 10)), 1e-2);
}

TEST(Rope, a_table_serves_a_part_of_its_rows) {
  const Case shape = kCases[0];
  const std::size_t row = shape.heads * shape.head_dim;
  const auto key = gaussian_values(kPositions.size() * row, 8);
  auto whole = key;
  redo_rope(whole.data(), kPositions, shape.heads, shape.head_dim, shape.theta);
  const RopeTable table(kPositions, shape.head_dim, shape.theta);
  auto part = key;
  table.redo(part.data() + 3 * row, 3, 4, shape.heads);
  EXPECT_TRUE(std::equal(part.begin() + 3 * 256, part.begin() + 7 * 256, whole.begin() + 3 * 256));
  EXPECT_TRUE(std::equal(part.begin(), part.begin() + 3 * 256, key.begin()));
  EXPECT_TRUE(std::equal(part.begin() + 7 * 256, part.end(), key.begin() + 7 * 256));
}

}  // namespace
}  // namespace kvferry
