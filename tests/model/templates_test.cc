// SPDX-License-Identifier: MIT
#include "model/templates.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

using Texts = std::vector<std::string>;

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
