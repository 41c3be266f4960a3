// SPDX-License-Identifier: MIT
#include "codec/quant/bitpack.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

TEST(Bitpack, the_first_code_is_in_the_lowest_bits) {
  const std::vector<std::uint8_t> codes = {1, 2, 3, 0, 2};
  std::vector<std::uint8_t> packed(packed_size_bytes(5, 2));
  pack_bits(codes.data(), 5, 2, packed.data());
  EXPECT_EQ(packed, (std::vector<std::uint8_t>{0b00111001, 0b10}));
  packed.assign(packed_size_bytes(5, 4), 0xff);
  pack_bits(codes.data(), 5, 4, packed.data());
  EXPECT_EQ(packed, (std::vector<std::uint8_t>{0x21, 0x03, 0x02}));
}

TEST(Bitpack, every_length_and_width_is_packed_bit_by_bit_and_comes_back) {
  Rng rng(3);
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (std::size_t n = 0; n < 300; n += n < 150 ? 1 : 37) {
      std::vector<std::uint8_t> codes(n);
      for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(rng.below(std::uint64_t{1} << bits));
      std::vector<std::uint8_t> expected(packed_size_bytes(n, bits));
      for (std::size_t i = 0; i < n * bits; ++i) {
        expected[i / 8] =
            static_cast<std::uint8_t>(expected[i / 8] | (codes[i / bits] >> (i % bits) & 1) << (i % 8));
      }
      std::vector<std::uint8_t> packed(expected.size() + 1, 0xee);  // the last byte is not ours
      pack_bits(codes.data(), n, bits, packed.data());
      ASSERT_EQ(packed.back(), 0xee);
      packed.pop_back();
      ASSERT_EQ(packed, expected) << bits << " " << n;
      std::vector<std::uint8_t> back(n + 1, 0xee);
      ASSERT_TRUE(unpack_bits(packed.data(), n, bits, back.data()));
      ASSERT_EQ(back.back(), 0xee);
      back.pop_back();
      ASSERT_EQ(back, codes);
    }
  }
}

TEST(Bitpack, unused_bits_must_be_zero) {
  std::vector<std::uint8_t> codes(3);
  const std::vector<std::uint8_t> clean = {0x21, 0x03};
  const std::vector<std::uint8_t> dirty = {0x21, 0x13};
  EXPECT_TRUE(unpack_bits(clean.data(), 3, 4, codes.data()));
  EXPECT_FALSE(unpack_bits(dirty.data(), 3, 4, codes.data()));
  for (const unsigned bits : {1U, 2U, 3U, 5U, 6U, 7U}) {
    std::vector<std::uint8_t> packed(packed_size_bytes(3, bits));
    EXPECT_TRUE(unpack_bits(packed.data(), 3, bits, codes.data()));
    packed.back() = 0x80;
    EXPECT_FALSE(unpack_bits(packed.data(), 3, bits, codes.data())) << bits;
  }
}

TEST(Bitpack, planes_hold_low_bytes_then_high_bytes) {
  const std::vector<std::uint16_t> values = {0x1234, 0xabcd, 0x00ff};
  std::vector<std::uint8_t> planes(6);
  split_planes(values.data(), 3, planes.data());
  EXPECT_EQ(planes, (std::vector<std::uint8_t>{0x34, 0xcd, 0xff, 0x12, 0xab, 0x00}));
  std::vector<std::uint16_t> back(3);
  join_planes(planes.data(), 3, back.data());
  EXPECT_EQ(back, values);
}

}  // namespace
}  // namespace kvferry
