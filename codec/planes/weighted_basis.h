// SPDX-License-Identifier: MIT
//
// A basis of one tensor's columns in which the coefficients are uncorrelated and an error of the same number
// of tolerances costs the answer the same, whichever coefficient has it: the principal components of the
// numbers in the metric of the answer's log odds (Karhunen-Loève in the Fisher metric). Not orthogonal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/transform/basis.h"

namespace kvferry {

struct WeightedBasis {
  std::size_t columns = 0;
  std::vector<float> mean;          // [columns]
  std::vector<float> vectors;       // [rank][columns], unit length, rounded to FP16
  std::vector<float> tolerance;     // [rank], above 0: the step of plane 0
  std::vector<std::int8_t> spread;  // [rank], half octaves of the coefficient's deviation over its tolerance;
                                    // descending, within kMaxSpread

  static constexpr int kMaxSpread = 63;

  [[nodiscard]] std::size_t rank() const { return tolerance.size(); }
  friend bool operator==(const WeightedBasis&, const WeightedBasis&) = default;
};

// From principal components, and a metric [columns][columns], symmetric, whose quadratic form says what an
// error costs. first_step: what a coefficient's error may cost at plane 0, in the root of the metric's unit.
[[nodiscard]] WeightedBasis make_weighted_basis(const LinearBasis& components, std::span<const double> metric,
                                                double first_step);

// The other direction, which only writers need: [rank][columns], so that the product with (numbers - mean)
// is the coefficients in tolerances.
[[nodiscard]] std::vector<float> dual_vectors(const WeightedBasis& basis);

}  // namespace kvferry
