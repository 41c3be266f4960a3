// SPDX-License-Identifier: MIT
//
// The payloads of a group's levels -> rows of a cache.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/chunk/chunk_plan.h"
#include "codec/kv_cache.h"
#include "codec/planes/plane_calibration.h"
#include "codec/planes/plane_group.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/varint.h"

namespace kvferry {

class GroupDecoder {
 public:
  // The calibration must outlive the decoder and fit the group's layers.
  GroupDecoder(const PlaneCalibration& calibration, const ChunkBlock& group);

  // The next level, from 0. After an error everything is as it was before.
  [[nodiscard]] Result<void> add_level(ByteView payload);
  [[nodiscard]] unsigned levels() const { return levels_; }

  // Writes K and V of the group as far as they are known into the cache, whose layers hold at `first_row` ...
  // the rows of this group; levels() is not 0.
  void write(KvCache& cache, std::uint32_t first_row, double rope_theta) const;

 private:
  [[nodiscard]] Result<void> read_level(ByteView payload);
  [[nodiscard]] Result<void> read_start(ByteReader& in);
  [[nodiscard]] Result<void> read_active(ByteReader& in);
  [[nodiscard]] Result<void> read_delays(ContextDecoder& coder);
  [[nodiscard]] Result<void> read_pass(ContextDecoder& coder, std::span<const PassRow> rows);
  void apply(std::span<const PassRow> rows);
  void forget_begun_rows();
  void reconstruct_tensor(std::size_t index, float* numbers) const;

  const PlaneCalibration& calibration_;
  ChunkBlock group_;
  unsigned levels_ = 0;
  unsigned most_delay_ = 0;
  PlaneStart start_;
  std::vector<PlaneTensor> tensors_;  // of each layer K, V
  PassContexts contexts_;
  std::vector<std::uint8_t> pass_contexts_, symbols_;
};

}  // namespace kvferry
