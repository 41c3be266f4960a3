// SPDX-License-Identifier: MIT
//
// The worked examples of codec/FORMAT.md and codec/PLANES.md, read out of the documents.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "codec/decoder.h"
#include "codec/planes/group_decoder.h"
#include "codec/transform/rope.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// The hexadecimal lines of the block that begins with ```hex under "A worked example".
std::vector<Bytes> example(const std::string& document) {
  std::ifstream in(KVFERRY_SOURCE_DIR "/codec/" + document);
  std::vector<Bytes> lines;
  bool inside = false;
  std::string line;
  while (std::getline(in, line) && line != "## A worked example") continue;
  while (std::getline(in, line)) {
    if (line.rfind("```", 0) == 0) {
      inside = line == "```hex";
      continue;
    }
    if (!inside) continue;
    std::istringstream words(line.substr(0, line.find('#')));
    Bytes& bytes = lines.emplace_back();
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<std::uint8_t>(std::stoul(word, nullptr, 16)));
    }
  }
  return lines;
}

// K[row][channel] = row + channel / 4, V[row][channel] = channel - row.
KvCache example_cache() {
  KvCache cache = *KvCache::create_full({1, 1, 4}, 4);
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t channel = 0; channel < 4; ++channel) {
      const auto r = static_cast<float>(row);
      const auto c = static_cast<float>(channel);
      cache.key_data(0)[row * 4 + channel] = float_to_half(r + c / 4);
      cache.value_data(0)[row * 4 + channel] = float_to_half(c - r);
    }
  }
  return cache;
}

TEST(Format, the_worked_example_is_what_the_encoder_writes) {
  const Card card = testing::encode_as(example_cache(), "quant=int4:8");
  ASSERT_EQ(card.chunks.size(), 1U);
  Bytes expected;
  for (const Bytes& line : example("FORMAT.md")) append(expected, line);
  const ByteView payload = card.chunks[0].view();
  EXPECT_EQ(Bytes(payload.begin(), payload.end()), expected);
}

constexpr double kTheta = 1e6;

PlaneCalibration example_calibration() {
  PlaneCalibration planes;
  planes.bases.push_back({2, {0, 0}, {1, 0, 0, 1}, {1, 1}, {6, 0}});
  planes.bases.push_back({2, {0, 0}, {1, 0}, {1}, {3}});
  for (std::size_t context = 0; context < plane_context::kCount; ++context) {
    const bool is_binary = context >= plane_context::kRefine && context != plane_context::kDelay;
    planes.tables.set(context, {2048, static_cast<std::uint16_t>(is_binary ? 2048 : 1024)});
  }
  return planes;
}

TEST(Format, the_worked_example_of_planes_decodes_as_the_document_says) {
  const auto levels = example("PLANES.md");
  ASSERT_EQ(levels.size(), 2U);
  const PlaneCalibration planes = example_calibration();
  GroupDecoder decoder(planes, {0, 1, 0, 2, 0});
  for (const Bytes& payload : levels) {
    const auto added = decoder.add_level(payload);
    ASSERT_TRUE(added.ok()) << added.error().message;
  }
  KvCache cache = *KvCache::create_full({1, 1, 2}, 2);
  decoder.write(cache, 0, kTheta);
  const auto value = [&](std::size_t i) { return half_to_float(cache.value_data(0)[i]); };
  EXPECT_EQ(value(0), -3.75F);
  EXPECT_EQ(value(2), 2.5F);
  std::vector<float> key;
  for (const std::uint16_t half : cache.key_data(0)) key.push_back(half_to_float(half));
  undo_rope(key.data(), cache.positions(0), 1, 2, kTheta);
  EXPECT_EQ(key[0], 2.75F);
  EXPECT_EQ(key[1], 0.0F);
  EXPECT_NEAR(key[2], -2.5F, 0.005F);
  EXPECT_NEAR(key[3], 1.5F, 0.005F);
}

}  // namespace
}  // namespace kvferry
