// SPDX-License-Identifier: MIT
#include "model/probe.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kvferry
