// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

// Linear between neighbours, as most statistics packages do by default.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval bootstrap_ratio(std::span<const double> numerators, std::span<const double> denominators,
                         uint64_t seed) {
  assert(numerators.size() == denominators.size() && !numerators.empty());
  Rng rng(seed);
  std::vector<double> ratios(kResamples);
  for (auto& ratio : ratios) {
    double above = 0, below = 0;
    while (below == 0) {  // a draw of nothing but zeros says nothing of the ratio
      above = 0;
      for (size_t i = 0; i < numerators.size(); ++i) {
        const auto drawn = rng.below(numerators.size());
        above += numerators[drawn];
        below += denominators[drawn];
      }
    }
    ratio = above / below;
  }
  std::sort(ratios.begin(), ratios.end());
  return {quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

}  // namespace kvferry
