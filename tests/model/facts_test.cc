// SPDX-License-Identifier: MIT
#include "model/facts.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kvferry
