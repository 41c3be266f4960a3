// SPDX-License-Identifier: MIT
//
// Every method through the whole codec: KvCache -> Card -> KvCache.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "codec/allocate/allocate.h"
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using testing::gaussian_cache;

struct Pipeline {
  const char* text;
  double key_error, value_error;  // at most, mean squared, over a variance of 1
};

// Errors of Gaussian data: Lloyd-Max as published, q8_0 and 8 bits about (range / 255)^2 / 12; others with
// slack.
constexpr Pipeline kPipelines[] = {
    {"quant=int8", 1e-3, 1e-3},
    {"quant=int1", 3.0, 3.0},
    {"quant=int3", 0.06, 0.06},
    {"quant=int5:sym:token", 0.4, 0.02},
    {"quant=int7:tensor", 0.03, 0.01},
    {"quant=q8_0", 1e-2, 1e-3},
    {"quant=q8_0/fwht3", 1e-2, 0.036},
    {"quant=fwht4", 0.15, 0.0105},
    {"quant=bins32:token | entropy=rans:card", 2.5, 0.02},
    {"transform=rope | quant=int4 | entropy=rans:adaptive", 0.03, 0.02},
    {"transform=rope+svd:32 | quant=fp16", 1e-3, 1e-3},
    {"transform=svd:8 | quant=int8:token | entropy=zstd", 1.1, 1.1},
    {"transform=anchor:10 | quant=int8:group", 3e-2, 1e-3},
    {"protect=first=4:recent=16:fp16 | quant=int2 | entropy=zstd", 0.5, 0.5},
    {"quant=int4:group/int4 | allocate=tokens:4:position | entropy=zstd", 1.2, 1.2},
    {"quant=int4:tensor | allocate=sensitivity", 0.2, 0.1},
    {"quant=bins16:token | allocate=cachegen:2 | entropy=rans:card", 6.0, 0.1},
    {"transform=rope+pca | quant=pca:4 | entropy=zstd", 0.03, 0.012},
    {"transform=rope+pca | quant=bins64:tensor | entropy=rans:static", 0.2, 0.02},
    {"transform=rope | quant=int4 | entropy=rans:static", 0.03, 0.02},
};

double squared_error(std::span<const std::uint16_t> a, std::span<const std::uint16_t> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::pow(static_cast<double>(half_to_float(a[i])) - static_cast<double>(half_to_float(b[i])), 2);
  }
  return sum / static_cast<double>(a.size());
}

// A calibration on caches like `cache`, with the preset's static tables if it has any.
std::shared_ptr<const LoadedCalibration> calibration_for(const KvCache& cache, const EncodeOptions& options) {
  const std::vector<KvCache> caches = {cache};
  Calibration calibration = *calibrate(caches, options.model.rope_theta, options.model.weights, 256);
  if (options.preset.entropy.coder == EntropyCoder::kRansStatic) {
    EncodeOptions counting = options;
    counting.calibration = *load_calibration(calibration.serialize());
    auto models = calibrate_symbols(caches, counting);
    EXPECT_TRUE(models.ok()) << models.error().message;
    calibration.pipelines.push_back(std::move(*models));
  }
  return *load_calibration(calibration.serialize());
}

class Pipelines : public ::testing::TestWithParam<Pipeline> {};

TEST_P(Pipelines, keep_shape_and_positions_and_err_within_their_bounds) {
  const KvCache cache = gaussian_cache({3, 2, 16}, 150);
  EncodeOptions options = testing::options_for(cache, GetParam().text);
  if (options.preset.needs_calibration()) options.calibration = calibration_for(cache, options);
  const auto card = encode(cache, options);
  ASSERT_TRUE(card.ok()) << card.error().message;
  DecodeOptions decoding;
  decoding.calibration = options.calibration;
  const auto back = decode(*card, decoding);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->geometry(), cache.geometry());
  EXPECT_EQ(back->token_count(), cache.token_count());
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    EXPECT_LE(squared_error(back->key_data(layer), cache.key_data(layer)), GetParam().key_error) << layer;
    EXPECT_LE(squared_error(back->value_data(layer), cache.value_data(layer)), GetParam().value_error)
        << layer;
  }
  EXPECT_EQ(encode(cache, options)->digest(), card->digest());
}

INSTANTIATE_TEST_SUITE_P(All, Pipelines, ::testing::ValuesIn(kPipelines));

