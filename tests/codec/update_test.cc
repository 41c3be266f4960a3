// SPDX-License-Identifier: MIT
#include "codec/update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "codec/concatenate.h"
#include "codec/decoder.h"
#include "codec/select/select.h"
#include "tests/codec/progressive_cards.h"

namespace kvferry {
namespace {

using testing::encode_as;
using testing::gaussian_cache;
using testing::options_for;

constexpr KvGeometry kGeometry{3, 2, 16};
constexpr const char* kPreRope = "transform=rope | quant=int4";

// So many first and last rows of `before`, with rows of another cache between them.
KvCache changed(const KvCache& before, std::uint32_t prefix, std::uint32_t between, std::uint32_t suffix) {
  const double theta = testing::identity_of(kGeometry).rope_theta;
  std::vector<KvCache> parts;
  if (prefix > 0) parts.push_back(*part_of(before, 0, prefix, theta));
  if (between > 0) parts.push_back(gaussian_cache(kGeometry, between, 99));
  const std::uint32_t all = before.token_count();
  if (suffix > 0) parts.push_back(*part_of(before, all - suffix, all, theta));
  std::vector<const KvCache*> pointers;
  for (const KvCache& part : parts) pointers.push_back(&part);
  return *concatenate(pointers, theta);
}

std::set<Digest> digests_of(const Card& card) {
  std::set<Digest> out;
  for (const ChunkInfo& chunk : card.manifest.chunks) out.insert(chunk.digest);
  return out;
}

std::uint64_t new_bytes(const Card& before, const Card& now) {
  const auto here = digests_of(before);
  std::uint64_t bytes = 0;
  for (const ChunkInfo& chunk : now.manifest.chunks) {
    if (!here.contains(chunk.digest)) bytes += chunk.size_bytes;
  }
  return bytes;
}

bool same_rows(const KvCache& a, std::uint32_t row_a, const KvCache& b, std::uint32_t row_b,
               std::uint32_t rows) {
  const std::size_t n = a.geometry().channels();
  for (std::uint32_t layer = 0; layer < a.geometry().layers; ++layer) {
    if (!std::equal(&a.value_data(layer)[row_a * n], &a.value_data(layer)[row_a * n] + rows * n,
                    &b.value_data(layer)[row_b * n]))
      return false;
    if (row_a == row_b && !std::equal(&a.key_data(layer)[row_a * n], &a.key_data(layer)[row_a * n] + rows * n,
                                      &b.key_data(layer)[row_b * n]))
      return false;
  }
  return true;
}

std::string error_of(const Result<Card>& card) { return card ? "no error" : card.error().message; }

TEST(CommonRows, are_those_at_the_beginning_that_all_layers_have_to_the_bit) {
  const KvCache cache = gaussian_cache(kGeometry, 50);
  EXPECT_EQ(common_rows(cache, changed(cache, 50, 7, 0)).prefix, 50U);
  EXPECT_EQ(common_rows(changed(cache, 50, 7, 0), cache).prefix, 50U);
  EXPECT_EQ(common_rows(cache, changed(cache, 20, 7, 30)).prefix, 20U);
  KvCache other = cache;
  other.value_data(2)[31 * kGeometry.channels() + 3] ^= 1;
  EXPECT_EQ(common_rows(cache, other).prefix, 31U);
  EXPECT_EQ(common_rows(cache, gaussian_cache({3, 2, 8}, 50)).prefix, 0U);
  EXPECT_EQ(common_rows(cache, *keep_rows(cache, std::vector<std::uint32_t>{0, 1, 2})).prefix, 0U);
}

TEST(Update, of_a_document_that_grew_sends_only_what_is_new) {
  for (const char* preset : {"fp16", "int8", "int4", "polykv", kPreRope}) {
    SCOPED_TRACE(preset);
    const KvCache cache = gaussian_cache(kGeometry, 200);
    const Card before = encode_as(cache, preset);
    const KvCache now = changed(cache, 200, 30, 0);
    UpdateStats stats;
    const auto card = encode_update(before, now, {200, 0}, options_for(now, preset), &stats);
    ASSERT_TRUE(card.ok()) << error_of(card);
    EXPECT_TRUE(card->verify().ok());
    EXPECT_EQ(stats.rows_reused, 200U);
    EXPECT_EQ(stats.rows_encoded, 30U);
    EXPECT_EQ(new_bytes(before, *card), stats.encoded_bytes);
    const auto decoded = decode(*card);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->token_count(), 230U);
    EXPECT_TRUE(same_rows(*decoded, 0, *decode(before), 0, 200));
  }
}

// Again and again: the chunks that are cut short stay so.
TEST(Update, follows_a_document_that_grows_token_by_token) {
  KvCache cache = gaussian_cache(kGeometry, 70);
  Card card = encode_as(cache, "int4");
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::uint32_t tokens = cache.token_count();
    cache = changed(cache, tokens, 1 + i % 7, 0);
    auto next = encode_update(card, cache, {tokens, 0}, options_for(cache, "int4"));
    ASSERT_TRUE(next.ok()) << error_of(next);
    card = std::move(*next);
  }
  const auto decoded = decode(card);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->token_count(), cache.token_count());
}

