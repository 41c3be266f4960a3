// SPDX-License-Identifier: MIT
//
// Points of a quality curve as they stand in a manifest, valid or not. `chunks` is the gap to the point
// before.
#pragma once

#include <bit>
#include <vector>

#include "protocol/base/varint.h"
#include "protocol/card/quality_curve.h"

namespace kvferry::test {

[[nodiscard]] inline Bytes packed_points(const std::vector<QualityPoint>& gaps) {
  Bytes out;
  for (const QualityPoint& point : gaps) {
    put_varint(out, point.chunks);
    put_le(out, std::bit_cast<std::uint32_t>(point.kl));
    put_le(out, std::bit_cast<std::uint32_t>(point.top1));
  }
  return out;
}

}  // namespace kvferry::test
