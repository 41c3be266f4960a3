// SPDX-License-Identifier: MIT
#include "scenarios/lab/shapes.h"

#include <gtest/gtest.h>

#include "codec/encoder.h"

namespace kvferry {
namespace {

Card small_card(uint32_t tokens) {
  EncodeOptions options;
  options.preset = *parse_preset("int4");
  options.model.architecture = "LlamaForCausalLM";
  options.model.layers = 3;
  options.model.kv_heads = 2;
  options.model.head_dim = 128;
  auto cache = KvCache::create_full({3, 2, 128}, tokens);
  for (size_t layer = 0; layer < 3; ++layer) {
    for (size_t i = 0; i < cache->key_data(layer).size(); ++i) {
      cache->key_data(layer)[i] = static_cast<uint16_t>(0x3800 + i * 37 % 1024);
      cache->value_data(layer)[i] = static_cast<uint16_t>(0x3400 + i * 101 % 1024);
    }
  }
  return *encode(*cache, options);
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

}  // namespace
}  // namespace kvferry
