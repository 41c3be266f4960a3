// SPDX-License-Identifier: MIT
//
// Progressive cards: every prefix is a cache, and each further chunk refines it.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/codec/progressive_cards.h"

namespace kvferry {
namespace {

using testing::calibration_for;
using testing::cost_of;
using testing::progressive;
using testing::structured_cache;

constexpr KvGeometry kGeometry{2, 2, 24};

const std::shared_ptr<const LoadedCalibration>& calibration() {
  static const auto kCalibration = calibration_for(kGeometry);
  return kCalibration;
}

// Some hundred rows are several groups only where rows are wide; these are narrow, so most cards have one.
Card encode_card(const KvCache& cache, const std::string& preset) {
  auto card = encode(cache, testing::progressive_options(cache, calibration(), preset));
  EXPECT_TRUE(card.ok()) << card.error().message;
  return std::move(*card);
}

const KvCache& sample_cache() {
  static const KvCache kCache = structured_cache(kGeometry, 700);
  return kCache;
}

const Card& sample_card() {
  static const Card kCard = encode_card(sample_cache(), progressive(12));
  return kCard;
}

ChunkDecoder begin(const Card& card) {
  ChunkDecoder decoder({{}, calibration()});
  EXPECT_TRUE(decoder.begin(card.manifest).ok());
  return decoder;
}

std::string begin_error(const Manifest& manifest) {
  ChunkDecoder decoder({{}, calibration()});
  const auto begun = decoder.begin(manifest);
  return begun ? "no error" : begun.error().message;
}

// The cache of these chunks alone, in this order.
KvCache cache_of(const Card& card, const std::vector<std::uint32_t>& chunks) {
  auto decoder = begin(card);
  for (const std::uint32_t chunk : chunks) {
    const auto added = decoder.add(chunk, card.chunks[chunk].view());
    EXPECT_TRUE(added.ok()) << added.error().message;
  }
  auto cache = decoder.snapshot();
  EXPECT_TRUE(cache.ok()) << cache.error().message;
  return std::move(*cache);
}

std::vector<std::uint32_t> first_chunks(std::size_t count) {
  std::vector<std::uint32_t> chunks(count);
  std::iota(chunks.begin(), chunks.end(), 0U);
  return chunks;
}

TEST(Progressive, whole_cards_come_as_close_as_their_last_plane) {
  const Card& card = sample_card();
  EXPECT_EQ(card.manifest.codec, CodecId::kPlanes);
  const auto decoded = decode(card, {{}, calibration()});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  ASSERT_EQ(decoded->rows(0), 700U);
  // Beyond plane 8 little is left but FP16's own rounding.
  const double coefficients = 2.0 * 2 * 700 * 16;
  EXPECT_LT(cost_of(sample_cache(), *decoded) / coefficients, 0.6 * 0.6 / 12 / std::pow(4.0, 7));
}

TEST(Progressive, a_prefix_is_the_card_that_was_made_with_fewer_levels) {
  const Card& card = sample_card();
  for (const int levels : {1, 2, 5}) {
    std::vector<std::uint32_t> chunks;
    for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
      if (card.manifest.chunks[i].level < levels) chunks.push_back(i);
    }
    const Card shorter = encode_card(sample_cache(), progressive(levels));
    EXPECT_EQ(cache_of(card, chunks), *decode(shorter, {{}, calibration()})) << levels;
  }
}

TEST(Progressive, a_beginning_skips_what_has_not_come) {
  Card card = sample_card();
  const DecodeOptions options{{}, calibration()};
  EXPECT_EQ(*decode_beginning(card, 7, options), cache_of(card, first_chunks(7)));
  card.chunks[5] = {};
  EXPECT_EQ(*decode_beginning(card, 7, options), cache_of(card, {0, 1, 2, 3, 4, 6}));
}

TEST(Progressive, chunks_stand_in_the_order_of_benefit) {
  const auto& chunks = sample_card().manifest.chunks;
  ASSERT_EQ(chunks.size(), 36U);  // three groups
  EXPECT_EQ(chunks[0].importance, 1.0F);
  for (std::size_t i = 1; i < chunks.size(); ++i) EXPECT_LE(chunks[i].importance, chunks[i - 1].importance);
}

TEST(Progressive, each_level_takes_error_away) {
  const Card& card = sample_card();
  double before = 0;
  for (std::uint8_t level = 0; level < 12; ++level) {
    std::vector<std::uint32_t> chunks;
    for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
      if (card.manifest.chunks[i].level <= level) chunks.push_back(i);
    }
    const double cost = cost_of(sample_cache(), cache_of(card, chunks));
    if (level > 0) {
      EXPECT_LT(cost, level > 4 && level < 9 ? 0.4 * before : before) << int{level};
    }
    before = cost;
  }
}

