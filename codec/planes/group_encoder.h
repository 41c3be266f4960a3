// SPDX-License-Identifier: MIT
//
// One group of a cache -> the payloads of its levels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/chunk/chunk_plan.h"
#include "codec/entropy/context_coder.h"
#include "codec/kv_cache.h"
#include "codec/planes/plane_calibration.h"
#include "codec/planes/plane_group.h"
#include "codec/transform/rope.h"

namespace kvferry {

struct EncodedLevel {
  Bytes payload;
  double gain = 0;  // squared error that it takes away, in tolerances, rows weighted by 4^-delay
};

// load, then encode for levels 0, 1, ... A group's memory is used again for the next.
class GroupEncoder {
 public:
  GroupEncoder(const PlaneCalibration& calibration, const PlaneDuals& duals, double rope_theta);

  // delay: of every row of the group. levels: how many will be asked for. The error names layer, tensor and
  // row of a number that is not finite.
  [[nodiscard]] Result<void> load(const KvCache& cache, const ChunkBlock& group,
                                  std::span<const std::uint8_t> delay, unsigned levels);
  [[nodiscard]] EncodedLevel encode(unsigned level);
  // Counts what encode() would write.
  void count(unsigned level, ContextCounts& counts);

 private:
  struct Tensor {
    PlaneTensor state;
    std::vector<std::uint32_t> finest;  // [rows][rank], magnitudes at plane `levels - 1`
    const WeightedBasis* basis = nullptr;
  };

  [[nodiscard]] Result<void> load_tensor(const KvCache& cache, const ChunkBlock& group, std::uint32_t layer,
                                         KvTensor which, const RopeTable& rope);
  void make_header(unsigned level, Bytes& out);
  void add_delays();
  // Contexts and symbols of a level, pass by pass; `state` follows.
  void add_passes(unsigned level);
  void add_tensor(Tensor& tensor, std::span<const PassRow> rows, std::uint8_t* contexts,
                  std::uint8_t* symbols);
  [[nodiscard]] double measure_gain(unsigned level) const;

  const PlaneCalibration& calibration_;
  const PlaneDuals& duals_;
  double theta_;
  unsigned levels_ = 0;
  PlaneStart start_;
  std::vector<Tensor> tensors_;  // of each layer K, V
  PassContexts contexts_;
  ContextEncoder coder_;
  std::vector<float> numbers_, coefficients_;
};

}  // namespace kvferry
