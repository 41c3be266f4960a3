// SPDX-License-Identifier: MIT
//
// Word-level tokenizer in Hugging Face's tokenizer.json layout: lower case, split at
// white space and punctuation, one token a word, special tokens in angle brackets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

class Tokenizer {
 public:
  // The first `specials` words are special tokens; the first of them stands for unknown words.
  Tokenizer(std::vector<std::string> words, size_t specials);

  [[nodiscard]] static Result<Tokenizer> read(const std::filesystem::path& file);
  [[nodiscard]] std::string to_json() const;

  [[nodiscard]] std::vector<int64_t> encode(std::string_view text) const;

  // Words of the text that have no token, each once, in order.
  [[nodiscard]] std::vector<std::string> unknown_words(std::string_view text) const;

  // Words joined by single spaces; special tokens are left out.
  [[nodiscard]] std::string decode(const std::vector<int64_t>& ids) const;

  // The id of one word or special token; the unknown token's id where there is none.
  [[nodiscard]] int64_t id(const std::string& word) const;
  [[nodiscard]] int64_t unknown_id() const { return 0; }
  // Over all words that are not special, with the space before each.
  [[nodiscard]] double mean_word_bytes() const;
  [[nodiscard]] size_t size() const { return words_.size(); }

 private:
  // Lower-case words, punctuation marks and special tokens of the text.
  [[nodiscard]] std::vector<std::string> split(std::string_view text) const;
  [[nodiscard]] bool is_special(std::string_view word) const;

  std::vector<std::string> words_;
  std::unordered_map<std::string, int64_t> ids_;
  size_t specials_;
};

}  // namespace kvferry
