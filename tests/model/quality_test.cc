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
