// SPDX-License-Identifier: MIT
//
// KvCache -> Card -> KvCache, for shapes from one number to ragged caches of many chunks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "protocol/card/card_file.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using testing::encode_as;
using testing::gaussian_cache;

std::vector<std::int32_t> every(std::int32_t step, std::int32_t end) {
  std::vector<std::int32_t> positions;
  for (std::int32_t position = 0; position < end; position += step) positions.push_back(position);
  return positions;
}

bool same(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void fill(std::span<std::uint16_t> data, float value) {
  std::fill(data.begin(), data.end(), float_to_half(value));
}

std::vector<KvCache> caches() {
  std::vector<KvCache> all;
  all.push_back(gaussian_cache({1, 1, 1}, 1));
  all.push_back(gaussian_cache({2, 2, 128}, 1));
  all.push_back(gaussian_cache({3, 1, 7}, 63));
  all.push_back(gaussian_cache({3, 2, 128}, 129));
  all.push_back(gaussian_cache({2, 3, 80}, 200));
  all.push_back(gaussian_cache({4, 2, 24}, {every(1, 90), every(3, 90), every(3, 90), {0, 89}}, 90));
  return all;
}

// The mean squared error over all K (or V) values, relative to their variance of 1.
double squared_error(std::span<const std::uint16_t> a, std::span<const std::uint16_t> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::pow(static_cast<double>(half_to_float(a[i])) - static_cast<double>(half_to_float(b[i])), 2);
  }
  return sum / static_cast<double>(a.size());
}

TEST(RoundTrip, fp16_returns_exactly_the_same_bits) {
  for (const KvCache& cache : caches()) {
    for (const char* preset : {"fp16", "quant=fp16 | entropy=zstd"}) {
      const auto back = decode(encode_as(cache, preset));
      ASSERT_TRUE(back.ok()) << back.error().message;
      EXPECT_EQ(*back, cache);
    }
  }
}

TEST(RoundTrip, fp16_keeps_negative_zero_and_subnormals) {
  KvCache cache = gaussian_cache({1, 1, 4}, 2);
  cache.key_data(0)[0] = 0x8000;
  cache.key_data(0)[1] = 0x8001;
  cache.value_data(0)[7] = 0xfbff;
  EXPECT_EQ(*decode(encode_as(cache, "fp16")), cache);
}

TEST(RoundTrip, every_quantizer_keeps_shape_and_positions_and_errs_as_its_bits_say) {
  const std::pair<const char*, double> presets[] = {{"int8", 1e-3}, {"int4", 0.02}, {"int2", 0.5}};
  for (const KvCache& cache : caches()) {
    for (const auto& [preset, limit] : presets) {
      const auto back = decode(encode_as(cache, preset));
      ASSERT_TRUE(back.ok()) << back.error().message;
      ASSERT_EQ(back->geometry(), cache.geometry());
      EXPECT_EQ(back->token_count(), cache.token_count());
      for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
        ASSERT_TRUE(same(back->positions(layer), cache.positions(layer)));
        EXPECT_LT(squared_error(back->key_data(layer), cache.key_data(layer)), limit) << preset;
        EXPECT_LT(squared_error(back->value_data(layer), cache.value_data(layer)), limit) << preset;
      }
    }
  }
}

TEST(RoundTrip, entropy_coding_changes_no_number) {
  const KvCache cache = gaussian_cache({3, 2, 64}, 150);
  const KvCache plain = *decode(encode_as(cache, "quant=int4:32 | entropy=none"));
  EXPECT_EQ(plain, *decode(encode_as(cache, "quant=int4:32 | entropy=zstd")));
  EXPECT_EQ(plain, *decode(encode_as(cache, "quant=int4:32 | entropy=zstd:19")));
}

TEST(RoundTrip, a_constant_cache_is_exact_and_small) {
  KvCache cache = *KvCache::create_full({2, 2, 64}, 128);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    fill(cache.key_data(layer), -2.5F);
    fill(cache.value_data(layer), 0.1F);
  }
  const Card card = encode_as(cache, "int2");
  EXPECT_EQ(*decode(card), cache);
  EXPECT_LT(card.file_bytes(), cache.bytes_fp16() / 50);
}

TEST(RoundTrip, chunks_decode_in_any_order) {
  const KvCache cache = gaussian_cache({3, 2, 128}, 300);
  const Card card = encode_as(cache, "int8");
  ASSERT_GT(card.chunks.size(), 5U);
  ChunkDecoder decoder;
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  for (auto i = static_cast<std::uint32_t>(card.chunks.size()); i-- > 0;) {
    EXPECT_FALSE(decoder.complete());
    ASSERT_TRUE(decoder.add(i, card.chunks[i].view()).ok());
  }
  EXPECT_TRUE(decoder.missing().empty());
  EXPECT_EQ(*decoder.take(), *decode(card));
}

TEST(RoundTrip, a_card_file_decodes_to_the_same_cache) {
  const KvCache cache = gaussian_cache({3, 2, 64}, 100);
  const Card card = encode_as(cache, "int4");
  const auto path = testing::temporary_path("round_trip_test.card");
  ASSERT_TRUE(write_card_file(path, card).ok());
  const auto read = read_card_file(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*decode(*read), *decode(card));
  EXPECT_EQ(read->digest(), card.digest());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kvferry
