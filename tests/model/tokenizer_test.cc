// SPDX-License-Identifier: MIT
#include "model/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/model/small_model.h"

namespace kvferry {
namespace {

const Tokenizer kTokenizer({"<unk>", "<q>", "bako", "lives", "."}, 2);

TEST(Tokenizer, lowers_case_and_splits_at_spaces_and_punctuation) {
  EXPECT_EQ(kTokenizer.encode("Bako  lives."), (std::vector<int64_t>{2, 3, 4}));
}

TEST(Tokenizer, takes_special_tokens_whole_and_other_brackets_apart) {
  EXPECT_EQ(kTokenizer.encode("<q>bako"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(kTokenizer.encode("<z>"), (std::vector<int64_t>{0, 0, 0}));
}

TEST(Tokenizer, maps_unknown_words_to_the_unknown_token_and_names_them) {
  EXPECT_EQ(kTokenizer.encode("zork lives"), (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(kTokenizer.unknown_words("zork lives, zork!"), (std::vector<std::string>{"zork", ",", "!"}));
}

TEST(Tokenizer, leaves_special_tokens_out_of_the_text) {
  EXPECT_EQ(kTokenizer.decode({1, 2, 3}), "bako lives");
}

TEST(Tokenizer, survives_writing_and_reading) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "tokenizer.json";
  std::ofstream(file) << kTokenizer.to_json();
  const auto read = Tokenizer::read(file);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->encode("<q> Bako lives ."), (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST(Tokenizer, refuses_two_words_with_one_id) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "tokenizer.json";
  std::ofstream(file)
      << R"({"added_tokens": [{}], "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 0}}})";
  EXPECT_EQ(Tokenizer::read(file).error().message,
            file.string() + ": field 'model.vocab.b': expected an id of its own below 2");
}

}  // namespace
}  // namespace kvferry