TEST(Progressive, a_thousand_cuts_of_random_cards_are_caches) {
  Rng rng(31);
  int cuts = 0;
  while (cuts < 1000) {
    const auto tokens = static_cast<std::uint32_t>(1 + rng.below(600));
    const KvCache cache = structured_cache(kGeometry, tokens, rng.next());
    const Card card = encode_card(cache, progressive(static_cast<int>(1 + rng.below(14))));
    auto decoder = begin(card);
    EXPECT_EQ(decoder.snapshot().ok(), false);
    double cost = 1e300;
    std::size_t rows = 0;
    for (std::uint32_t i = 0; i < card.chunks.size(); ++i, ++cuts) {
      ASSERT_TRUE(decoder.add(i, card.chunks[i].view()).ok());
      const auto cut = decoder.snapshot();
      ASSERT_TRUE(cut.ok());
      ASSERT_EQ(cut->rows(0), cut->rows(1));
      ASSERT_GE(cut->rows(0), rows);
      const double now = cost_of(cache, *cut);
      if (cut->rows(0) == rows) {
        EXPECT_LT(now, cost * 1.001) << tokens << " tokens, chunk " << i;
      }
      rows = cut->rows(0);
      cost = now;
    }
    const auto last = decoder.snapshot();
    EXPECT_EQ(*decoder.take(), *last);
  }
}

TEST(Progressive, the_order_of_arrival_makes_no_difference) {
  const Card& card = sample_card();
  Rng rng(4);
  for (int time = 0; time < 20; ++time) {
    const std::size_t count = 1 + rng.below(card.chunks.size());
    auto chunks = first_chunks(count);
    const KvCache expected = cache_of(card, chunks);
    for (std::size_t i = count; i > 1; --i) std::swap(chunks[i - 1], chunks[rng.below(i)]);
    EXPECT_EQ(cache_of(card, chunks), expected);
  }
}

TEST(Progressive, groups_without_their_first_level_have_no_rows) {
  const Card& card = sample_card();
  auto decoder = begin(card);
  EXPECT_EQ(decoder.snapshot().ok(), false);
  std::uint32_t refinement = 0;
  while (card.manifest.chunks[refinement].level == 0) ++refinement;
  ASSERT_TRUE(decoder.add(refinement, card.chunks[refinement].view()).ok());
  EXPECT_EQ(decoder.snapshot().ok(), false);
  ASSERT_TRUE(decoder.add(0, card.chunks[0].view()).ok());
  const auto part = decoder.snapshot();
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->rows(1), card.manifest.chunks[0].row_count);
  EXPECT_EQ(part->token_count(), 700U);
}

TEST(Progressive, damaged_refinements_never_spoil_what_was_decoded) {
  const Card& card = sample_card();
  Rng rng(12);
  for (int time = 0; time < 300; ++time) {
    const std::size_t count = 1 + rng.below(card.chunks.size() - 1);
    auto decoder = begin(card);
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(decoder.add(i, card.chunks[i].view()).ok());
    const auto before = decoder.snapshot();
    const auto next = static_cast<std::uint32_t>(count);
    const ByteView view = card.chunks[next].view();
    Bytes damaged(view.begin(), view.end());
    for (int i = 0; i < 3; ++i) damaged[rng.below(damaged.size())] = static_cast<std::uint8_t>(rng.next());
    if (decoder.add(next, damaged)) continue;  // some damage only a digest finds
    const auto after = decoder.snapshot();
    ASSERT_EQ(before.ok(), after.ok());
    if (before) {
      EXPECT_EQ(*after, *before);
    }
    ASSERT_TRUE(decoder.add(next, view).ok());
    EXPECT_EQ(*decoder.snapshot(), cache_of(card, first_chunks(count + 1)));
  }
}

