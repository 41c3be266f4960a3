// SPDX-License-Identifier: MIT
//
// What bit planes of one model's caches have in common: part of its calibration.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/context_coder.h"
#include "codec/kv_cache.h"
#include "codec/planes/weighted_basis.h"
#include "codec/quant/spec.h"

namespace kvferry {

struct PlaneCalibration {
  std::vector<WeightedBasis> bases;  // [layer * 2 + tensor]; K before RoPE
  ContextTables tables;              // plane_contexts.h

  [[nodiscard]] const WeightedBasis& basis(std::size_t layer, KvTensor tensor) const {
    return bases[layer * 2 + static_cast<std::size_t>(tensor)];
  }
  friend bool operator==(const PlaneCalibration&, const PlaneCalibration&) = default;
};

// The calibration's dual vectors, which only writers need.
struct PlaneDuals {
  std::vector<std::vector<float>> vectors;  // [layer * 2 + tensor], dual_vectors()
  [[nodiscard]] static PlaneDuals of(const PlaneCalibration& calibration);
};

// What errors in K and V cost the answers: for each layer K's matrix (before RoPE), then V's, each
// [channels][channels] and symmetric, so that the error e of all rows costs the sum over rows of eᵀ M e.
struct AnswerMetric {
  std::vector<std::vector<double>> matrices;  // [layer * 2 + tensor]
};

}  // namespace kvferry
