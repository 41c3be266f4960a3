// SPDX-License-Identifier: MIT
#include "model/tokenizer.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

bool is_punctuation(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Result<Tokenizer> from_json(const nlohmann::json& object) {
  if (!object.is_object() || !object.contains("model") || !object["model"].is_object()) {
    return Error{"field 'model': expected an object"};
  }
  const auto& model = object["model"];
  if (model.value("type", "") != "WordLevel") return Error{"field 'model.type': expected WordLevel"};
  if (!model.contains("vocab") || !model["vocab"].is_object()) {
    return Error{"field 'model.vocab': expected an object"};
  }
  std::vector<std::string> words(model["vocab"].size());
  for (const auto& [word, id] : model["vocab"].items()) {
    if (!id.is_number_unsigned() || id.get<size_t>() >= words.size() || !words[id.get<size_t>()].empty()) {
      return Error{"field 'model.vocab." + word + "': expected an id of its own below " +
                   std::to_string(words.size())};
    }
    words[id.get<size_t>()] = word;
  }
  const size_t specials = object.contains("added_tokens") ? object["added_tokens"].size() : 0;
  if (specials == 0 || specials > words.size())
    return Error{"field 'added_tokens': expected the special tokens"};
  return Tokenizer(std::move(words), specials);
}

}  // namespace

Tokenizer::Tokenizer(std::vector<std::string> words, size_t specials)
    : words_(std::move(words)), specials_(specials) {
  for (size_t i = 0; i < words_.size(); ++i) ids_.emplace(words_[i], static_cast<int64_t>(i));
}

double Tokenizer::mean_word_bytes() const {
  size_t bytes = 0;
  for (size_t i = specials_; i < words_.size(); ++i) bytes += 1 + words_[i].size();
  const size_t words = words_.size() - specials_;
  return words == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(words);
}

Result<Tokenizer> Tokenizer::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error{file.string() + ": cannot be opened"};
  const auto object = nlohmann::json::parse(in, nullptr, false);
  if (object.is_discarded()) return Error{file.string() + ": not valid JSON"};
  auto tokenizer = from_json(object);
  if (!tokenizer) return tokenizer.error().in(file.string());
  return tokenizer;
}

std::string Tokenizer::to_json() const {
  nlohmann::ordered_json object;
  object["version"] = "1.0";
  object["added_tokens"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < specials_; ++i) {
    object["added_tokens"].push_back({{"id", i},
                                      {"content", words_[i]},
                                      {"single_word", false},
                                      {"lstrip", false},
                                      {"rstrip", false},
                                      {"normalized", false},
                                      {"special", true}});
  }
  object["normalizer"] = {{"type", "Lowercase"}};
  object["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  object["post_processor"] = nullptr;
  object["decoder"] = nullptr;
  auto& model = object["model"];
  model["type"] = "WordLevel";
  model["vocab"] = nlohmann::ordered_json::object();
  for (size_t i = 0; i < words_.size(); ++i) model["vocab"][words_[i]] = i;
  model["unk_token"] = words_.front();
  return object.dump(1) + "\n";
}

std::vector<std::string> Tokenizer::split(std::string_view text) const {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    size_t end = at + 1;
    const auto close = text[at] == '<' ? text.find('>', at) : std::string_view::npos;
    if (close != std::string_view::npos && is_special(text.substr(at, close + 1 - at))) {
      end = close + 1;
    } else if (!is_punctuation(text[at])) {
      while (end < text.size() && !is_space(text[end]) && !is_punctuation(text[end])) ++end;
    }
    words.push_back(lower(text.substr(at, end - at)));
    at = end;
  }
  return words;
}

bool Tokenizer::is_special(std::string_view word) const {
  const auto it = ids_.find(std::string(word));
  return it != ids_.end() && it->second < static_cast<int64_t>(specials_);
}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for (const auto& word : split(text)) ids.push_back(id(word));
  return ids;
}

std::vector<std::string> Tokenizer::unknown_words(std::string_view text) const {
  std::vector<std::string> unknown;
  for (const auto& word : split(text)) {
    if (ids_.count(word) == 0 && std::find(unknown.begin(), unknown.end(), word) == unknown.end()) {
      unknown.push_back(word);
    }
  }
  return unknown;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string text;
  for (const auto id : ids) {
    if (id < static_cast<int64_t>(specials_) || id >= static_cast<int64_t>(words_.size())) continue;
    if (!text.empty()) text += ' ';
    text += words_[static_cast<size_t>(id)];
  }
  return text;
}

int64_t Tokenizer::id(const std::string& word) const {
  const auto it = ids_.find(word);
  return it == ids_.end() ? unknown_id() : it->second;
}

}  // namespace kvferry
