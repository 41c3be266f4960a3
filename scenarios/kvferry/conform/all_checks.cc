// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>

#include "scenarios/kvferry/conform/check.h"

namespace kvferry::conform {
namespace {

struct Section {
  std::string_view prefix;
  std::string_view number;
};
constexpr Section kSections[] = {
    {"PRM", "3"},   {"FRM", "4"},   {"STR", "5"},   {"PKT", "6.1"}, {"ACK", "6.2"}, {"LOS", "6.3"},
    {"CNG", "6.4"}, {"ADR", "6.5"}, {"MTU", "6.6"}, {"RPR", "6.7"}, {"MAN", "8"},   {"CRD", "9"},
    {"CON", "10"},  {"ERR", "12"},  {"LIM", "13"},  {"IGN", "14"},  {"VER", "15"},
};

std::string_view prefix_of(std::string_view id) { return id.substr(0, id.find('-')); }

int number_of(std::string_view id) {
  int number = 0;
  const std::string_view digits = id.substr(prefix_of(id).size() + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// TRF is stated in the five parts of section 11.
std::string section_of_transfer(int number) {
  if (number <= 3) return "11";
  if (number <= 6 || number == 21) return "11.1";
  if (number <= 15) return "11.2";
  return number <= 19 ? "11.3" : "11.4";
}

}  // namespace

std::string section_of(std::string_view id) {
  if (prefix_of(id) == "TRF") return section_of_transfer(number_of(id));
  const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                   [&](const Section& section) { return section.prefix == prefix_of(id); });
  return found == std::end(kSections) ? std::string() : std::string(found->number);
}

bool selects(std::string_view selector, std::string_view id) {
  const std::string section = section_of(id);
  return selector == id || selector == prefix_of(id) || selector == section ||
         section.starts_with(std::string(selector) + ".");
}

std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (auto* more :
       {primitives_checks, frames_checks, packets_checks, recovery_checks, addresses_checks, moves_checks,
        sizes_checks, repair_checks, connection_checks, transfers_checks, states_checks, offers_checks,
        beginning_checks, chunks_checks, wishes_checks, bounds_checks, ending_checks, tolerance_checks}) {
    auto checks = more();
    std::move(checks.begin(), checks.end(), std::back_inserter(all));
  }
  return all;
}

const std::vector<Unchecked>& unchecked() {
  static const std::vector<Unchecked> list = {
      {"FRM-4", "binds receivers"},
      {"STR-6", "is about TLS"},
      {"STR-7", "binds clients"},
      {"PKT-7", "binds receivers"},
      {"LOS-2", "the window is the sender's own affair"},
      {"CNG-1", "the window is the sender's own affair"},
      {"CNG-2", "the window is the sender's own affair"},
      {"RPR-3", "memory cannot be seen from outside"},
      {"ADR-8", "binds clients"},
      {"MAN-1", "binds receivers"},
      {"MAN-3", "binds receivers"},
      {"MAN-4", "what matters most is for the maker of a card to say"},
      {"MAN-5", "binds receivers"},
      {"CRD-1", "binds readers of files"},
      {"CRD-2", "binds writers of files"},
      {"CON-7", "is a permission"},
      {"TRF-5", "binds receivers"},
  };
  return list;
}

}  // namespace kvferry::conform