TEST(Update, of_a_changed_middle_keeps_whole_chunks_of_both_ends) {
  const KvCache cache = gaussian_cache(kGeometry, 300);
  const Card before = encode_as(cache, kPreRope);
  const KvCache now = changed(cache, 100, 20, 150);  // 50 tokens became 20
  UpdateStats stats;
  const auto card = encode_update(before, now, {100, 150}, options_for(now, kPreRope), &stats);
  ASSERT_TRUE(card.ok()) << error_of(card);
  EXPECT_EQ(stats.rows_reused, 64U + (300U - 192U));
  EXPECT_EQ(new_bytes(before, *card), stats.encoded_bytes);
  const auto decoded = decode(*card);
  ASSERT_TRUE(decoded.ok());
  const auto old = decode(before);
  EXPECT_TRUE(same_rows(*decoded, 0, *old, 0, 64));
  EXPECT_TRUE(same_rows(*decoded, 192 - 30, *old, 192, 108));
}

TEST(Update, turns_the_keys_of_a_suffix_to_where_it_stands_now) {
  const KvCache cache = gaussian_cache(kGeometry, 256);
  const Card before = encode_as(cache, "transform=rope | quant=int8");
  const KvCache now = changed(cache, 64, 30, 128);
  const auto card = encode_update(before, now, {64, 128}, options_for(now, "transform=rope | quant=int8"));
  ASSERT_TRUE(card.ok()) << error_of(card);
  const auto decoded = decode(*card);
  ASSERT_TRUE(decoded.ok());
  double error = 0, power = 0;
  for (std::size_t i = 94 * kGeometry.channels(); i < now.key_data(0).size(); ++i) {
    const double difference = half_to_float(decoded->key_data(0)[i]) - half_to_float(now.key_data(0)[i]);
    error += difference * difference;
    power += half_to_float(now.key_data(0)[i]) * half_to_float(now.key_data(0)[i]);
  }
  EXPECT_LT(error, 1e-3 * power);
}

TEST(Update, works_for_progressive_cards) {
  const KvGeometry geometry{2, 2, 16};
  const KvCache cache = testing::structured_cache(geometry, 700);
  const auto calibration = testing::calibration_for(geometry);
  const auto preset = testing::progressive(6);
  const auto before = encode(cache, testing::progressive_options(cache, calibration, preset));
  ASSERT_TRUE(before.ok()) << error_of(before);
  const auto tail = testing::structured_cache(geometry, 40, 3);
  const KvCache* parts[] = {&cache, &tail};
  const KvCache now = *concatenate(parts, testing::kTheta);
  UpdateStats stats;
  const auto card =
      encode_update(*before, now, {700, 0}, testing::progressive_options(now, calibration, preset), &stats);
  ASSERT_TRUE(card.ok()) << error_of(card);
  EXPECT_EQ(stats.rows_encoded, 40U);
  const auto decoded = decode(*card, {.calibration = calibration});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(same_rows(*decoded, 0, *decode(*before, {.calibration = calibration}), 0, 700));
}

TEST(Update, says_what_does_not_fit) {
  const KvCache cache = gaussian_cache(kGeometry, 200);
  const Card before = encode_as(cache, "int4");
  const KvCache now = changed(cache, 100, 20, 100);
  const auto update = [&](const Card& card, Reuse reuse, const char* preset) {
    return error_of(encode_update(card, now, reuse, options_for(now, preset)));
  };
  EXPECT_EQ(update(before, {100, 0}, "int8"),
            "update: the card before is of preset 'select=full | quant=int4 | entropy=zstd', expected "
            "'select=full | quant=int8 | entropy=zstd'");
  EXPECT_EQ(update(before, {100, 101}, "int4"),
            "update: prefix and suffix have 201 tokens, the documents 200 and 220");
  EXPECT_EQ(update(before, {100, 100}, "int4"),
            "update: the preset holds K after RoPE, which turns with its place; expected one with "
            "transform=rope");
  EXPECT_EQ(update(encode_as(cache, "select=streaming:0.5 | quant=int4"), {100, 0},
                   "select=streaming:0.5 | quant=int4"),
            "update: the card before leaves tokens out, expected all of them");
}

TEST(Update, finds_what_two_documents_have_in_common) {
  const auto ends = [](std::vector<std::int64_t> before, std::vector<std::int64_t> now) {
    const Reuse reuse = common_ends(before, now);
    return std::pair(reuse.prefix, reuse.suffix);
  };
  EXPECT_EQ(ends({1, 2, 3}, {1, 2, 3, 4}), std::pair(3U, 0U));
  EXPECT_EQ(ends({1, 2, 3}, {1, 9, 3}), std::pair(1U, 1U));
  EXPECT_EQ(ends({1, 1, 1}, {1, 1, 1, 1}), std::pair(3U, 0U));
  EXPECT_EQ(ends({5, 6}, {7, 5, 6}), std::pair(0U, 2U));
  EXPECT_EQ(ends({}, {1}), std::pair(0U, 0U));
}

}  // namespace
}  // namespace kvferry
