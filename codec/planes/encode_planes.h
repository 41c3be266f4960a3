// SPDX-License-Identifier: MIT
//
// The chunks of a progressive card, in the order of their benefit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"
#include "codec/planes/plane_calibration.h"
#include "protocol/base/slice.h"
#include "protocol/card/chunk_info.h"

namespace kvferry {

struct PlaneChunk {
  ChunkInfo info;  // without digest
  Slice payload;
};

struct PlaneOptions {
  unsigned levels = 1;
  double rope_theta = 0;
  std::vector<std::uint8_t> delay;  // of every position of the document; empty: none
};

// Every level of every group, so that error taken away per byte never rises along the list, but for levels of
// a group, which stand in their order. importance: that quotient over the first one's, never rising. The
// error names layer, tensor and row of a number that is not finite.
[[nodiscard]] Result<std::vector<PlaneChunk>> encode_planes(const KvCache& cache,
                                                            const PlaneCalibration& calibration,
                                                            const PlaneDuals& duals,
                                                            const PlaneOptions& options);

// The calibration's tables, from caches like those that it will code.
[[nodiscard]] Result<ContextTables> count_planes(std::span<const KvCache> caches,
                                                 const PlaneCalibration& bases, double rope_theta,
                                                 std::span<const std::vector<std::uint8_t>> delays);

}  // namespace kvferry
