// SPDX-License-Identifier: MIT
//
// Text as sentences and words, by plain rules for English. Bytes beyond ASCII are letters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvferry {

// Points into the text that was split.
struct Word {
  std::string_view text;     // without surrounding punctuation and a final 's; "3.5", "well-known" are one
  size_t sentence = 0;       // its number
  size_t place = 0;          // in the sentence, marks of punctuation counted
  bool begins_block = true;  // the first of its sentence, or after a mark
};

// Ends with a mark of . ! ? before white space, or with an empty line; "Mr." and "J." end none.
struct Sentence {
  size_t first_word = 0, word_count = 0;
  size_t begin = 0, end = 0;  // bytes of the text, its last mark included
};

struct SplitText {
  std::vector<Word> words;
  std::vector<Sentence> sentences;  // each with at least one word
};

[[nodiscard]] SplitText split_text(std::string_view text);

// Only the words.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);

// ASCII letters.
[[nodiscard]] std::string lower_case(std::string_view text);

// Words too common to mean anything, lower case, sorted.
[[nodiscard]] const std::vector<std::string_view>& stop_words();
[[nodiscard]] bool is_stop_word(std::string_view lower_case_word);

}  // namespace kvferry
