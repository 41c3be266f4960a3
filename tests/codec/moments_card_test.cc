// SPDX-License-Identifier: MIT
#include "codec/calibration/moments_card.h"

#include <gtest/gtest.h>

#include <cmath>

#include "codec/calibration/calibration.h"
#include "codec/calibration/match.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr KvGeometry kGeometry{3, 2, 8};

ModelMoments some_moments() {
  const KvCache cache = testing::gaussian_cache(kGeometry, 60, 1);
  return calibrate(std::span(&cache, 1), 1e4, {}, 1)->moments();
}

Card card_of(const ModelMoments& moments) { return encode_moments(moments, testing::identity_of(kGeometry)); }

// The card with number `at` of its payload in FP16 replaced.
Card with_number(std::size_t at, float value) {
  Card card = card_of(some_moments());
  Bytes payload(card.chunks[0].view().begin(), card.chunks[0].view().end());
  const std::uint16_t half = float_to_half(value);
  payload[2 * at] = static_cast<std::uint8_t>(half);
  payload[2 * at + 1] = static_cast<std::uint8_t>(half >> 8);
  card.chunks[0] = Slice(std::move(payload));
  return card;
}

TEST(MomentsCard, says_what_the_moments_are_to_half_precision) {
  const ModelMoments moments = some_moments();
  const Card card = card_of(moments);
  EXPECT_TRUE(card.verify().ok());
  EXPECT_TRUE(card.manifest.validate().ok());
  EXPECT_EQ(card.manifest.codec, CodecId::kMoments);
  EXPECT_EQ(card.chunks[0].size(), 3 * 2 * 2 * 16 * 2U);
  const auto read = decode_moments(card);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->geometry, kGeometry);
  EXPECT_EQ(read->rope_theta, card.manifest.model.rope_theta);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    for (std::size_t i = 0; i < 16; ++i) {
      const auto near = [](float got, float wanted) {
        return std::abs(got - wanted) <= std::abs(wanted) / 2048;
      };
      EXPECT_PRED2(near, read->layers[layer].key.mean[i], moments.layers[layer].key.mean[i]);
      EXPECT_PRED2(near, read->layers[layer].key.deviation[i], moments.layers[layer].key.deviation[i]);
      EXPECT_PRED2(near, read->layers[layer].value.mean[i], moments.layers[layer].value.mean[i]);
      EXPECT_PRED2(near, read->layers[layer].value.deviation[i], moments.layers[layer].value.deviation[i]);
    }
  }
}

TEST(MomentsCard, refuses_what_is_no_number_and_says_where) {
  const auto why = [](const Card& card) { return decode_moments(card).error().message; };
  EXPECT_EQ(why(with_number(3, NAN)).rfind("moments: layer 0: channel 3 has mean ", 0), 0U);
  EXPECT_EQ(why(with_number(64 + 16 + 5, -1.0F)).rfind("moments: layer 1: channel 5 has mean ", 0), 0U);
  EXPECT_EQ(why(with_number(20, INFINITY)).rfind("moments: layer 0: channel 4 has mean ", 0), 0U);
}

TEST(MomentsCard, refuses_another_size_and_other_cards) {
  Card card = card_of(some_moments());
  card.chunks[0] = card.chunks[0].part(0, 100);
  EXPECT_EQ(decode_moments(card).error().message, "moments: 100 bytes, expected 384");
  card = card_of(some_moments());
  card.manifest.codec = CodecId::kPipeline;
  EXPECT_EQ(decode_moments(card).error().message,
            "moments: the card is another one, expected codec 3 and one chunk");
}

}  // namespace
}  // namespace kvferry
