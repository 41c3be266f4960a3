// SPDX-License-Identifier: MIT
//
// 95 % bootstrap intervals (Efron's percentile method). Questions on one document share its cache, so
// whole documents are drawn, not single questions.
#pragma once

#include <cstdint>
#include <span>

namespace kvferry {

struct Interval {
  double low = 0;
  double high = 0;
};

inline constexpr int kResamples = 2000;

// Of sum(numerators) / sum(denominators), one of each a document; a document is drawn with both. A mean
// over questions has the sum of its scores above and the number of its questions below. The same seed
// gives the same interval. The denominators are not negative, and not all 0.
[[nodiscard]] Interval bootstrap_ratio(std::span<const double> numerators,
                                       std::span<const double> denominators, uint64_t seed);

}  // namespace kvferry
