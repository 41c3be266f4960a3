// SPDX-License-Identifier: MIT
//
// How far bit planes are from what information theory allows: bits a coefficient against the Gaussian
// rate-distortion bound at the same squared error, on real caches.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/kv_cache.h"

namespace kvferry {

// Bits a component of independent Gaussian components with these variances, at a mean squared error of
// `distortion` over all of them: reverse water-filling (Cover and Thomas, 10.3.3). 0 where the mean variance
// is below the distortion.
[[nodiscard]] double gaussian_rate(std::span<const double> variances, double distortion);

struct RatePoint {
  unsigned level = 0;
  double bits = 0;        // a coefficient, all payload bytes up to this level
  double distortion = 0;  // mean squared error, in tolerances of plane 0
  double bound = 0;       // bits, gaussian_rate() with the variances of these very coefficients
};

// All rows begin at level 0. The caches are full, of the calibration's model; the calibration has planes.
[[nodiscard]] Result<std::vector<RatePoint>> measure_rate(std::span<const KvCache> caches,
                                                          const LoadedCalibration& calibration,
                                                          unsigned levels);

}  // namespace kvferry
