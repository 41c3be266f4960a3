// SPDX-License-Identifier: MIT
#include "model/quality.h"

#include <gtest/gtest.h>

#include <limits>

namespace kvferry {
namespace {

TEST(QualityFloor, refuses_what_lies_below_it_or_was_never_measured) {
  const Divergence measured{0.2, 0.9, 10};
  EXPECT_TRUE(check_floor({}, {}));
  EXPECT_TRUE(check_floor(measured, {0.2, 0.9}));
  EXPECT_EQ(check_floor({}, {.max_kl = 1.0}).error().message,
            "the card was made without a probe, expected one that meets the floor");
  EXPECT_EQ(check_floor(measured, {.max_kl = 0.1}).error().message,
            "the card is below the floor: KL divergence 0.2 nats and top-1 agreement 0.9 over 10 tokens, "
            "expected a "
            "divergence of at most 0.1");
  EXPECT_EQ(check_floor(measured, {.min_top1 = 0.95}).error().message,
            "the card is below the floor: KL divergence 0.2 nats and top-1 agreement 0.9 over 10 tokens, "
            "expected an "
            "agreement of at least 0.95");
  const Divergence nonsense{std::numeric_limits<double>::quiet_NaN(), 0.9, 10};
  EXPECT_FALSE(check_floor(nonsense, {.max_kl = 100.0}));
}

TEST(QualityFloor, of_a_part_is_held_against_what_the_curve_says_of_chunks_in_order) {
  const auto curve = *QualityCurve::from_points({{4, 2, 0.5F}, {20, 0.1F, 0.9F}, {50, 0, 0.99F}});
  EXPECT_TRUE(check_part({}, 0, {}));
  EXPECT_TRUE(check_part(curve, 20, {0.1, 0.9}));  // although both round
  EXPECT_TRUE(check_part(curve, 49, {.max_kl = 0.1}));
  EXPECT_EQ(check_part(curve, 19, {.max_kl = 0.1}).error().message,
            "the part is below the floor: 19 chunks in order are worth a KL divergence of 2 nats and a top-1 "
            "agreement of 0.5 by the card's curve, expected a divergence of at most 0.1");
  EXPECT_EQ(check_part(curve, 19, {.min_top1 = 0.95}).error().message,
            "the part is below the floor: 19 chunks in order are worth a KL divergence of 2 nats and a top-1 "
            "agreement of 0.5 by the card's curve, expected an agreement of at least 0.95, which 50 reach");
  EXPECT_NE(check_part(curve, 50, {.min_top1 = 1.0}).error().message.find("at least 1, which none reach"),
            std::string::npos);
  EXPECT_EQ(
      check_part(curve, 3, {.min_top1 = 0.1}).error().message,
      "the part is below the floor: 3 chunks in order, expected the 4 that the card's curve begins with");
  EXPECT_EQ(check_part({}, 3, {.min_top1 = 0.1}).error().message,
            "a part of a card without a quality curve came, expected one that tells what parts are worth");
}

TEST(LowBits, warn_where_the_model_does_not_bear_them) {
  const auto int4 = *parse_preset("int4"), int8 = *parse_preset("int8");
  EXPECT_FALSE(low_bits_warning(int4, {0.05, 0.99, 100}));
  EXPECT_FALSE(low_bits_warning(int8, {3.0, 0.1, 100}));
  EXPECT_EQ(
      low_bits_warning(int4, {0.06, 1.0, 100}).value_or(""),
      "this model does not bear 'select=full | quant=int4 | entropy=zstd': KL divergence 0.06 nats and top-1 "
      "agreement 1 over 100 tokens, expected at most 0.05 and at least 0.99");
  EXPECT_TRUE(low_bits_warning(int4, {0.0, 0.98, 100}));
}

}  // namespace
}  // namespace kvferry
