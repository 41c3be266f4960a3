// SPDX-License-Identifier: MIT
#include "model/reader.h"

#include <gtest/gtest.h>

#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

TEST_F(RandomReader, prefills_a_full_cache_of_the_models_geometry) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache) << cache.error().message;
  EXPECT_EQ(cache->geometry(), reader_.geometry());
  EXPECT_EQ(cache->token_count(), 13U);  // the words, two full stops and the document mark
  EXPECT_EQ(cache->bytes_fp16(), 13U * static_cast<uint64_t>(reader_.config().kv_bytes_per_token()));
}

TEST_F(RandomReader, finds_no_difference_between_a_cache_and_itself) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache);
  const auto fidelity = reader_.compare(*cache, *cache, question_, "north deru");
  ASSERT_TRUE(fidelity);
  EXPECT_EQ(fidelity->kl_sum, 0.0);
  EXPECT_EQ(fidelity->tokens, 3);
  EXPECT_EQ(fidelity->top1_agree, 3);
  EXPECT_EQ(fidelity->nll_sum, fidelity->nll_full_sum);
}

TEST_F(RandomReader, sees_a_damaged_cache_diverge) {
  const auto full = reader_.prefill(text_);
  ASSERT_TRUE(full);
  auto damaged = *full;
  for (auto& bits : damaged.value_data(1)) bits = 0x3c00;  // 1.0
  const auto fidelity = reader_.compare(*full, damaged, question_, "north deru");
  ASSERT_TRUE(fidelity);
  EXPECT_GT(fidelity->kl_sum, 0.0);
}

TEST_F(RandomReader, spreads_question_attention_over_the_rows_of_the_document) {
  const auto cache = reader_.prefill(text_);
  ASSERT_TRUE(cache);
  const auto scores = reader_.question_attention(*cache, reader_.question_tokens(question_));
  ASSERT_TRUE(scores);
  ASSERT_EQ(scores->size(), cache->token_count());
  double sum = 0;
  for (const auto score : *scores) {
    EXPECT_GE(score, 0.0F);
    sum += score;
  }
  EXPECT_GT(sum, 0.1);
  EXPECT_LT(sum, 1.0);  // the rest goes to the question itself
}

TEST_F(RandomReader, refuses_text_that_is_empty_or_too_long_and_a_cache_of_another_shape) {
  EXPECT_EQ(reader_.prefill("").error().message, "document: expected text, found none");
  std::string long_text;
  for (int i = 0; i < 5000; ++i) long_text += "bako ";
  EXPECT_EQ(reader_.prefill(long_text).error().message,
            "document: 5001 tokens, the model takes at most 4096");
  const auto other = KvCache::create_full({2, 2, 8}, 4);
  ASSERT_TRUE(other);
  EXPECT_EQ(reader_.answer(*other, question_).error().message,
            "cache: its layers, heads or head size are not this model's");
}

TEST_F(RandomReader, reads_a_summary_as_further_text_of_the_document) {
  const auto cache = read();
  const std::string summary = "bako lives in north deru .";
  const auto longer = reader_.prefill(text_ + " " + summary);
  ASSERT_TRUE(longer);
  const auto plain = reader_.compare(*longer, cache, question_, "north deru");
  const auto helped = reader_.compare(*longer, cache, question_, "north deru", {.summary = summary});
  ASSERT_TRUE(plain && helped);
  EXPECT_LT(helped->kl_sum, 1e-3 * plain->kl_sum);  // only the rounding to FP16 is left
  const auto marked = reader_.compare(*longer, cache, question_, "north deru",
                                      {.summary = "<doc> " + summary + " <q> <a> <end>"});
  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->kl_sum, helped->kl_sum);
}

TEST_F(RandomReader, remembers_an_exchange_as_if_it_had_read_it_with_the_document) {
  const auto before = read();
  const auto answer = reader_.answer(before, question_);
  ASSERT_TRUE(answer);
  const auto after = reader_.remember(before, question_, *answer);
  ASSERT_TRUE(after) << after.error().message;
  const std::string all = text_ + " <q> " + question_ + " <a> " + reader_.text_of(answer->tokens) + " <end>";
  const auto expected = reader_.prefill(all);
  ASSERT_TRUE(expected);
  EXPECT_EQ(after->token_count(), expected->token_count());
  const auto fidelity = reader_.compare(*expected, *after, "who works as a pilot ?", "demu");
  ASSERT_TRUE(fidelity);
  EXPECT_LT(fidelity->kl_sum, 1e-4);  // what is read behind a cache sees its rows in FP16
  for (size_t layer = 0; layer < before.geometry().layers; ++layer) {
    const auto rows = before.key_data(layer);
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), after->key_data(layer).begin()));
  }
}

TEST_F(RandomReader, says_that_there_is_no_room_to_remember) {
  const auto cache = KvCache::create_full(reader_.geometry(), 4091);
  ASSERT_TRUE(cache);
  const auto after = reader_.remember(*cache, question_, {});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().message,
            "the document and what was asked of it: 4099 tokens, the model takes at most 4096");
}

TEST_F(RandomReader, times_a_prefill_of_any_length_that_it_could_read) {
  const auto few = reader_.time_prefill(1), many = reader_.time_prefill(1024);
  ASSERT_TRUE(few && many);
  EXPECT_LT(*few, *many);
  EXPECT_EQ(reader_.time_prefill(5000).error().message, "5000 tokens, the model takes at most 4096");
}

TEST(ShippedSmallModel, answers_from_the_cache_alone) {
  const auto reader = Reader::open(std::string(KVFERRY_SOURCE_DIR) + "/model/checkpoints/small");
  ASSERT_TRUE(reader) << reader.error().message;
  const auto cache = reader->prefill("Bako lives in north deru. Demu lives in orvik. Bako works as a pilot.");
  ASSERT_TRUE(cache);
  const auto ask = [&](const std::string& question) { return reader->answer(*cache, question)->text; };
  EXPECT_EQ(ask("Where does Bako live?"), "north deru");
  EXPECT_EQ(ask("Where does Demu live?"), "orvik");
  EXPECT_EQ(ask("What does Bako work as?"), "pilot");
}

}  // namespace
}  // namespace kvferry
