// SPDX-License-Identifier: MIT
#include "model/summary.h"

#include <gtest/gtest.h>

#include "model/documents.h"
#include "model/words.h"
#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

TEST(Summary, takes_whole_sentences_in_order_up_to_its_words) {
  const std::string text =
      "It was quiet. Ada Lovelace wrote notes on the engine in 1843. Nothing else was there. "
      "Charles Babbage built the engine.";
  EXPECT_EQ(summarize(text, 14),
            "Ada Lovelace wrote notes on the engine in 1843. Charles Babbage built the engine.");
  EXPECT_EQ(summarize(text, 6), "Charles Babbage built the engine.");
  EXPECT_EQ(summarize(text, 2), "");
  EXPECT_EQ(summarize("", 10), "");
}

TEST(Summary, is_one_line_that_a_manifest_takes) {
  EXPECT_EQ(summarize("Ada Lovelace\nwrote\t notes\r\nin 1843.", 20), "Ada Lovelace wrote notes in 1843.");
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "Ada" + std::to_string(i) + " wrote " + std::to_string(1000 + i) + " notes. ";
  EXPECT_LE(summarize(text, 2000).size(), Manifest::kMaxSummaryBytes);
}

TEST(Summary, takes_clauses_of_a_long_sentence) {
  std::string filler;
  for (int i = 0; i < 20; ++i) filler += "and so it was ";
  EXPECT_EQ(summarize("They said " + filler + ", Ada Lovelace was born in December 1815, " + filler + ".", 8),
            "Ada Lovelace was born in December 1815.");
}

TEST(Summary, stays_within_its_words_on_generated_documents) {
  Rng rng(7);
  for (const size_t words : {20U, 60U}) {
    const auto document = make_document({.facts = 8, .words = 256, .paraphrased = true}, rng);
    const auto summary = summarize(document.text, words);
    EXPECT_LE(split_words(summary).size(), words);
    EXPECT_GE(split_words(summary).size(), words / 2);
  }
}

}  // namespace
}  // namespace kvferry
