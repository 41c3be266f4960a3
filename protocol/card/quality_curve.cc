// SPDX-License-Identifier: MIT
#include "protocol/card/quality_curve.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "protocol/base/varint.h"

namespace kvferry {
namespace {

std::string where(std::size_t point) { return "point " + std::to_string(point) + ": "; }

Error too_many() { return Error{"more than " + std::to_string(QualityCurve::kMaxPoints) + " points"}; }

Result<void> check_values(const QualityPoint& point, std::size_t index) {
  if (!std::isfinite(point.kl) || std::signbit(point.kl)) {
    return Error{where(index) + "KL divergence " + std::to_string(point.kl) + ", expected finite, 0 or more"};
  }
  if (!(point.top1 <= 1) || std::signbit(point.top1)) {
    return Error{where(index) + "top-1 agreement " + std::to_string(point.top1) + ", expected 0 to 1"};
  }
  return {};
}

void put_float(Bytes& out, float value) { put_le(out, std::bit_cast<std::uint32_t>(value)); }

std::optional<float> take_float(ByteReader& in) {
  const auto bits = in.take_le<std::uint32_t>();
  if (!bits) return std::nullopt;
  return std::bit_cast<float>(*bits);
}

}  // namespace

Result<QualityCurve> QualityCurve::from_points(std::vector<QualityPoint> points) {
  if (points.size() > kMaxPoints) return too_many();
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].chunks <= before) {
      return Error{where(i) + std::to_string(points[i].chunks) + " chunks, expected more than " +
                   std::to_string(before)};
    }
    if (auto checked = check_values(points[i], i); !checked) return checked.error();
    before = points[i].chunks;
  }
  QualityCurve curve;
  curve.points_ = std::move(points);
  return curve;
}

std::optional<QualityPoint> QualityCurve::at(std::uint32_t chunks) const {
  const auto after = std::ranges::upper_bound(points_, chunks, {}, &QualityPoint::chunks);
  if (after == points_.begin()) return std::nullopt;
  return *std::prev(after);
}

std::optional<std::uint32_t> QualityCurve::chunks_for(double top1) const {
  const auto floor = static_cast<float>(top1);
  const auto found = std::ranges::find_if(points_, [&](const auto& point) { return point.top1 >= floor; });
  if (found == points_.end()) return std::nullopt;
  return found->chunks;
}

void QualityCurve::serialize(Bytes& out) const {
  std::uint32_t before = 0;
  for (const QualityPoint& point : points_) {
    put_varint(out, point.chunks - before);
    put_float(out, point.kl);
    put_float(out, point.top1);
    before = point.chunks;
  }
}

Result<QualityCurve> QualityCurve::parse(ByteView in) {
  std::vector<QualityPoint> points;
  ByteReader reader(in);
  std::uint32_t before = 0;
  while (!reader.at_end()) {
    const std::size_t index = points.size();
    if (index == kMaxPoints) return too_many();
    const auto more = reader.take_varint();
    const auto kl = take_float(reader);
    const auto top1 = take_float(reader);
    if (!top1) return Error{where(index) + "truncated, or a varint that is not the shortest form"};
    if (*more > std::numeric_limits<std::uint32_t>::max() - before) {
      return Error{where(index) + "chunks above 2^32 - 1"};
    }
    before += static_cast<std::uint32_t>(*more);
    points.push_back({before, *kl, *top1});
  }
  return from_points(std::move(points));
}

}  // namespace kvferry
