// SPDX-License-Identifier: MIT
//
// The worked example of codec/FORMAT.md, read out of the document.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "codec/decoder.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// The hexadecimal bytes of the block that begins with ```hex under "A worked example", spaces and line ends
// left out.
std::string example() {
  std::ifstream in(KVFERRY_SOURCE_DIR "/codec/FORMAT.md");
  std::string digits;
  bool inside = false;
  std::string line;
  while (std::getline(in, line) && line != "## A worked example") continue;
  while (std::getline(in, line)) {
    if (line.rfind("```", 0) == 0) {
      inside = line == "```hex";
      continue;
    }
    if (!inside) continue;
    for (const char c : line.substr(0, line.find('#'))) {
      if (c != ' ') digits += c;
    }
  }
  return digits;
}

std::string hex(ByteView bytes) {
  std::ostringstream out;
  for (const std::uint8_t byte : bytes) out << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
  return out.str();
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
  EXPECT_EQ(hex(card.chunks[0].view()), example());
}

}  // namespace
}  // namespace kvferry