TEST(Pipeline, awkward_shapes_pass_through_every_method) {
  const auto every = [](std::int32_t step, std::int32_t end) {
    std::vector<std::int32_t> positions;
    for (std::int32_t p = 0; p < end; p += step) positions.push_back(p);
    return positions;
  };
  std::vector<KvCache> caches;
  caches.push_back(gaussian_cache({1, 1, 2}, 1));
  caches.push_back(gaussian_cache({2, 3, 80}, 65));
  caches.push_back(gaussian_cache({3, 1, 6}, {every(1, 90), {}, every(3, 90)}, 90));
  for (const KvCache& cache : caches) {
    for (const Pipeline& pipeline : kPipelines) {
      EncodeOptions options = testing::options_for(cache, pipeline.text);
      if (options.preset.needs_calibration()) continue;
      const auto card = encode(cache, options);
      ASSERT_TRUE(card.ok()) << pipeline.text << ": " << card.error().message;
      const auto back = decode(*card);
      ASSERT_TRUE(back.ok()) << pipeline.text << ": " << back.error().message;
      for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
        EXPECT_EQ(back->rows(layer), cache.rows(layer)) << pipeline.text;
      }
    }
  }
}

TEST(Pipeline, protected_rows_come_back_bit_for_bit) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 150);
  const KvCache back = *decode(testing::encode_as(cache, "protect=first=4:recent=16:fp16 | quant=int2"));
  for (const std::size_t row : {0, 3, 134, 149}) {
    for (std::size_t i = row * 32; i < (row + 1) * 32; ++i) {
      EXPECT_EQ(back.key_data(1)[i], cache.key_data(1)[i]) << row;
      EXPECT_EQ(back.value_data(1)[i], cache.value_data(1)[i]) << row;
    }
  }
  EXPECT_NE(back.key_data(1)[4 * 32], cache.key_data(1)[4 * 32]);
}

TEST(Pipeline, protected_layers_come_back_bit_for_bit) {
  const KvCache cache = gaussian_cache({4, 2, 16}, 70);
  const KvCache back = *decode(testing::encode_as(cache, "protect=ends=1:fp16 | quant=int2"));
  const auto same = [&](std::uint32_t layer) {
    return std::equal(back.key_data(layer).begin(), back.key_data(layer).end(),
                      cache.key_data(layer).begin());
  };
  EXPECT_TRUE(same(0) && same(3));
  EXPECT_FALSE(same(1) || same(2));
}

TEST(Pipeline, a_layer_that_is_not_sent_has_no_rows_and_no_chunks) {
  const KvCache cache = gaussian_cache({8, 2, 16}, 70);
  const Card card = testing::encode_as(cache, "layers=gaussian:0.5 | quant=int8");
  const KvCache back = *decode(card);
  std::size_t sent = 0;
  for (std::uint32_t layer = 0; layer < 8; ++layer) sent += back.rows(layer) == 70 ? 1 : 0;
  EXPECT_EQ(sent, 4U);
  EXPECT_EQ(back.rows(0), 0U);
  EXPECT_EQ(back.rows(4), 70U);
  EXPECT_LT(card.file_bytes(), cache.bytes_fp16() / 3);
}

TEST(Pipeline, a_calibration_must_be_the_one_that_the_card_names) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 100);
  EncodeOptions options = testing::options_for(cache, "transform=rope+pca | quant=pca:2");
  EXPECT_EQ(encode(cache, options).error().message,
            "encode: the preset needs a calibration of the model, found none");
  options.calibration = calibration_for(cache, options);
  const Card card = *encode(cache, options);
  ASSERT_TRUE(card.manifest.calibration.has_value());
  EXPECT_EQ(decode(card).error().message,
            "decode: the card needs calibration " + card.manifest.calibration->hex() + ", found none");
  DecodeOptions other;
  other.calibration = calibration_for(gaussian_cache({2, 2, 16}, 100, 2), options);
  EXPECT_EQ(decode(card, other).error().message, "decode: calibration is " + other.calibration->digest.hex() +
                                                     ", expected " + card.manifest.calibration->hex());
}

TEST(Pipeline, chunks_may_come_before_the_tables) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 200);
  const Card card = testing::encode_as(cache, "transform=svd:8 | quant=fp16");
  ASSERT_EQ(card.manifest.chunks[0].tensor, TensorPart::kTables);
  ChunkDecoder decoder;
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  for (std::size_t i = card.chunks.size(); i-- > 0;) {
    ASSERT_TRUE(decoder.add(static_cast<std::uint32_t>(i), card.chunks[i].view()).ok());
  }
  EXPECT_EQ(*decoder.take(), *decode(card));
}

TEST(Pipeline, a_bad_chunk_before_the_tables_is_missing_again) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 200);
  const Card card = testing::encode_as(cache, "transform=svd:8 | quant=fp16");
  const ByteView good = card.chunks[1].view();
  Bytes bad(good.begin(), good.end());
  bad[0] = 9;
  ChunkDecoder decoder;
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  ASSERT_TRUE(decoder.add(1, bad).ok());
  EXPECT_EQ(decoder.add(0, card.chunks[0].view()).error().message,
            "decode: chunk 1: entropy coder is 9, expected 0 to 4");
  EXPECT_EQ(decoder.missing()[0], 1U);
  for (std::uint32_t i = 1; i < card.chunks.size(); ++i) {
    ASSERT_TRUE(decoder.add(i, card.chunks[i].view()).ok());
  }
  EXPECT_EQ(*decoder.take(), *decode(card));
}

