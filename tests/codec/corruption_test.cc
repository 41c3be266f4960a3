// SPDX-License-Identifier: MIT
//
// Every byte of a small card is damaged in turn. Nothing crashes, and nothing damaged
// passes for the card: an error or another digest tells.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "codec/decoder.h"
#include "protocol/card/card_file.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr const char* kPresets[] = {"fp16",
                                    "quant=int4:8",
                                    "quant=int8:8 | entropy=zstd",
                                    "int2",
                                    "quant=q8_0/fwht3",
                                    "quant=int4:8 | entropy=rans:adaptive",
                                    "transform=rope+anchor:5 | quant=int4:token",
                                    "protect=first=4:fp16 | quant=int3:group:8"};

Card small_card(const char* preset, std::uint64_t seed = 1) {
  KvCache cache = testing::gaussian_cache({2, 1, 8}, 20, seed);
  for (std::size_t i = 0; i < cache.key_data(0).size(); i += 2) cache.key_data(0)[i] = 0;  // for zstd to find
  return testing::encode_as(cache, preset);
}

bool decodes_to_finite_numbers(const Card& card, const Bytes& payload) {
  Manifest manifest = card.manifest;
  manifest.chunks[0].size_bytes = static_cast<std::uint32_t>(payload.size());
  ChunkDecoder decoder;
  if (!decoder.begin(manifest) || !decoder.add(0, payload)) return true;
  const KvCache cache = *decoder.take();
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    for (const std::uint16_t half : cache.key_data(layer)) {
      if (!half_is_finite(half)) return false;
    }
    for (const std::uint16_t half : cache.value_data(layer)) {
      if (!half_is_finite(half)) return false;
    }
  }
  return true;
}

TEST(Corruption, damaged_payloads_that_no_digest_guards_do_no_harm) {
  Rng rng(9);
  for (const char* preset : kPresets) {
    const Card card = small_card(preset);
    ASSERT_EQ(card.chunks.size(), 1U);
    const ByteView view = card.chunks[0].view();
    const Bytes whole(view.begin(), view.end());
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int time = 0; time < 8; ++time) {
        Bytes damaged = whole;
        damaged[at] ^= static_cast<std::uint8_t>(1 + rng.below(255));
        ASSERT_TRUE(decodes_to_finite_numbers(card, damaged)) << preset << " byte " << at;
      }
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
      if (at > 0) {
        ASSERT_TRUE(decodes_to_finite_numbers(card, cut)) << preset << " cut at " << at;
      }
    }
  }
}

// What a reader does with a file: read, compare with the digest it was promised, decode.
bool is_detected(const std::filesystem::path& path, const Digest& promised) {
  const auto card = read_card_file(path);
  if (!card) return true;
  if (card->digest() != promised) return true;
  return !decode(*card).ok();
}

// In place: a file that is truncated and written again is flushed to the disk each time.
void write_byte(const std::filesystem::path& path, std::size_t at, char byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

TEST(Corruption, a_damaged_byte_anywhere_in_a_card_file_is_detected) {
  const auto path = testing::temporary_path("corruption_test.card");
  Rng rng(10);
  for (const char* preset : kPresets) {
    const Card card = small_card(preset);
    ASSERT_TRUE(write_card_file(path, card).ok());
    std::ifstream in(path, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    ASSERT_FALSE(is_detected(path, card.digest()));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      write_byte(path, at, static_cast<char>(whole[at] ^ static_cast<char>(1 + rng.below(255))));
      ASSERT_TRUE(is_detected(path, card.digest())) << preset << " byte " << at;
      write_byte(path, at, whole[at]);
    }
    ASSERT_FALSE(is_detected(path, card.digest()));
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kvferry
