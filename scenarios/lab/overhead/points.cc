// SPDX-License-Identifier: MIT
#include "scenarios/lab/overhead/points.h"

#include <algorithm>

#include "protocol/base/rng.h"
#include "scenarios/shapes/model_shape.h"

namespace kvferry {
namespace {

constexpr uint32_t kTokens = 4096;
constexpr uint32_t kRows = 64;
constexpr int kLeastQuicMtu = 1280;

Slice noise(size_t size_bytes, Rng& rng) {
  Bytes bytes;
  bytes.reserve(size_bytes + sizeof(uint64_t));
  while (bytes.size() < size_bytes) put_le(bytes, rng.next());
  bytes.resize(size_bytes);
  return Slice(std::move(bytes));
}

}  // namespace

std::string OverheadPoint::card_name() const {
  return std::to_string(payload_bytes) + "-" + std::to_string(chunk_bytes) + ".card";
}

std::vector<std::string> OverheadPoint::transports() const {
  if (mtu_bytes == 1500) return {"ns3-tcp", "ns3-udp", "ns3-quic"};
  if (mtu_bytes >= kLeastQuicMtu) return {"ns3-udp", "ns3-quic"};
  return {"ns3-udp"};
}

std::vector<OverheadPoint> overhead_points() {
  const OverheadPoint base;
  std::vector<OverheadPoint> points = {base};
  const auto vary = [&](auto member, std::initializer_list<double> values, OverheadPoint from) {
    for (const double value : values) {
      from.*member = static_cast<std::remove_reference_t<decltype(from.*member)>>(value);
      points.push_back(from);
    }
  };
  OverheadPoint lossy;
  lossy.loss = 0.01;
  vary(&OverheadPoint::payload_bytes, {4 << 10, 16 << 10, 256 << 10, 4 << 20, 16 << 20}, base);
  vary(&OverheadPoint::chunk_bytes, {1 << 10, 8 << 10}, base);
  vary(&OverheadPoint::mtu_bytes, {1280, 700}, base);
  vary(&OverheadPoint::rtt_ms, {10, 200}, base);
  vary(&OverheadPoint::loss, {0.001, 0.01, 0.02, 0.05}, base);
  vary(&OverheadPoint::payload_bytes, {256 << 10, 4 << 20}, lossy);
  vary(&OverheadPoint::rtt_ms, {10, 200}, lossy);
  return points;
}

Card overhead_card(const OverheadPoint& point) {
  const auto shape = *find_shape("llama-3.1-8b");
  Card card;
  card.manifest.model = shape.identity();
  card.manifest.token_count = kTokens;
  card.manifest.position_sets = {PositionSet::all(kTokens)};
  card.manifest.layer_sets.assign(shape.layers, 0);
  card.manifest.preset = "opaque";
  card.manifest.codec = CodecId::kOpaque;
  card.manifest.raw_bytes = shape.identity().fp16_bytes_per_token() * kTokens;
  Rng rng(point.payload_bytes);
  ChunkInfo info;
  info.layer_count = 1;
  info.row_count = kRows;
  info.importance = 1;
  for (uint64_t left = point.payload_bytes; left > 0;) {
    const auto size_bytes = std::min<uint64_t>(left, point.chunk_bytes);
    add_chunk(card, info, noise(size_bytes, rng));
    left -= size_bytes;
  }
  return card;
}

}  // namespace kvferry
