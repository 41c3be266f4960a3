// SPDX-License-Identifier: MIT
//
// How agents who ask different things about one document come to what they need of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvferry {

enum class SharingWay : uint8_t {
  kText,    // each agent reads the text itself
  kFull,    // one card of all rows for everybody
  kBase,    // one card of the rows that question templates look at in the mean
  kMask,    // that card, of which each agent hides the rows that its own question looks at least
  kRefine,  // that card, and for each agent the rows that its question looks at most of those it lacks
  kOwn,     // a card for each agent, of the rows that its question looks at most
};

struct Strategy {
  SharingWay way = SharingWay::kText;
  double base = 0;  // share of the rows that everybody gets
  double task = 0;  // kRefine: of all rows; kOwn: of all rows; kMask: of the base, that stays visible

  [[nodiscard]] bool has_base() const {
    return way == SharingWay::kBase || way == SharingWay::kMask || way == SharingWay::kRefine;
  }
  [[nodiscard]] bool is_per_agent() const {
    return way == SharingWay::kText || way == SharingWay::kRefine || way == SharingWay::kOwn;
  }
};

[[nodiscard]] const char* to_string(SharingWay way);
[[nodiscard]] std::vector<std::string> sharing_names();
[[nodiscard]] std::vector<Strategy> sharing_strategies();

}  // namespace kvferry
