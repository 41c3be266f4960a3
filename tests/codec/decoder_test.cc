// SPDX-License-Identifier: MIT
#include "codec/decoder.h"

#include <gtest/gtest.h>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using testing::encode_as;
using testing::gaussian_cache;

// Of a chunk that is uniformly coded: coder, segments, a run for K and one for V.
constexpr std::size_t kHeaderBytes = 10;

std::string begin_error(const Manifest& manifest, DecodeLimits limits = {}) {
  ChunkDecoder decoder({limits, nullptr});
  const auto begun = decoder.begin(manifest);
  return begun ? "no error" : begun.error().message;
}

Card small_card(std::string_view preset = "quant=int4:8") {
  return encode_as(gaussian_cache({2, 1, 16}, 70), preset);
}

std::string add_error(const Card& card, std::uint32_t index, const Bytes& payload) {
  Manifest manifest = card.manifest;
  if (index < manifest.chunks.size()) {
    manifest.chunks[index].size_bytes = static_cast<std::uint32_t>(payload.size());
  }
  ChunkDecoder decoder;
  if (auto begun = decoder.begin(manifest); !begun) return begun.error().message;
  const auto added = decoder.add(index, payload);
  return added ? "no error" : added.error().message;
}

Bytes payload_of(const Card& card, std::size_t index) {
  const ByteView view = card.chunks[index].view();
  return Bytes(view.begin(), view.end());
}

TEST(Decoder, cards_of_another_kind_are_refused_before_anything_is_allocated) {
  const Manifest good = small_card().manifest;
  EXPECT_EQ(begin_error(good), "no error");
  Manifest bad = good;
  bad.codec = CodecId::kOpaque;
  EXPECT_EQ(begin_error(bad), "decode: codec is 0, expected 1 (pipeline) or 2 (bit planes)");
  bad = good;
  bad.model.k_after_rope = false;
  EXPECT_EQ(begin_error(bad), "decode: K is stored before RoPE, expected after");
  bad = good;
  bad.preset = "quant=int9";
  EXPECT_NE(begin_error(bad).find("decode: preset: "), std::string::npos);
  bad = good;
  bad.query_aware = true;
  EXPECT_EQ(begin_error(bad), "decode: query_aware is 1, expected 0 for the preset");
  bad = good;
  bad.raw_bytes += 1;
  EXPECT_EQ(begin_error(bad), "decode: raw_bytes is 8961, expected 8960");
}

TEST(Decoder, a_cache_beyond_the_limit_is_refused) {
  const Manifest manifest = small_card().manifest;
  EXPECT_EQ(begin_error(manifest, {8960}), "no error");
  EXPECT_EQ(begin_error(manifest, {8959}), "decode: cache size is 8960, expected at most 8959 bytes");
}

TEST(Decoder, chunks_must_cover_every_row_once) {
  const Manifest good = small_card().manifest;
  ASSERT_EQ(good.chunks.size(), 2U);
  Manifest bad = good;
  bad.chunks.pop_back();
  EXPECT_EQ(begin_error(bad), "decode: rows in chunks is 256, expected 280");
  bad = good;
  bad.chunks[1].row_begin -= 1;
  EXPECT_EQ(begin_error(bad), "decode: chunk 1 overlaps another chunk, expected each row once");
  bad = good;
  bad.chunks[1].level = 1;
  EXPECT_EQ(begin_error(bad), "decode: chunk 1: level is 1, expected 0, whole");
  bad = good;
  bad.chunks[1].row_count += 1;
  EXPECT_NE(begin_error(bad), "no error");
  bad = good;
  bad.chunks[0].tensor = TensorPart::kKey;
  EXPECT_EQ(begin_error(bad), "decode: rows in chunks is 152, expected 280");
}

TEST(Decoder, chunks_of_more_rows_than_the_format_allows_are_refused) {
  Manifest bad = small_card().manifest;
  bad.chunks.pop_back();
  bad.chunks[0].row_count = 70;
  EXPECT_EQ(begin_error(bad), "decode: chunk 0: rows is 70, expected at most 64");
}

TEST(Decoder, chunks_that_merge_more_layers_than_the_format_allows_are_refused) {
  Card card = encode_as(gaussian_cache({64, 2, 128}, 64), "fp16");
  Manifest bad = card.manifest;
  bad.chunks.resize(1);
  bad.chunks[0].layer_count = 64;
  EXPECT_EQ(begin_error(bad),
            "decode: chunk 0: FP16 size of its layers is 4194304, expected at most 1048576 bytes");
}

