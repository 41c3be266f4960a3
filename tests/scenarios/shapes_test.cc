// SPDX-License-Identifier: MIT
#include "scenarios/shapes/shape_card.h"

#include <gtest/gtest.h>

#include "codec/encoder.h"

namespace kvferry {
namespace {

Card encoded_card(const ModelIdentity& model, uint32_t tokens, const std::string& preset) {
  EncodeOptions options;
  options.preset = *parse_preset(preset);
  options.model = model;
  auto cache = KvCache::create_full({model.layers, model.kv_heads, model.head_dim}, tokens);
  for (size_t layer = 0; layer < model.layers; ++layer) {
    for (size_t i = 0; i < cache->key_data(layer).size(); ++i) {
      cache->key_data(layer)[i] = static_cast<uint16_t>(0x3800 + i * 37 % 1024);
      cache->value_data(layer)[i] = static_cast<uint16_t>(0x3400 + i * 101 % 1024);
    }
  }
  return *encode(*cache, options);
}

Card small_card(uint32_t tokens) {
  ModelIdentity model;
  model.architecture = "LlamaForCausalLM";
  model.layers = 3;
  model.kv_heads = 2;
  model.head_dim = 128;
  return encoded_card(model, tokens, "int4");
}

TEST(Shapes, know_the_bytes_of_a_token) {
  EXPECT_EQ(find_shape("llama-3.1-8b")->identity().fp16_bytes_per_token(), 128 * 1024);
  EXPECT_EQ(find_shape("qwen2.5-7b")->identity().fp16_bytes_per_token(), 56 * 1024);
  EXPECT_EQ(find_shape("qwen2.5-0.5b")->identity().fp16_bytes_per_token(), 12 * 1024);
  EXPECT_EQ(find_shape("tinyllama-1.1b")->identity().fp16_bytes_per_token(), 22 * 1024);
  EXPECT_FALSE(find_shape("none"));
}

TEST(Shapes, scale_the_payload_by_the_bytes_of_a_token) {
  const auto card = small_card(150);
  const auto shape = *find_shape("qwen2.5-0.5b");
  const auto scaled = synthesise_card(shape, card, 1);
  const auto ratio = 12.0 * 1024 / (3 * 2 * 128 * 4);
  const auto expected = static_cast<double>(card.manifest.payload_bytes()) * ratio;
  EXPECT_NEAR(static_cast<double>(scaled.manifest.payload_bytes()), expected, expected * 1e-3);
}

TEST(Shapes, make_valid_cards_that_are_marked_opaque) {
  const auto card = small_card(70);
  const auto scaled = synthesise_card(*find_shape("tinyllama-1.1b"), card, 1);
  EXPECT_TRUE(scaled.verify());
  EXPECT_EQ(scaled.manifest.codec, CodecId::kOpaque);
  EXPECT_EQ(scaled.manifest.preset, card.manifest.preset);
  EXPECT_EQ(scaled.manifest.token_count, 70);
  EXPECT_EQ(scaled.manifest.raw_bytes, 70 * 22 * 1024);
}

TEST(Shapes, give_the_same_card_for_the_same_seed) {
  const auto card = small_card(70);
  const auto shape = *find_shape("qwen2.5-7b");
  EXPECT_EQ(synthesise_card(shape, card, 5).digest(), synthesise_card(shape, card, 5).digest());
  EXPECT_NE(synthesise_card(shape, card, 5).digest(), synthesise_card(shape, card, 6).digest());
}

TEST(ShapeManifest, has_the_chunks_that_the_encoder_makes) {
  for (const auto* name : {"qwen2.5-0.5b", "tinyllama-1.1b", "llama-3-8b"}) {
    for (const std::string preset : {"fp16", "int8", "int4", "int2"}) {
      SCOPED_TRACE(name + (" " + preset));
      const auto shape = *find_shape(name);
      const auto encoded =
          encoded_card(shape.identity(), 150, "select=full | quant=" + preset + " | entropy=none").manifest;
      const auto ours = *shape_manifest(shape, 150, preset);
      EXPECT_TRUE(ours.validate());
      ASSERT_EQ(ours.chunks.size(), encoded.chunks.size());
      for (size_t i = 0; i < ours.chunks.size(); ++i) {
        EXPECT_EQ(ours.chunks[i].size_bytes, encoded.chunks[i].size_bytes) << "chunk " << i;
        EXPECT_EQ(ours.chunks[i].layer_begin, encoded.chunks[i].layer_begin) << "chunk " << i;
        EXPECT_EQ(ours.chunks[i].row_begin, encoded.chunks[i].row_begin) << "chunk " << i;
      }
    }
  }
}

TEST(ShapeManifest, takes_the_bits_of_a_value_that_a_real_card_has) {
  const auto shape = *find_shape("llama-3-70b");
  const auto manifest = *shape_manifest(shape, 4096, "bits:2.5");
  EXPECT_NEAR(static_cast<double>(manifest.payload_bytes()),
              static_cast<double>(manifest.raw_bytes) * 2.5 / 16,
              static_cast<double>(manifest.chunks.size()));
}

TEST(ShapeManifest, refuses_what_has_no_size) {
  const auto shape = *find_shape("llama-3-8b");
  for (const auto* preset : {"ferry", "bits:", "bits:0", "bits:17", "bits:4x", "bits:nan", ""})
    EXPECT_FALSE(shape_manifest(shape, 10, preset)) << preset;
  EXPECT_EQ(shape_manifest(shape, 0, "int4").error().message, "a document of 0 tokens, expected at least 1");
}

}  // namespace
}  // namespace kvferry
