// SPDX-License-Identifier: MIT
#include "model/documents.h"

#include <algorithm>
#include <numeric>

namespace kvferry {
namespace {

template <typename List>
std::string pick(const List& list, Rng& rng) {
  return std::string(list[rng.below(list.size())]);
}

template <typename List>
void shuffle(List& list, Rng& rng) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[rng.below(i)]);
}

// With chance one half, the optional word and a space.
template <typename List>
std::string maybe(const List& list, Rng& rng) {
  return rng.below(2) == 0 ? pick(list, rng) + " " : std::string();
}

std::string make_value(Relation relation, Rng& rng) {
  const auto& l = lexicon();
  switch (relation) {
    case Relation::kLives:
      return maybe(l.town_prefixes, rng) + pick(l.towns, rng);
    case Relation::kWorks:
      return maybe(l.ranks, rng) + pick(l.jobs, rng);
    case Relation::kBorn: {
      const auto month = pick(l.months, rng);
      return month + " " + pick(l.years, rng);
    }
    case Relation::kEats:
      return maybe(l.cooking, rng) + pick(l.dishes, rng);
    case Relation::kOwns: {
      const auto colour = maybe(l.colours, rng);
      const auto material = maybe(l.materials, rng);
      return colour + material + pick(l.things, rng);
    }
  }
  return {};
}

std::string fill(std::string_view phrase, const std::string& name, const std::string& value) {
  std::string text(phrase);
  if (const auto at = text.find("{n}"); at != std::string::npos) text.replace(at, 3, name);
  if (const auto at = text.find("{v}"); at != std::string::npos) text.replace(at, 3, value);
  return text;
}

std::string_view phrase_of(const std::vector<std::string_view>& phrases, bool paraphrased, Rng& rng) {
  return paraphrased ? phrases[rng.below(phrases.size())] : phrases.front();
}

std::string make_filler(Rng& rng) {
  const auto& l = lexicon();
  const auto subject = rng.below(8) == 0
                           ? pick(l.names, rng)
                           : "the " + maybe(l.filler_adjectives, rng) + pick(l.filler_nouns, rng);
  const auto verb = pick(l.filler_verbs, rng);
  const auto place = pick(l.filler_places, rng);
  const auto object = "the " + maybe(l.filler_adjectives, rng) + pick(l.filler_nouns, rng);
  const auto time = rng.below(3) == 0 ? " " + pick(l.filler_times, rng) : std::string();
  return subject + " " + verb + " " + place + " " + object + time + " .";
}

int count_words(const std::string& text) {
  return 1 + static_cast<int>(std::count(text.begin(), text.end(), ' '));
}

// Distinct (name, relation) pairs: all relations of a few names, so that both must be used.
std::vector<std::pair<std::string, Relation>> draw_subjects(const DocumentSpec& spec, Rng& rng) {
  std::vector<Relation> relations(kRelations);
  for (int i = 0; i < kRelations; ++i) relations[static_cast<size_t>(i)] = static_cast<Relation>(i);
  shuffle(relations, rng);
  relations.resize(static_cast<size_t>(std::clamp(spec.relations, 1, kRelations)));
  auto names = lexicon().names;
  shuffle(names, rng);
  const auto facts = static_cast<size_t>(spec.facts);
  const auto fewest = (facts + relations.size() - 1) / relations.size();
  names.resize(std::min(names.size(), fewest + rng.below(facts - fewest + 1)));
  std::vector<std::pair<std::string, Relation>> pairs;
  for (const auto& name : names) {
    for (const auto relation : relations) pairs.emplace_back(name, relation);
  }
  shuffle(pairs, rng);
  pairs.resize(std::min(pairs.size(), facts));
  return pairs;
}

}  // namespace

Document make_document(const DocumentSpec& spec, Rng& rng) {
  Document document;
  std::vector<std::string> sentences;
  int words = 0;
  for (const auto& [name, relation] : draw_subjects(spec, rng)) {
    const auto& phrases = lexicon().phrases[static_cast<size_t>(relation)];
    const auto value = make_value(relation, rng);
    sentences.push_back(fill(phrase_of(phrases.statements, spec.paraphrased, rng), name, value));
    words += count_words(sentences.back());
    document.questions.push_back(
        {fill(phrase_of(phrases.questions, spec.paraphrased, rng), name, value), value});
  }
  while (words < spec.words) {
    sentences.push_back(make_filler(rng));
    words += count_words(sentences.back());
  }
  shuffle(sentences, rng);
  shuffle(document.questions, rng);
  for (const auto& sentence : sentences) {
    if (!document.text.empty()) document.text += ' ';
    document.text += sentence;
  }
  return document;
}

}  // namespace kvferry
