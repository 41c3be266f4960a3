// SPDX-License-Identifier: MIT
#include "model/lexicon.h"

#include <set>
#include <sstream>

namespace kvferry {
namespace {

// 200 names of two open syllables: "bako", "bamu", …
std::vector<std::string> make_names() {
  constexpr std::string_view kFirst[] = {"ba", "de", "fi", "go", "hu", "ja", "ke", "li", "mo", "nu",
                                         "pa", "re", "si", "to", "vu", "wa", "ze", "ri", "do", "lu"};
  constexpr std::string_view kSecond[] = {"ko", "mu", "na", "ri", "sel", "tor", "vin", "wen", "xa", "zin"};
  std::vector<std::string> names;
  for (const auto first : kFirst) {
    for (const auto second : kSecond) names.push_back(std::string(first) + std::string(second));
  }
  return names;
}

std::vector<std::string> make_years() {
  std::vector<std::string> years;
  for (int year = 1940; year < 2010; ++year) years.push_back(std::to_string(year));
  return years;
}

Lexicon make_lexicon() {
  Lexicon l;
  l.names = make_names();
  l.town_prefixes = {"north", "south", "east", "west", "new", "upper", "lower", "saint"};
  l.towns = {"deru",   "marlow",  "tessin", "orvik",  "calder", "brenn",  "halden",  "sorrel",
             "pavia",  "quill",   "ruston", "velm",   "ostra",  "lindow", "kestrel", "ambry",
             "dorran", "felsted", "garth",  "hexley", "ilmen",  "jarrow", "kolmar",  "lugano",
             "merrin", "norby",   "oakham", "pelton", "rostan", "selby"};
  l.ranks = {"junior", "senior", "chief", "deputy", "retired", "travelling"};
  l.jobs = {"baker",   "carpenter", "teacher", "surgeon",   "pilot",   "farmer",    "miner",    "tailor",
            "painter", "lawyer",    "chemist", "librarian", "plumber", "engineer",  "gardener", "butcher",
            "sailor",  "musician",  "actor",   "banker",    "weaver",  "printer",   "barber",   "geologist",
            "judge",   "nurse",     "potter",  "welder",    "editor",  "astronomer"};
  l.months = {"january", "february", "march",     "april",   "may",      "june",
              "july",    "august",   "september", "october", "november", "december"};
  l.years = make_years();
  l.cooking = {"fried", "baked", "pickled", "smoked", "roasted", "steamed", "spiced", "salted"};
  l.dishes = {"rice",      "noodles",   "potatoes",  "salmon",   "beans",  "cabbage",
              "mushrooms", "lentils",   "dumplings", "pancakes", "plums",  "chicken",
              "herring",   "aubergine", "carrots",   "almonds",  "cheese", "pumpkin",
              "spinach",   "olives",    "turnips",   "trout",    "barley", "chestnuts"};
  l.colours = {"red", "blue", "green", "yellow", "black", "white", "purple", "orange"};
  l.materials = {"wooden", "silver", "leather", "copper", "woollen", "marble", "glass", "iron"};
  l.things = {"boat",  "clock",   "violin", "lantern", "kettle",  "bicycle", "ladder", "telescope",
              "chair", "hammer",  "mirror", "basket",  "saddle",  "trumpet", "globe",  "chest",
              "vase",  "compass", "carpet", "piano",   "whistle", "candle",  "wagon",  "umbrella"};
  l.filler_adjectives = {"quiet", "long",    "early", "late", "cold",   "warm",   "heavy",
                         "light", "slow",    "quick", "old",  "tall",   "narrow", "wide",
                         "empty", "crowded", "wet",   "dry",  "bright", "dark"};
  l.filler_nouns = {"river",  "train",    "storm",  "market",  "bridge",  "crowd",  "road",    "letter",
                    "bell",   "wind",     "field",  "school",  "harbour", "forest", "tower",   "engine",
                    "garden", "winter",   "summer", "valley",  "street",  "ferry",  "station", "window",
                    "fence",  "meadow",   "church", "library", "square",  "hill",   "canal",   "mill",
                    "parade", "festival", "lamp",   "orchard", "cellar",  "roof",   "gate",    "wall"};
  l.filler_verbs = {"passed", "stood",  "waited", "turned",  "stopped",  "moved",    "shook", "rested",
                    "opened", "closed", "rolled", "drifted", "appeared", "vanished", "slept", "echoed"};
  l.filler_places = {"near", "behind", "above", "below", "beyond", "beside", "across", "around"};
  l.filler_times = {"yesterday", "today",     "at noon",     "at night",
                    "all week",  "once more", "before dawn", "for hours"};
  l.phrases = {{
      {Relation::kLives,
       {"{n} lives in {v} .", "{n} has a home in {v} .", "the home of {n} is in {v} .",
        "{n} moved to {v} long ago ."},
       {"where does {n} live ?", "in which town is the home of {n} ?", "to which town did {n} move ?"}},
      {Relation::kWorks,
       {"{n} works as a {v} .", "the job of {n} is {v} .", "{n} earns money as a {v} .",
        "people know {n} as a {v} ."},
       {"what does {n} work as ?", "what is the job of {n} ?", "how does {n} earn money ?"}},
      {Relation::kBorn,
       {"{n} was born in {v} .", "the birthday of {n} was in {v} .", "{n} came into the world in {v} .",
        "{n} has been alive since {v} ."},
       {"when was {n} born ?", "when was the birthday of {n} ?", "since when has {n} been alive ?"}},
      {Relation::kEats,
       {"{n} likes to eat {v} .", "the favourite dish of {n} is {v} .", "{n} eats {v} every day .",
        "{n} cooks {v} for guests ."},
       {"what does {n} like to eat ?", "what is the favourite dish of {n} ?", "what does {n} cook ?"}},
      {Relation::kOwns,
       {"{n} owns a {v} .", "{n} bought a {v} last year .", "the house of {n} holds a {v} .",
        "{n} never sells the {v} ."},
       {"what does {n} own ?", "what did {n} buy ?", "what does the house of {n} hold ?"}},
  }};
  return l;
}

template <typename Words>
void add_words(const Words& phrases, std::vector<std::string>& out, std::set<std::string>& seen) {
  for (const auto& phrase : phrases) {
    std::istringstream words{std::string(phrase)};
    for (std::string word; words >> word;) {
      if (word.front() != '{' && seen.insert(word).second) out.push_back(word);
    }
  }
}

}  // namespace

const Lexicon& lexicon() {
  static const Lexicon instance = make_lexicon();
  return instance;
}

std::vector<std::string> lexicon_words() {
  const auto& l = lexicon();
  std::vector<std::string> words;
  std::set<std::string> seen;
  const std::vector<std::string_view> glue = {".", "?", "the", "was", "and", "a"};
  add_words(glue, words, seen);
  for (const auto& phrases : l.phrases) {
    add_words(phrases.statements, words, seen);
    add_words(phrases.questions, words, seen);
  }
  for (const auto* list : {&l.town_prefixes, &l.towns, &l.ranks, &l.jobs, &l.months, &l.cooking, &l.dishes,
                           &l.colours, &l.materials, &l.things, &l.filler_adjectives, &l.filler_nouns,
                           &l.filler_verbs, &l.filler_places, &l.filler_times}) {
    add_words(*list, words, seen);
  }
  add_words(l.names, words, seen);
  add_words(l.years, words, seen);
  return words;
}

}  // namespace kvferry
