// SPDX-License-Identifier: MIT
//
// A card's rate-quality curve: what beginnings of its chunk table were worth to the model when the card was
// made. The packed form is in SPEC.md, "Quality curve".
#pragma once

#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct QualityPoint {
  std::uint32_t chunks = 0;  // the first so many of the table
  float kl = 0;              // mean KL divergence of next-token distributions, nats
  float top1 = 0;            // share of tokens whose most likely successor agrees
  bool operator==(const QualityPoint&) const = default;
};

class QualityCurve {
 public:
  static constexpr std::size_t kMaxPoints = 64;
  static constexpr std::size_t kMaxBytes = kMaxPoints * (8 + 2 * sizeof(float));

  QualityCurve() = default;  // empty: not measured

  // Refuses more than kMaxPoints, chunks that do not ascend from 1 on, a divergence that is not finite or
  // below 0, an agreement outside 0 to 1, and -0.
  [[nodiscard]] static Result<QualityCurve> from_points(std::vector<QualityPoint> points);

  [[nodiscard]] bool empty() const { return points_.empty(); }
  [[nodiscard]] const std::vector<QualityPoint>& points() const { return points_; }
  // Of the longest beginning that was measured; 0: none.
  [[nodiscard]] std::uint32_t chunks() const { return empty() ? 0 : points_.back().chunks; }

  // What the first `chunks` chunks are worth at least: the last point that does not take more. Nothing: too
  // few chunks for any.
  [[nodiscard]] std::optional<QualityPoint> at(std::uint32_t chunks) const;
  // The fewest chunks that were measured to reach the agreement; it is rounded to FP32, as the points are.
  [[nodiscard]] std::optional<std::uint32_t> chunks_for(double top1) const;

  void serialize(Bytes& out) const;
  [[nodiscard]] static Result<QualityCurve> parse(ByteView in);

  bool operator==(const QualityCurve&) const = default;

 private:
  std::vector<QualityPoint> points_;
};

}  // namespace kvferry