TEST(Pipeline, a_block_may_not_use_a_calibration_that_the_card_does_not_name) {
  const KvCache cache = gaussian_cache({1, 2, 16}, 64);
  Card card = testing::encode_as(cache, "quant=int4:group");
  const ByteView view = card.chunks[0].view();
  Bytes payload(view.begin(), view.end());
  payload[3] |= 0x80;  // pca
  DecodeOptions options;
  options.calibration = calibration_for(gaussian_cache({1, 4, 32}, 64),
                                        testing::options_for(gaussian_cache({1, 4, 32}, 64), "fp16"));
  ChunkDecoder decoder(options);
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  EXPECT_EQ(decoder.add(0, payload).error().message,
            "decode: chunk 0: layer 0 K: transform is 2, expected 0 (none) or 0, the preset's");
}

TEST(Pipeline, every_width_of_tokens_goes_with_protected_rows) {
  const auto falling = [] {
    std::vector<float> scores(400);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = static_cast<float>(std::exp(-0.1 * static_cast<double>(i)));
    }
    return scores;
  };
  const auto bits = *token_bits(falling(), 6);
  for (const int width : {2, 4, 8, 16}) ASSERT_NE(std::count(bits.begin(), bits.end(), width), 0) << width;
  const KvCache cache = gaussian_cache({2, 2, 16}, 400);
  EncodeOptions options =
      testing::options_for(cache, "protect=first=4:fp16 | quant=int4:group | allocate=tokens:6:attention");
  options.scores = [&](AttentionScore) -> Result<std::vector<float>> { return falling(); };
  const auto card = encode(cache, options);
  ASSERT_TRUE(card.ok()) << card.error().message;
  const KvCache back = *decode(*card);
  EXPECT_TRUE(
      std::equal(back.key_data(1).begin(), back.key_data(1).begin() + 4 * 32, cache.key_data(1).begin()));
}

// Rows that travel share the budget: dropped ones do not count.
TEST(Pipeline, an_allocation_spends_its_bits_on_what_is_kept) {
  const KvCache cache = gaussian_cache({1, 2, 64}, 512);
  const auto body = [&](const char* preset) {
    EncodeOptions options = testing::options_for(cache, preset);
    options.scores = [](AttentionScore) -> Result<std::vector<float>> {
      std::vector<float> scores(512);
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = 1.0F / static_cast<float>(i + 1);
      return scores;
    };
    EncodeStats stats;
    EXPECT_TRUE(encode(cache, options, &stats).ok());
    return static_cast<double>(stats.body_bytes);
  };
  const double even = body("select=h2o:0.5 | quant=int4:group");
  EXPECT_NEAR(body("select=h2o:0.5 | quant=int4:group | allocate=tokens:4:attention"), even, 0.02 * even);
}

TEST(Pipeline, a_calibration_of_other_weights_is_refused) {
  const KvCache cache = gaussian_cache({2, 2, 16}, 100);
  EncodeOptions options = testing::options_for(cache, "transform=rope+pca | quant=pca:2");
  options.calibration = calibration_for(cache, options);
  options.model.weights = sha256(as_bytes("others"));
  EXPECT_EQ(encode(cache, options).error().message,
            "encode: the calibration was measured on other weights than the model's");
}

// PolyKV: 32 bits of a K and a V number become 8 + 3, which the paper counts as 2.91.
TEST(Pipeline, polykv_packs_what_its_nominal_ratio_says) {
  const KvCache cache = gaussian_cache({2, 2, 128}, 256);
  EncodeStats stats;
  ASSERT_TRUE(encode(cache, testing::options_for(cache, "polykv"), &stats).ok());
  const double scales = 256.0 * 2 * 2 * (2.0 * 128 / 32 + 2);  // an FP16 for 32 numbers of K, for a head's V
  EXPECT_NEAR(static_cast<double>(stats.full_bytes) / (static_cast<double>(stats.body_bytes) - scales), 2.91,
              0.005);
}

// Three quarters of the rows at a quarter of the bits: 18.75 % of the bandwidth.
TEST(Pipeline, task_aware_packs_what_its_nominal_share_says) {
  const KvCache cache = gaussian_cache({2, 2, 128}, 256);
  EncodeOptions options = testing::options_for(cache, "task-aware");
  options.scores = [](AttentionScore) -> Result<std::vector<float>> { return std::vector<float>(256, 1.0F); };
  EncodeStats stats;
  ASSERT_TRUE(encode(cache, options, &stats).ok());
  const double scales = 192.0 * 2 * 2 * 256 / 64 * 4;  // scale and zero for 64 numbers
  EXPECT_NEAR((static_cast<double>(stats.body_bytes) - scales) / static_cast<double>(stats.full_bytes),
              0.1875, 1e-9);
}

}  // namespace
}  // namespace kvferry
