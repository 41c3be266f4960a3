// SPDX-License-Identifier: MIT
#include "model/documents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "model/prompt.h"
#include "model/trainer.h"

namespace kvferry {
namespace {

TEST(Documents, are_the_same_for_the_same_seed_and_differ_for_another) {
  const DocumentSpec spec{8, 100, true, kRelations};
  Rng a(5), b(5), c(6);
  EXPECT_EQ(make_document(spec, a).text, make_document(spec, b).text);
  Rng d(5);
  EXPECT_NE(make_document(spec, c).text, make_document(spec, d).text);
}

TEST(Documents, hold_every_answer_and_ask_one_question_a_fact) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const auto document = make_document({12, i % 2 ? 200 : 0, i % 3 == 0, kRelations}, rng);
    ASSERT_EQ(document.questions.size(), 12U);
    std::set<std::string> questions;
    for (const auto& question : document.questions) {
      EXPECT_NE((" " + document.text).find(" " + question.answer + " "), std::string::npos)
          << question.answer;
      const auto words = 1 + std::count(question.answer.begin(), question.answer.end(), ' ');
      EXPECT_LE(words, 3);
      questions.insert(question.text);
    }
    EXPECT_EQ(questions.size(), 12U);
  }
}

TEST(Documents, use_only_words_that_the_tokenizer_knows) {
  Rng rng(2);
  const auto tokenizer = make_document_tokenizer();
  for (int i = 0; i < 300; ++i) {
    const auto document = make_document({10, 150, true, kRelations}, rng);
    EXPECT_TRUE(tokenizer.unknown_words(document.text).empty());
    for (const auto& question : document.questions) {
      EXPECT_TRUE(tokenizer.unknown_words(question.text + " " + question.answer).empty());
    }
  }
}

TEST(Documents, have_about_the_number_of_words_asked_for) {
  Rng rng(3);
  for (const int words : {256, 512, 1024}) {
    std::istringstream in(make_document({16, words, true, kRelations}, rng).text);
    int count = 0;
    for (std::string word; in >> word;) ++count;
    EXPECT_GE(count, words);
    EXPECT_LT(count, words + 16);
  }
}

}  // namespace
}  // namespace kvferry
