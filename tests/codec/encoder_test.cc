// SPDX-License-Identifier: MIT
#include "codec/encoder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "codec/decoder.h"
#include "protocol/card/card_file.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using testing::encode_as;
using testing::gaussian_cache;
using testing::options_for;

// Coder, segments, and a run of one coding for K and one for V, which is what uniform presets have.
constexpr std::size_t kUniformHeaderBytes = 2 + 2 * 4;

std::string error_of(const KvCache& cache, const EncodeOptions& options) {
  const auto card = encode(cache, options);
  return card ? "no error" : card.error().message;
}

TEST(Encoder, the_manifest_says_what_the_card_is) {
  const KvCache cache = gaussian_cache({3, 2, 16}, 100);
  const Card card = encode_as(cache, "int4");
  const Manifest& manifest = card.manifest;
  EXPECT_EQ(manifest.model, testing::identity_of(cache.geometry()));
  EXPECT_EQ(manifest.token_count, 100U);
  EXPECT_EQ(manifest.preset, "select=full | quant=int4 | entropy=zstd");
  EXPECT_EQ(manifest.codec, CodecId::kPipeline);
  EXPECT_FALSE(manifest.query_aware);
  EXPECT_EQ(manifest.raw_bytes, 100U * 3 * 32 * 4);
  EXPECT_EQ(manifest.position_sets.size(), 1U);
  EXPECT_EQ(manifest.layer_sets, (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_FALSE(manifest.divergence.has_value());
  EXPECT_TRUE(card.verify().ok());
}

TEST(Encoder, sizes_count_every_byte) {
  const KvCache cache = gaussian_cache({4, 2, 64}, 200);
  for (const char* preset : {"fp16", "int8", "int4", "int2", "quant=int4"}) {
    EncodeStats stats;
    const auto card = encode(cache, options_for(cache, preset), &stats);
    ASSERT_TRUE(card.ok());
    std::uint64_t payload = 0;
    for (const Slice& chunk : card->chunks) payload += chunk.size();
    EXPECT_EQ(stats.full_bytes, cache.bytes_fp16());
    EXPECT_EQ(stats.selected_bytes, cache.bytes_fp16());
    EXPECT_EQ(stats.payload_bytes, payload);
    EXPECT_EQ(stats.chunks, card->chunks.size());
    EXPECT_LE(payload, stats.body_bytes + stats.chunks * kUniformHeaderBytes);
    const auto path = testing::temporary_path("encoder_test.card");
    ASSERT_TRUE(write_card_file(path, *card).ok());
    EXPECT_EQ(std::filesystem::file_size(path), stats.card_bytes);
    std::filesystem::remove(path);
    EXPECT_GT(stats.card_bytes, payload + 32 * stats.chunks);  // the table has a digest for each
  }
}

// 64 rows x 2 heads x 64, K and V: 2 bytes a value; bits / 8 and 4 bytes for every 64 values.
TEST(Encoder, bodies_have_the_sizes_that_the_format_gives) {
  const KvCache cache = gaussian_cache({1, 2, 64}, 64);
  const std::uint64_t values = 2 * 64 * 128;
  const std::pair<const char*, std::uint64_t> expected[] = {
      {"quant=fp16", 2 * values},
      {"quant=int8", values + values / 64 * 4},
      {"quant=int4", values / 2 + values / 64 * 4},
      {"quant=int2", values / 4 + values / 64 * 4},
      {"quant=int2:16", values / 4 + values / 16 * 4},
  };
  for (const auto& [preset, body] : expected) {
    const Card card = encode_as(cache, preset);
    ASSERT_EQ(card.chunks.size(), 1U);
    EXPECT_EQ(card.chunks[0].size(),
              body + (preset == std::string_view("quant=fp16") ? 6 : kUniformHeaderBytes))
        << preset;
  }
}

TEST(Encoder, same_input_same_card) {
  const KvCache cache = gaussian_cache({2, 2, 32}, 130);
  const auto digest = [&cache](std::string_view preset, std::uint64_t seed) {
    EncodeOptions options = options_for(cache, preset);
    options.seed = seed;
    return encode(cache, options)->digest();
  };
  EXPECT_EQ(digest("int4", 1), digest("int4", 2));
  EXPECT_EQ(digest("select=random:0.5", 1), digest("select=random:0.5", 1));
  EXPECT_NE(digest("select=random:0.5", 1), digest("select=random:0.5", 2));
}

// One row: a scale and a zero for each channel of K would be larger than FP16, those of V are not.
TEST(Encoder, rows_too_few_for_their_scales_travel_as_fp16) {
  const KvCache cache = gaussian_cache({1, 4, 64}, 65);
  const Card card = encode_as(cache, "quant=int4");
  ASSERT_EQ(card.chunks.size(), 2U);
  EXPECT_EQ(card.chunks[1].size(), kUniformHeaderBytes + 256U * 2 + 256 / 2 + 4 * 4);
}

TEST(Encoder, question_aware_selection_asks_the_model_and_is_marked) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 8);
  EncodeOptions options = options_for(cache, "select=q2c:0.25 | quant=fp16");
  EXPECT_EQ(error_of(cache, options), "encode: select: q2c needs scores, expected a model to ask");
  std::vector<AttentionScore> asked;
  options.scores = [&asked](AttentionScore score) -> Result<std::vector<float>> {
    asked.push_back(score);
    return std::vector<float>{0, 0, 0.7F, 0, 0, 0.9F, 0, 0};
  };
  EncodeStats stats;
  const auto card = encode(cache, options, &stats);
  ASSERT_TRUE(card.ok());
  EXPECT_EQ(asked, std::vector{AttentionScore::kQ2c});
  EXPECT_TRUE(card->manifest.query_aware);
  EXPECT_EQ(stats.rows, 8U);
  EXPECT_EQ(stats.rows_kept, 2U);
  EXPECT_EQ(stats.selected_bytes * 4, stats.full_bytes);
  const auto decoded = decode(*card);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->positions(1)[0], 2);
  EXPECT_EQ(decoded->positions(1)[1], 5);
  options.scores = [](AttentionScore) -> Result<std::vector<float>> { return Error{"no model here"}; };
  EXPECT_EQ(error_of(cache, options), "encode: no model here");
}