TEST(Decoder, what_is_missing_is_known_and_needed) {
  const Card card = small_card();
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.add(0, card.chunks[0].view()).error().message,
            "decode: chunk before a manifest, expected begin first");
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  EXPECT_EQ(decoder.missing(), (std::vector<std::uint32_t>{0, 1}));
  ASSERT_TRUE(decoder.add(1, card.chunks[1].view()).ok());
  EXPECT_EQ(decoder.missing(), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(decoder.take().error().message, "decode: 1 of 2 chunks are missing, expected all");
  EXPECT_EQ(decoder.add(1, card.chunks[1].view()).error().message,
            "decode: chunk 1 came twice, expected each once");
  EXPECT_EQ(decoder.add(2, card.chunks[1].view()).error().message,
            "decode: chunk 2 is not in the table, expected below 2");
  EXPECT_EQ(decoder.add(0, card.chunks[0].view().first(9)).error().message,
            "decode: chunk 0: size is 9, expected " + std::to_string(card.chunks[0].size()));
  ASSERT_TRUE(decoder.add(0, card.chunks[0].view()).ok());
  EXPECT_TRUE(decoder.take().ok());
  EXPECT_FALSE(decoder.complete());
}

TEST(Decoder, wrong_fields_of_a_payload_are_named) {
  const Card card = small_card();
  const auto changed = [&card](std::size_t at, std::uint8_t byte) {
    Bytes payload = payload_of(card, 0);
    payload[at] = byte;
    return add_error(card, 0, payload);
  };
  // coder, segments, then a run of K's and one of V's coding
  EXPECT_EQ(changed(0, 0), "no error");
  EXPECT_EQ(changed(0, 5), "decode: chunk 0: entropy coder is 5, expected 0 to 4");
  EXPECT_EQ(changed(0, 1), "decode: chunk 0: zstd magic number is wrong, expected 28b52ffd");
  EXPECT_EQ(changed(1, 5), "decode: chunk 0: segments: 5, expected 1 to 4");
  EXPECT_EQ(changed(4, 14), "decode: chunk 0: block 0: alphabet is 15, expected one that the quantizer has");
  EXPECT_EQ(changed(3, 0x49),
            "decode: chunk 0: layer 0 K: transform is 1, expected 0 (none) or 0, the preset's");
  // The first K scale: its high byte follows the low bytes of 8 x 16 scales and as many zeros.
  EXPECT_EQ(changed(kHeaderBytes + 256, 0xbc),
            "decode: chunk 0: layer 0 K: scale 0 is negative or not finite, expected a number from 0");
  EXPECT_EQ(changed(kHeaderBytes + 256 + 128 + 3, 0x7c),
            "decode: chunk 0: layer 0 K: zero 3 is not finite, expected a number");
  EXPECT_EQ(add_error(card, 0, Bytes{2}), "decode: chunk 0: header is cut off");
  Bytes shorter = payload_of(card, 0);
  shorter.pop_back();
  EXPECT_NE(add_error(card, 0, shorter).find("decode: chunk 0: body is "), std::string::npos);
}

TEST(Decoder, infinities_in_fp16_payloads_are_refused) {
  const Card card = small_card("fp16");
  Bytes payload = payload_of(card, 0);
  payload[6 + 1024 + 5] = 0x7c;  // K of layer 0 has 64 x 16 low bytes, then the high ones
  EXPECT_EQ(add_error(card, 0, payload),
            "decode: chunk 0: layer 0 K: value 5 is not finite, expected a number");
}

TEST(Decoder, unused_bits_must_be_zero) {
  const Card card = encode_as(gaussian_cache({1, 1, 11}, 13), "quant=int2:8");
  Bytes payload = payload_of(card, 0);
  // K: 2 x 11 groups of 4 bytes, then 13 x 11 codes of 2 bits in 36 bytes.
  payload[kHeaderBytes + 88 + 35] |= 0x80;
  EXPECT_EQ(add_error(card, 0, payload),
            "decode: chunk 0: layer 0 K: unused bits after the codes are set, expected zero");
}

TEST(Decoder, a_payload_that_does_not_match_its_digest_is_found) {
  Card card = small_card();
  Bytes payload = payload_of(card, 1);
  payload.back() ^= 1;
  card.chunks[1] = Slice(std::move(payload));
  EXPECT_NE(decode(card).error().message.find("chunk 1"), std::string::npos);
}

}  // namespace
}  // namespace kvferry
