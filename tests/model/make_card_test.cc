// SPDX-License-Identifier: MIT
#include "model/make_card.h"

#include <gtest/gtest.h>

#include <cmath>

#include "codec/decoder.h"
#include "codec/merge.h"
#include "model/summary.h"
#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

class CardMaking : public RandomReader {
 protected:
  CardOrder order(const std::string& preset) const {
    CardOrder order;
    order.preset = *parse_preset(preset);
    order.document = text_;
    return order;
  }
  Card made(const CardOrder& order) {
    auto card = make_card(reader_, full_, order);
    EXPECT_TRUE(card) << card.error().message;
    return std::move(*card);
  }
  const KvCache full_ = read();
};

TEST_F(CardMaking, answers_whatever_selection_asks_of_the_model) {
  for (const char* method : {"random", "streaming", "h2o", "snapkv", "templates", "q2c"}) {
    auto wanted = order(std::string("select=") + method + ":0.5 | quant=int8");
    wanted.question = reader_.question_tokens(question_);
    const auto card = made(wanted);
    const auto cache = decode(card);
    ASSERT_TRUE(cache) << method << ": " << cache.error().message;
    EXPECT_EQ(cache->rows(0), 7U) << method;
    EXPECT_EQ(card.manifest.query_aware, std::string(method) == "q2c");
  }
}

TEST_F(CardMaking, looks_at_the_question_only_where_the_card_says_so) {
  auto one = order("layers=attention:0.5 | quant=fp16"), other = one;
  one.question = reader_.question_tokens(question_);
  EXPECT_EQ(made(one).digest(), made(other).digest());
}

// 13 rows: a base of 7, and of the other 6 those that the question looks at most.
TEST_F(CardMaking, refines_a_base_by_rows_that_it_lacks) {
  const auto base = std::make_shared<const Card>(made(order("select=templates:0.5 | quant=fp16")));
  auto wanted = order("select=q2c:0.3 | quant=fp16");
  wanted.question = reader_.question_tokens(question_);
  wanted.base = base;
  const auto card = made(wanted);
  EXPECT_EQ(card.manifest.base, base->digest());
  const auto both = merge(*decode(*base), *decode(card));
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->rows(0), 7U + 4U);  // none twice
  wanted.preset = *parse_preset("select=q2c:0.9 | quant=fp16");
  EXPECT_EQ(*merge(*decode(*base), *decode(made(wanted))), full_) << "no more than there is";
}

TEST_F(CardMaking, refines_nothing_that_is_whole) {
  auto wanted = order("select=q2c:0.3 | quant=fp16");
  wanted.question = reader_.question_tokens(question_);
  wanted.base = std::make_shared<const Card>(made(order("fp16")));
  EXPECT_EQ(make_card(reader_, full_, wanted).error().message, "the base lacks no row");
  wanted.preset = *parse_preset("fp16");
  EXPECT_EQ(make_card(reader_, full_, wanted).error().message,
            "a refinement is selected by q2c, beside a base whose layers have the same rows");
}

TEST_F(CardMaking, leaves_layers_without_rows_that_the_reader_can_do_without) {
  const auto card = made(order("layers=gaussian:0.5 | quant=fp16"));
  const auto cache = decode(card);
  ASSERT_TRUE(cache) << cache.error().message;
  EXPECT_EQ(cache->rows(0) + cache->rows(1), 13U);
  const auto answer = reader_.answer(*cache, question_);
  ASSERT_TRUE(answer) << answer.error().message;
  const auto compared = reader_.compare(full_, *cache, question_, "north deru");
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_GT(compared->kl_sum, 0.0);
  EXPECT_TRUE(std::isfinite(compared->kl_sum));
}

TEST_F(CardMaking, puts_a_summary_into_the_card_and_probes_it_as_it_will_be_read) {
  auto card = made(order("quant=fp16 | facts=6"));
  EXPECT_EQ(card.manifest.summary, summarize(text_, 6));
  ASSERT_FALSE(card.manifest.summary.empty());
  ASSERT_TRUE(probe_card(reader_, full_, order("quant=fp16"), {question_}, card));
  EXPECT_GT(card.manifest.divergence->kl, 0.0);  // the full cache was not told anything twice
  auto plain = made(order("quant=fp16"));
  ASSERT_TRUE(probe_card(reader_, full_, order("quant=fp16"), {question_}, plain));
  EXPECT_EQ(plain.manifest.divergence->kl, 0.0);
}

TEST_F(CardMaking, probes_with_the_names_of_the_document_when_nobody_asks) {
  auto card = made(order("int8"));
  ASSERT_TRUE(probe_card(reader_, full_, order("int8"), {}, card));
  EXPECT_GT(card.manifest.divergence->n_tokens, 10U);  // ten questions
  auto nameless = order("int8");
  nameless.document = "the quiet river";
  EXPECT_EQ(probe_card(reader_, full_, nameless, {}, card).error().message,
            "probe: no templates for this document, expected names in it that they ask for, or questions");
}

}  // namespace
}  // namespace kvferry
