// SPDX-License-Identifier: MIT
#include "scenarios/lab/share/strategy.h"

namespace kvferry {

const char* to_string(SharingWay way) {
  switch (way) {
    case SharingWay::kText:
      return "text";
    case SharingWay::kFull:
      return "full";
    case SharingWay::kBase:
      return "base";
    case SharingWay::kMask:
      return "base x mask";
    case SharingWay::kRefine:
      return "base + refinement";
    case SharingWay::kOwn:
      return "own card";
  }
  return "";
}

std::vector<std::string> sharing_names() {
  std::vector<std::string> names;
  for (const auto way : {SharingWay::kText, SharingWay::kFull, SharingWay::kBase, SharingWay::kMask,
                         SharingWay::kRefine, SharingWay::kOwn})
    names.emplace_back(to_string(way));
  return names;
}

std::vector<Strategy> sharing_strategies() {
  std::vector<Strategy> out = {{SharingWay::kText}, {SharingWay::kFull}};
  for (const double base : {0.25, 0.5, 0.75}) out.push_back({SharingWay::kBase, base});
  for (const double base : {0.5, 0.75}) {
    for (const double task : {0.25, 0.5}) out.push_back({SharingWay::kMask, base, task});
  }
  for (const double base : {0.1, 0.25, 0.5, 0.75}) {
    for (const double task : {0.02, 0.05, 0.1, 0.2}) out.push_back({SharingWay::kRefine, base, task});
  }
  for (const double task : {0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75})
    out.push_back({SharingWay::kOwn, 0, task});
  return out;
}

}  // namespace kvferry
