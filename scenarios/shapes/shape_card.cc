// SPDX-License-Identifier: MIT
#include "scenarios/shapes/shape_card.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "codec/chunk/chunk_plan.h"
#include "codec/quant/spec.h"
#include "protocol/base/rng.h"

namespace kvferry {
namespace {

Bytes noise(size_t size_bytes, Rng& rng) {
  Bytes bytes;
  bytes.reserve(size_bytes + sizeof(uint64_t));
  while (bytes.size() < size_bytes) put_le(bytes, rng.next());
  bytes.resize(size_bytes);
  return bytes;
}

uint64_t row_bytes(const ModelShape& shape) { return uint64_t{shape.kv_heads} * shape.head_dim * 2 * 2; }

Manifest manifest_of(const ModelShape& shape, uint64_t tokens, const PositionSet& positions) {
  Manifest manifest;
  manifest.model = shape.identity();
  manifest.token_count = tokens;
  manifest.position_sets = {positions};
  manifest.layer_sets.assign(shape.layers, 0);
  manifest.codec = CodecId::kOpaque;
  manifest.raw_bytes = shape.identity().fp16_bytes_per_token() * tokens;
  return manifest;
}

// Calls add(chunk) for each of a cache's chunks in the order in which they travel, without size and digest.
template <typename Add>
void cut_into_chunks(const ModelShape& shape, uint32_t row_count, Add&& add) {
  for (uint32_t row = 0; row < row_count; row += kChunkRows) {
    const auto rows = std::min(kChunkRows, row_count - row);
    const auto together = static_cast<uint32_t>((kChunkBytesFp16 - 1) / (rows * row_bytes(shape)) + 1);
    for (uint32_t layer = 0; layer < shape.layers; layer += together) {
      ChunkInfo info;
      info.layer_begin = layer;
      info.layer_count = std::min(together, shape.layers - layer);
      info.row_begin = row;
      info.row_count = rows;
      info.importance = 1 - static_cast<float>(row) / static_cast<float>(row_count);
      add(info);
    }
  }
}

uint32_t share_of_fp16(const ModelShape& shape, const ChunkInfo& chunk, double share) {
  const auto fp16_bytes = static_cast<double>(row_bytes(shape) * chunk.row_count * chunk.layer_count);
  return static_cast<uint32_t>(std::max(1.0, std::round(fp16_bytes * share)));
}

constexpr uint64_t up(uint64_t value, uint64_t step) { return (value + step - 1) / step; }

// Coder, segments, codings; then of each layer's K and V the scales and zeros, and the packed codes.
uint32_t coded_bytes(const ModelShape& shape, const ChunkInfo& chunk, uint64_t bits) {
  constexpr uint64_t kHead = 2, kRunOfCodings = 4, kScaleAndZero = 4;
  const uint64_t rows = chunk.row_count, columns = uint64_t{shape.kv_heads} * shape.head_dim;
  if (bits == 16)
    return static_cast<uint32_t>(kHead + kRunOfCodings + row_bytes(shape) * rows * chunk.layer_count);
  const uint64_t key_groups = up(rows, kDefaultGroup) * columns;
  const uint64_t value_groups = rows * shape.kv_heads * up(shape.head_dim, kDefaultGroup);
  const uint64_t codes = 2 * up(rows * columns * bits, 8);
  return static_cast<uint32_t>(kHead + 2 * kRunOfCodings +
                               chunk.layer_count * (kScaleAndZero * (key_groups + value_groups) + codes));
}

std::optional<double> bits_of(std::string_view preset) {
  constexpr std::string_view kBits = "bits:";
  if (!preset.starts_with(kBits)) return std::nullopt;
  double bits = 0;
  const auto* const end = preset.data() + preset.size();
  const auto [stop, error] = std::from_chars(preset.data() + kBits.size(), end, bits);
  if (error != std::errc() || stop != end || !(bits > 0 && bits <= 16)) return std::nullopt;
  return bits;
}

std::optional<uint64_t> bits_of_quantizer(std::string_view preset) {
  if (preset == "fp16") return 16;
  if (preset == "int8") return 8;
  if (preset == "int4") return 4;
  if (preset == "int2") return 2;
  return std::nullopt;
}

}  // namespace

Card synthesise_card(const ModelShape& shape, const Card& card, uint64_t seed) {
  const auto& sets = card.manifest.position_sets;
  const auto smaller = [](const PositionSet& a, const PositionSet& b) { return a.size() < b.size(); };
  const auto& positions = *std::max_element(sets.begin(), sets.end(), smaller);  // a layer not sent has none
  const double kept_bytes =
      static_cast<double>(card.manifest.model.fp16_bytes_per_token()) * static_cast<double>(positions.size());
  const double share = static_cast<double>(card.manifest.payload_bytes()) / kept_bytes;

  Card out;
  out.manifest = manifest_of(shape, card.manifest.token_count, positions);
  out.manifest.preset = card.manifest.preset;
  out.manifest.query_aware = card.manifest.query_aware;
  Rng rng(seed);
  cut_into_chunks(shape, positions.size(), [&](const ChunkInfo& info) {
    add_chunk(out, info, Slice(noise(share_of_fp16(shape, info, share), rng)));
  });
  return out;
}

Result<Manifest> shape_manifest(const ModelShape& shape, uint32_t tokens, std::string_view preset) {
  const auto bits = bits_of(preset);
  const auto quantizer_bits = bits_of_quantizer(preset);
  if (!bits && !quantizer_bits)
    return Error{"'" + std::string(preset) + "': expected fp16, int8, int4, int2 or bits:X with X up to 16"};
  if (tokens == 0) return Error{"a document of 0 tokens, expected at least 1"};
  auto manifest = manifest_of(shape, tokens, PositionSet::all(tokens));
  manifest.preset = preset;
  cut_into_chunks(shape, tokens, [&](ChunkInfo info) {
    info.size_bytes =
        bits ? share_of_fp16(shape, info, *bits / 16) : coded_bytes(shape, info, *quantizer_bits);
    const uint64_t number = manifest.chunks.size();
    std::memcpy(info.digest.bytes.data(), &number, sizeof number);
    manifest.chunks.push_back(info);
  });
  return manifest;
}

}  // namespace kvferry
