// SPDX-License-Identifier: MIT
//
// The Reed–Solomon code against one written from its definition, and any k of k + r symbols.
#include "protocol/datagram/repair_code.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "tests/protocol/repair_blocks.h"

namespace kvferry::test {
namespace {

// GF(2^8), polynomial 0x11D, by logarithms to the base 2.
class Field {
 public:
  Field() {
    unsigned value = 1;
    for (std::size_t i = 0; i < 255; ++i) {
      power_[i] = static_cast<std::uint8_t>(value);
      log_[value] = i;
      value = (value << 1) ^ ((value & 0x80) != 0 ? 0x11D : 0);
    }
  }
  [[nodiscard]] std::uint8_t inverse(std::size_t a) const { return power_[(255 - log_[a]) % 255]; }
  [[nodiscard]] std::uint8_t product(std::uint8_t a, std::uint8_t b) const {
    return a == 0 || b == 0 ? 0 : power_[(log_[a] + log_[b]) % 255];
  }

 private:
  std::array<std::uint8_t, 255> power_{};
  std::array<std::size_t, 256> log_{};
};

std::vector<Bytes> random_sources(Rng& rng, std::size_t count, std::size_t size) {
  std::vector<Bytes> sources;
  for (std::size_t i = 0; i < count; ++i) sources.push_back(random_bytes(rng, size));
  return sources;
}

TEST(RepairCode, is_the_cauchy_matrix_over_the_field_of_polynomial_0x11d) {
  const Field field;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::size_t k = 1 + rng.below(kMaxRepairSources);
    const auto sources = random_sources(rng, k, kMinSymbolBytes + rng.below(80));
    const auto repairs = encode_repair(sources, kMaxRepairSymbols);
    ASSERT_EQ(repairs.size(), kMaxRepairSymbols);
    for (std::size_t j = 0; j < repairs.size(); ++j) {
      Bytes expected(sources[0].size());
      for (std::size_t i = 0; i < k; ++i) {
        const std::uint8_t factor = field.inverse((k + j) ^ i);
        for (std::size_t b = 0; b < expected.size(); ++b) expected[b] ^= field.product(factor, sources[i][b]);
      }
      ASSERT_EQ(repairs[j], expected) << "repair symbol " << j;
    }
  }
}

TEST(RepairCode, of_one_source_repeats_it_divided_by_the_index_plus_one) {
  const Field field;
  const auto repairs = encode_repair(std::vector<Bytes>{{1, 1, 1}}, 3);
  for (std::uint8_t j = 0; j < 3; ++j) EXPECT_EQ(repairs[j], Bytes(3, field.inverse(1u + j)));
}

TEST(RepairCode, any_k_of_k_plus_r_symbols_give_every_source) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::size_t k = 1 + rng.below(kMaxRepairSources);
    const std::size_t r = 1 + rng.below(kMaxRepairSymbols);
    const auto sources = random_sources(rng, k, kMinSymbolBytes + rng.below(1400));
    const auto symbols = encode_repair(sources, r);
    std::vector<std::size_t> arrived(k + r);
    std::iota(arrived.begin(), arrived.end(), 0);
    shuffle(rng, arrived);
    arrived.resize(k);
    std::vector<Bytes> here(k), missing;
    std::vector<RepairSymbol> repairs;
    for (std::size_t symbol : arrived) {
      if (symbol < k) here[symbol] = sources[symbol];
      if (symbol >= k) repairs.push_back({symbol - k, symbols[symbol - k]});
    }
    for (std::size_t i = 0; i < k; ++i) {
      if (here[i].empty()) missing.push_back(sources[i]);
    }
    ASSERT_EQ(solve_missing(here, repairs), missing);
  }
}

TEST(SourceSymbol, gives_its_frames_back) {
  const Bytes frames = {0x0D, 1, 2};
  EXPECT_EQ(source_symbol(frames, 8), (Bytes{3, 0, 0x0D, 1, 2, 0, 0, 0}));
  for (std::size_t size : {5, 6, 300}) {
    const Bytes symbol = source_symbol(frames, size);
    const auto back = frames_of_symbol(symbol);
    ASSERT_TRUE(back);
    EXPECT_TRUE(std::ranges::equal(*back, frames));
  }
}

TEST(SourceSymbol, with_a_wrong_length_or_padding_is_none) {
  EXPECT_TRUE(frames_of_symbol(Bytes{2, 0, 7, 7}));
  EXPECT_FALSE(frames_of_symbol(Bytes{3, 0, 7, 7}));
  EXPECT_FALSE(frames_of_symbol(Bytes{2, 1, 7, 7}));
  EXPECT_FALSE(frames_of_symbol(Bytes{1, 0, 7, 7}));
  EXPECT_FALSE(frames_of_symbol(Bytes{0, 0, 0, 0}));
}

}  // namespace
}  // namespace kvferry::test