TEST(Encoder, the_probe_sees_the_decoded_cache_and_stamps_the_manifest) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 40);
  EncodeOptions options = options_for(cache, "int4");
  std::optional<KvCache> seen;
  options.probe = [&seen](const KvCache& decoded) -> Result<Divergence> {
    seen = decoded;
    return Divergence{0.25, 0.5, 40};
  };
  const auto card = encode(cache, options);
  ASSERT_TRUE(card.ok());
  EXPECT_EQ(card->manifest.divergence, (Divergence{0.25, 0.5, 40}));
  EXPECT_EQ(*seen, *decode(*card));
  options.probe = [](const KvCache&) -> Result<Divergence> { return Error{"probe failed"}; };
  EXPECT_EQ(error_of(cache, options), "encode: probe failed");
}

TEST(Encoder, numbers_that_are_not_finite_are_named_by_layer_and_row) {
  for (const char* preset : {"fp16", "int4"}) {
    KvCache cache = gaussian_cache({2, 2, 16}, 70);
    cache.value_data(1)[69 * 32 + 5] = 0x7e00;
    EXPECT_EQ(
        error_of(cache, options_for(cache, preset)),
        "encode: layer 1 V: row 69 holds a value that is not finite or beyond 65504, expected FP16's range");
  }
}

TEST(Encoder, a_model_of_another_geometry_is_refused) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 4);
  EncodeOptions options = options_for(cache, "fp16");
  options.model.kv_heads = 4;
  EXPECT_EQ(error_of(cache, options),
            "encode: the cache is 2 layers x 2 heads x 16, expected the model's 2 layers x 4 heads x 16");
  EXPECT_EQ(error_of(KvCache(), options), "encode: the cache is empty, expected at least one layer");
}

}  // namespace
}  // namespace kvferry
