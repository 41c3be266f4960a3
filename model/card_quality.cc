// SPDX-License-Identifier: MIT
#include "model/card_quality.h"

#include <cassert>
#include <cmath>

namespace kvferry {
namespace {

// How many chunks the beginnings have, ascending; the last has all.
std::vector<uint32_t> beginnings(const Manifest& manifest) {
  const auto& chunks = manifest.chunks;
  assert(!chunks.empty());
  const double first = chunks.front().size_bytes;
  const double growth = static_cast<double>(manifest.payload_bytes()) / first;
  std::vector<uint32_t> counts;
  uint64_t bytes = 0;
  uint32_t count = 0;
  for (size_t i = 0; i < kCurvePoints; ++i) {
    const auto step = static_cast<double>(i) / (kCurvePoints - 1);
    const auto room = static_cast<uint64_t>(std::llround(first * std::pow(growth, step)));
    while (count < chunks.size() && bytes + chunks[count].size_bytes <= room) {
      bytes += chunks[count++].size_bytes;
    }
    if (counts.empty() || counts.back() < count) counts.push_back(count);
  }
  return counts;
}

Result<CardQuality> measure_whole(const Card& card, const DecodeOptions& decoding,
                                  const QualityProbe& probe) {
  const auto decoded = decode(card, decoding);
  if (!decoded) return decoded.error();
  const auto measured = probe(*decoded);
  if (!measured) return measured.error();
  return CardQuality{*measured, {}};
}

Result<CardQuality> measure_beginnings(const Card& card, const DecodeOptions& decoding,
                                       const QualityProbe& probe) {
  ChunkDecoder decoder(decoding);
  if (auto begun = decoder.begin(card.manifest); !begun) return begun.error();
  CardQuality quality;
  std::vector<QualityPoint> points;
  uint32_t added = 0;
  for (const auto count : beginnings(card.manifest)) {
    for (; added < count; ++added) {
      if (auto done = decoder.add(added, card.chunks[added].view()); !done) return done.error();
    }
    const auto cache = decoder.snapshot();
    if (!cache) return cache.error();
    const auto measured = probe(*cache);
    if (!measured) return measured.error();
    quality.whole = *measured;
    points.push_back({count, static_cast<float>(measured->kl), static_cast<float>(measured->top1)});
  }
  auto curve = QualityCurve::from_points(std::move(points));
  if (!curve) return curve.error().in("quality curve");
  quality.curve = std::move(*curve);
  return quality;
}

}  // namespace

Result<CardQuality> measure_quality(const Card& card, const DecodeOptions& decoding,
                                    const QualityProbe& probe) {
  const bool progressive = card.manifest.codec == CodecId::kPlanes;
  return progressive ? measure_beginnings(card, decoding, probe) : measure_whole(card, decoding, probe);
}

}  // namespace kvferry
