// SPDX-License-Identifier: MIT
#include "codec/planes/plane_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/planes/plane_group.h"

namespace kvferry {
namespace {

constexpr std::array<std::uint32_t, 3> kGroupRows = {256, 128, 64};
constexpr double kExponent = 0.5;  // of attention in a row's weight

// Of one run of layers.
struct Cut {
  std::uint32_t rows = kGroupRows.back();
  std::uint32_t layers = 1;
};

Cut cut_for(std::size_t layer_row_bytes, std::uint32_t layers) {
  for (const std::uint32_t rows : kGroupRows) {
    if (rows * layers * layer_row_bytes <= kGroupBytesFp16) return {rows, layers};
  }
  Cut cut;
  const auto fitting = static_cast<std::uint32_t>(kGroupBytesFp16 / (cut.rows * layer_row_bytes));
  cut.layers = std::clamp(fitting, 1U, layers);
  return cut;
}

}  // namespace

std::vector<ChunkBlock> plan_groups(const KvCache& cache) {
  const std::size_t layer_row_bytes = cache.geometry().channels() * 2 * sizeof(std::uint16_t);
  std::vector<ChunkBlock> groups;
  for (std::uint32_t begin = 0, end = 0; begin < cache.geometry().layers; begin = end) {
    end = end_of_equal_layers(cache, begin);
    const auto rows = static_cast<std::uint32_t>(cache.rows(begin));
    const Cut cut = cut_for(layer_row_bytes, end - begin);
    const std::uint32_t count = std::max((rows + cut.rows / 2) / cut.rows, rows > 0 ? 1U : 0U);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t row = rows * i / count;
      const std::uint32_t row_count = rows * (i + 1) / count - row;
      for (std::uint32_t layer = begin; layer < end; layer += cut.layers) {
        groups.push_back({layer, std::min(cut.layers, end - layer), row, row_count, 0.0F});
      }
    }
  }
  return groups;
}

std::vector<std::uint8_t> row_delays(std::span<const float> energy) {
  double mean = 0;
  for (const float each : energy) mean += static_cast<double>(each) * static_cast<double>(each);
  mean = std::sqrt(mean / static_cast<double>(std::max<std::size_t>(energy.size(), 1)));
  std::vector<std::uint8_t> delays;
  delays.reserve(energy.size());
  for (const float each : energy) {
    const double octaves = each > 0 && mean > 0 ? std::log2(mean / static_cast<double>(each)) : 1e3;
    delays.push_back(
        static_cast<std::uint8_t>(std::clamp(std::round(kExponent * octaves), 0.0, double{kMaxDelay})));
  }
  return delays;
}

}  // namespace kvferry
