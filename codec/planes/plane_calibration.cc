// SPDX-License-Identifier: MIT
#include "codec/planes/plane_calibration.h"

namespace kvferry {

PlaneDuals PlaneDuals::of(const PlaneCalibration& calibration) {
  PlaneDuals duals;
  for (const WeightedBasis& basis : calibration.bases) duals.vectors.push_back(dual_vectors(basis));
  return duals;
}

}  // namespace kvferry
