// SPDX-License-Identifier: MIT
#include "model/keywords.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/words.h"

namespace kvferry {
namespace {

double score_of(const std::vector<Keyword>& keywords, const std::string& text) {
  for (const auto& one : keywords) {
    if (one.text == text) return one.score;
  }
  return -1;
}

// "river" stands twice, in both sentences (median 0.5), with one neighbour; "bank" once.
TEST(Keywords, score_a_term_as_the_papers_equations_do) {
  const auto keywords = extract_keywords("River bank. River.");
  const double mean = 1.5, deviation = 0.5, most = 2;
  const double position = std::log(std::log(3.5)), related = 1 + 1.0 * 2 / most;  // one right neighbour
  const double river = position * related / ((2 / (mean + deviation)) / related + 1.0 / related);
  EXPECT_NEAR(score_of(keywords, "river"), river / (2 * (1 + river)), 1e-12);  // a phrase of one word, twice
  const double bank_related = 1 + 1.0 * 1 / most;
  const double bank =
      std::log(std::log(3.0)) * bank_related / ((1 / (mean + deviation) + 0.5) / bank_related);
  EXPECT_NEAR(score_of(keywords, "bank"), bank / (1 + bank), 1e-12);
  EXPECT_NEAR(score_of(keywords, "river bank"), river * bank / (1 + river + bank), 1e-12);
}

TEST(Keywords, hold_no_numbers_cross_no_mark_and_neither_begin_nor_end_with_a_stop_word) {
  const auto keywords = extract_keywords("The mill of Norby burned, twelve people fled in 1961.");
  EXPECT_GT(score_of(keywords, "mill of norby"), 0);
  EXPECT_LT(score_of(keywords, "the mill"), 0);
  EXPECT_LT(score_of(keywords, "mill of"), 0);
  EXPECT_LT(score_of(keywords, "burned twelve"), 0);
  EXPECT_LT(score_of(keywords, "1961"), 0);
}

TEST(Keywords, are_none_where_there_is_nothing_to_say) {
  EXPECT_TRUE(extract_keywords("").empty());
  EXPECT_TRUE(extract_keywords("... !").empty());
  EXPECT_TRUE(extract_keywords("it is what it is .").empty());
  EXPECT_TRUE(extract_keywords("12 34 56").empty());
}

TEST(Words, keep_inner_marks_and_end_sentences_at_full_stops) {
  const auto split =
      split_text("Dr. Ada's well-known engine (of 1,000 parts) cost 3.5 pounds. It ran! bako lives .");
  std::vector<std::string> words;
  for (const auto& word : split.words) words.emplace_back(word.text);
  EXPECT_EQ(words, (std::vector<std::string>{"Dr", "Ada", "well-known", "engine", "of", "1,000", "parts",
                                             "cost", "3.5", "pounds", "It", "ran", "bako", "lives"}));
  ASSERT_EQ(split.sentences.size(), 3U);
  EXPECT_EQ(split.sentences[0].word_count, 10U);
  EXPECT_TRUE(split.words[4].begins_block);
  EXPECT_FALSE(split.words[5].begins_block);
}

TEST(Words, know_their_stop_words_in_order) {
  EXPECT_TRUE(std::is_sorted(stop_words().begin(), stop_words().end()));
  EXPECT_EQ(std::adjacent_find(stop_words().begin(), stop_words().end()), stop_words().end());
  EXPECT_TRUE(is_stop_word("the"));
  EXPECT_FALSE(is_stop_word("river"));
}

}  // namespace
}  // namespace kvferry