TEST(Progressive, a_refinement_that_waited_and_is_bad_is_missing_again) {
  const Card& card = sample_card();
  const auto& table = card.manifest.chunks;
  std::uint32_t second = 1;
  while (table[second].level == 0 || table[second].row_begin != table[0].row_begin) ++second;
  const ByteView view = card.chunks[second].view();
  Bytes damaged(view.begin(), view.end());
  damaged[damaged.size() - 1] ^= 0x40;
  auto decoder = begin(card);
  ASSERT_TRUE(decoder.add(second, damaged).ok());
  const auto added = decoder.add(0, card.chunks[0].view());
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().message.find("decode: chunk " + std::to_string(second) + ": rans: "), 0U)
      << added.error().message;
  const auto missing = decoder.missing();
  EXPECT_EQ(std::count(missing.begin(), missing.end(), 0U), 0);
  EXPECT_EQ(std::count(missing.begin(), missing.end(), second), 1);
  ASSERT_TRUE(decoder.add(second, view).ok());
  EXPECT_EQ(*decoder.snapshot(), cache_of(card, {0, second}));
}

TEST(Progressive, headers_that_lie_are_named) {
  const Card& card = sample_card();
  const auto error = [&](std::size_t at, std::uint8_t byte) {
    const ByteView view = card.chunks[0].view();
    Bytes payload(view.begin(), view.end());
    payload[at] = byte;
    auto decoder = begin(card);
    const auto added = decoder.add(0, payload);
    return added ? "no error" : added.error().message;
  };
  EXPECT_EQ(error(0, 30), "decode: chunk 0: headroom is 30, expected below 30");
  EXPECT_EQ(error(1, 4), "decode: chunk 0: delay is 4, expected at most 3");
  EXPECT_EQ(error(2, 63), "decode: chunk 0: more active components is 63, expected at most 16");
  EXPECT_EQ(error(6, 7), "decode: chunk 0: rans: log2 of the states is 7, expected at most 4");
}

TEST(Progressive, rows_that_matter_begin_earlier_and_are_closer) {
  const auto delays = row_delays(testing::sample_energy(700));
  const KvCache cut = cache_of(sample_card(), first_chunks(9));
  double early = 0, late = 0;
  int n_early = 0, n_late = 0;
  for (std::size_t row = 0; row < cut.rows(0); ++row) {
    double error = 0;
    const auto position = static_cast<std::size_t>(cut.positions(0)[row]);
    for (std::size_t c = 0; c < kGeometry.channels(); ++c) {
      const std::size_t at = c + row * kGeometry.channels();
      error += std::pow(half_to_float(cut.value_data(0)[at]) -
                            half_to_float(sample_cache().value_data(0)[c + position * kGeometry.channels()]),
                        2);
    }
    (delays[position] == 0 ? early : late) += error;
    ++(delays[position] == 0 ? n_early : n_late);
  }
  ASSERT_GT(n_early, 20);
  ASSERT_GT(n_late, 20);
  EXPECT_LT(2 * early / n_early, late / n_late);
}

TEST(Progressive, selected_rows_and_layers_keep_their_positions) {
  const std::string preset =
      "select=random:0.5 | layers=gaussian:0.5 | transform=rope+metric | quant=planes:10 | "
      "entropy=rans:context";
  const Card card = encode_card(sample_cache(), preset);
  const auto decoded = decode(card, {{}, calibration()});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->rows(0) + decoded->rows(1), 350U);
  const double coefficients = 2.0 * 350 * 16;
  EXPECT_LT(cost_of(sample_cache(), *decoded) / coefficients, 0.6 * 0.6 / 12 / std::pow(4.0, 7));
}

