// SPDX-License-Identifier: MIT
//
// The words that generated documents are made of. Values and names are disjoint from
// filler, and every combination is drawn at random, so that no answer can be guessed.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace kvferry {

enum class Relation { kLives, kWorks, kBorn, kEats, kOwns };
inline constexpr int kRelations = 5;

// How one relation is put into words. "{n}" stands for the person, "{v}" for the value;
// the first phrasing of each list is the plain one.
struct RelationPhrases {
  Relation relation;
  std::vector<std::string_view> statements;
  std::vector<std::string_view> questions;
};

struct Lexicon {
  std::vector<std::string> names;  // one word each
  std::vector<std::string_view> town_prefixes, towns;
  std::vector<std::string_view> ranks, jobs;
  std::vector<std::string_view> months;
  std::vector<std::string> years;
  std::vector<std::string_view> cooking, dishes;
  std::vector<std::string_view> colours, materials, things;
  std::vector<std::string_view> filler_adjectives, filler_nouns, filler_verbs, filler_places, filler_times;
  std::array<RelationPhrases, kRelations> phrases;
};

[[nodiscard]] const Lexicon& lexicon();

// Every word that a generated document, question or answer can contain, in a fixed order.
[[nodiscard]] std::vector<std::string> lexicon_words();

}  // namespace kvferry
