// SPDX-License-Identifier: MIT
#include "model/facts.h"

#include <gtest/gtest.h>

#include "model/documents.h"
#include "model/templates.h"

namespace kvferry {
namespace {

std::vector<std::string> facts_of(const std::string& text, FactKind kind) {
  std::vector<std::string> found;
  for (const auto& fact : find_facts(split_text(text))) {
    if (fact.kind == kind) found.push_back(fact.text);
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(Facts, are_names_inside_sentences_and_where_a_sentence_begins_with_a_known_one) {
  EXPECT_EQ(facts_of("Then Ada Lovelace met Charles Babbage. Babbage spoke. Engines ran.", FactKind::kName),
            (Texts{"ada lovelace", "charles babbage", "babbage"}));
}

TEST(Facts, are_dates_in_the_usual_ways_of_writing_them_in_any_case) {
  EXPECT_EQ(facts_of("Born on 3 July 1961, or july 1961, or March 5th, 1962, or 1961-07-03, moved in 1980.",
                     FactKind::kDate),
            (Texts{"3 july 1961", "july 1961", "march 5th 1962", "1961-07-03", "1980"}));
  EXPECT_EQ(facts_of("they may march on", FactKind::kDate), Texts{});
}

TEST(Facts, are_numbers_that_are_no_dates) {
  EXPECT_EQ(facts_of("It cost 3.5 million for 1,200 people at 10:30, b2 and x.", FactKind::kNumber),
            (Texts{"3.5", "1,200", "10:30"}));
}

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

TEST(Templates, ask_every_name_of_the_document_first_once_then_again) {
  const auto questions = question_templates("Bako lives in orvik. demu met bako.", 4);
  EXPECT_EQ(questions, (Texts{"where does bako live ?", "what does demu work as ?",
                              "what does bako work as ?", "when was demu born ?"}));
  EXPECT_EQ(question_templates("bako and demu").size(), 10U);
  EXPECT_TRUE(question_templates("nobody here").empty());
  EXPECT_EQ(split_questions("one ?\n\n two ?\r\n"), (Texts{"one ?", " two ?\r"}));
}

}  // namespace
}  // namespace kvferry
