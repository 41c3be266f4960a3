// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kvferry {
namespace {

constexpr std::size_t kUnits = 5000;

}  // namespace

Oracle::Oracle(std::vector<OracleOption> beginnings, const std::vector<std::vector<OracleOption>>& documents)
    : beginnings_(std::move(beginnings)) {
  std::sort(beginnings_.begin(), beginnings_.end(), [](auto& a, auto& b) { return a.bytes < b.bytes; });
  for (std::size_t i = 1; i < beginnings_.size(); ++i)
    beginnings_[i].f1 = std::max(beginnings_[i].f1, beginnings_[i - 1].f1);
  mix(documents);
}

// A knapsack: one option or none for each document. Sizes are rounded down: in the oracle's favour.
void Oracle::mix(const std::vector<std::vector<OracleOption>>& documents) {
  double most = 0;
  for (const auto& options : documents) {
    double largest = 0;
    for (const auto& option : options) largest = std::max(largest, option.bytes);
    most += largest;
  }
  unit_bytes_ = std::max(1.0, most / kUnits);
  mixes_.assign(documents.size() + 1, std::vector<double>(kUnits + 1, 0));
  for (const auto& options : documents) {
    auto with = mixes_;
    for (const auto& option : options) {
      const auto units = static_cast<std::size_t>(option.bytes / unit_bytes_);
      for (std::size_t words = option.words ? 1 : 0; words < mixes_.size(); ++words) {
        const auto& rest = mixes_[option.words ? words - 1 : words];
        for (std::size_t i = units; i <= kUnits; ++i)
          with[words][i] =
              std::max(with[words][i], rest[i - units] + option.f1 / static_cast<double>(documents.size()));
      }
    }
    mixes_ = std::move(with);
  }
}

double Oracle::best_f1(double bytes, std::size_t words) const {
  double best = 0;
  if (bytes > 0) {
    const auto& mixes = mixes_[std::min(words, mixes_.size() - 1)];
    best = mixes[static_cast<std::size_t>(std::min(bytes / unit_bytes_, static_cast<double>(kUnits)))];
  }
  for (const auto& beginning : beginnings_) {
    if (beginning.bytes <= bytes) best = std::max(best, beginning.f1);
  }
  return best;
}

}  // namespace kvferry
