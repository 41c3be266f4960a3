// SPDX-License-Identifier: MIT
#include "model/probe.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

class Probe : public RandomReader {
 protected:
  Result<Card> encode_probed(const std::string& preset) {
    const auto probe = make_probe(reader_, full_, {question_, "what does demu work as ?"});
    if (!probe) return probe.error();
    EncodeOptions options;
    options.preset = *parse_preset(preset);
    options.model = reader_.identity();
    options.probe = *probe;
    return encode(full_, options);
  }
  const KvCache full_ = read();
};

TEST_F(Probe, finds_the_full_fp16_card_to_be_exactly_the_full_cache) {
  const auto card = encode_probed("fp16");
  ASSERT_TRUE(card) << card.error().message;
  ASSERT_TRUE(card->manifest.divergence);
  EXPECT_EQ(card->manifest.divergence->kl, 0.0);
  EXPECT_EQ(card->manifest.divergence->top1, 1.0);
  EXPECT_GE(card->manifest.divergence->n_tokens, 2U);
}

TEST_F(Probe, stamps_a_coarser_card_with_what_comparing_its_cache_gives) {
  const auto coarse = encode_probed("int2"), fine = encode_probed("int8");
  ASSERT_TRUE(coarse && fine);
  EXPECT_GT(coarse->manifest.divergence->kl, fine->manifest.divergence->kl);
  EXPECT_GT(fine->manifest.divergence->kl, 0.0);
}

TEST_F(Probe, sums_over_questions_and_the_full_caches_own_answers) {
  auto damaged = full_;
  for (auto& bits : damaged.value_data(1)) bits = 0x3c00;  // 1.0
  const std::vector<std::string> questions = {question_, "what does demu work as ?"};
  const auto probe = make_probe(reader_, full_, questions);
  ASSERT_TRUE(probe);
  const auto measured = (*probe)(damaged);
  ASSERT_TRUE(measured);
  Fidelity sum;
  for (const auto& question : questions) {
    sum += *reader_.compare(full_, damaged, question, reader_.answer(full_, question)->text);
  }
  EXPECT_EQ(measured->n_tokens, static_cast<uint64_t>(sum.tokens));
  EXPECT_DOUBLE_EQ(measured->kl, sum.kl_sum / static_cast<double>(sum.tokens));
  EXPECT_FALSE(make_probe(reader_, full_, {}));
}

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