TEST(Progressive, tables_that_do_not_add_up_are_refused) {
  const Manifest good = sample_card().manifest;
  EXPECT_EQ(begin_error(good), "no error");
  Manifest bad = good;
  bad.codec = CodecId::kPipeline;
  EXPECT_EQ(begin_error(bad), "decode: codec is 1, expected 2 for the preset");
  bad = good;
  bad.chunks[0].tensor = TensorPart::kKey;
  EXPECT_EQ(begin_error(bad), "decode: chunk 0: kind is 0, expected 2 (K and V)");
  bad = good;
  bad.chunks[0].level = 1;
  bad.chunks[0].refines = true;
  EXPECT_EQ(begin_error(bad), "decode: chunk 0: level is 1, expected 0");
  bad = good;
  bad.chunks.back().level = 12;
  EXPECT_EQ(begin_error(bad), "decode: chunk 35: level is 12, expected below 12");
  bad = good;
  bad.chunks.back().refines = false;
  EXPECT_EQ(begin_error(bad), "decode: chunk 35: refines is 0, expected 1 but for level 0");
  bad = good;
  bad.chunks[0].row_count -= 1;
  EXPECT_EQ(begin_error(bad).find("decode: chunk "), 0U);
  bad = good;
  std::erase_if(bad.chunks, [&](const ChunkInfo& info) { return info.row_begin == 0; });
  EXPECT_EQ(begin_error(bad), "decode: rows in groups is 1868, expected 2800");
}

TEST(Progressive, what_encoding_needs_is_asked_for) {
  const auto error = [](EncodeOptions options) {
    const auto card = encode(sample_cache(), options);
    return card ? "no error" : card.error().message;
  };
  auto options = testing::progressive_options(sample_cache(), calibration(), progressive(4));
  options.calibration = nullptr;
  EXPECT_EQ(error(options), "encode: the preset needs a calibration of the model, found none");
  options.calibration =
      *load_calibration(calibrate(std::vector{sample_cache()}, testing::kTheta, Digest(), 8)->serialize());
  EXPECT_EQ(error(options), "encode: the calibration has no bit planes, expected them for the preset");
  options = testing::progressive_options(sample_cache(), calibration(), progressive(4));
  options.scores = nullptr;
  EXPECT_NE(error(options).find("allocate=delay"), std::string::npos) << error(options);
  KvCache infinite = sample_cache();
  infinite.value_data(1)[5] = 0x7c00;
  options = testing::progressive_options(infinite, calibration(), progressive(4));
  const auto card = encode(infinite, options);
  ASSERT_FALSE(card.ok());
  EXPECT_EQ(card.error().message, "encode: layer 1 V row 0 is not finite, expected numbers");
}

TEST(Decoder, a_snapshot_of_a_pipelines_card_has_the_rows_that_came) {
  const KvCache cache = testing::gaussian_cache({2, 1, 8}, 150);
  const Card card = testing::encode_as(cache, "quant=int8");
  ChunkDecoder decoder;
  ASSERT_TRUE(decoder.begin(card.manifest).ok());
  EXPECT_FALSE(decoder.snapshot().ok());
  ASSERT_TRUE(decoder.add(1, card.chunks[1].view()).ok());
  const auto part = decoder.snapshot();
  ASSERT_TRUE(part.ok());
  const ChunkInfo& info = card.manifest.chunks[1];
  ASSERT_EQ(part->rows(0), info.row_count);
  EXPECT_EQ(part->positions(0)[0], static_cast<std::int32_t>(info.row_begin));
  const KvCache whole = *decode(card);
  const auto begin = whole.value_data(1).begin() + info.row_begin * 8;
  EXPECT_TRUE(std::equal(part->value_data(1).begin(), part->value_data(1).end(), begin));
}

}  // namespace
}  // namespace kvferry
