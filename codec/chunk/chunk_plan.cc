// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_plan.h"

#include <algorithm>
#include <tuple>

namespace kvferry {
namespace {

// The mean score of each block of kChunkRows rows, over the highest; negative means count as 0.
std::vector<float> block_scores(std::span<const float> scores) {
  std::vector<double> means;
  for (std::size_t begin = 0; begin < scores.size(); begin += kChunkRows) {
    const auto rows = scores.subspan(begin, std::min<std::size_t>(kChunkRows, scores.size() - begin));
    double sum = 0;
    for (const float score : rows) sum += static_cast<double>(score);
    means.push_back(std::max(sum / static_cast<double>(rows.size()), 0.0));
  }
  const double highest = means.empty() ? 0 : *std::max_element(means.begin(), means.end());
  std::vector<float> shares;
  shares.reserve(means.size());
  for (const double mean : means) shares.push_back(highest > 0 ? static_cast<float>(mean / highest) : 0.0F);
  return shares;
}

float importance_of(std::size_t row_begin, std::size_t rows, std::span<const float> shares) {
  if (row_begin == 0) return 1.0F;
  if (!shares.empty()) return shares[row_begin / kChunkRows];
  return static_cast<float>(rows - row_begin) / static_cast<float>(rows);
}

}  // namespace

std::uint32_t end_of_equal_layers(const KvCache& cache, std::uint32_t begin) {
  const auto first = cache.positions(begin);
  std::uint32_t end = begin + 1;
  while (end < cache.geometry().layers &&
         std::equal(first.begin(), first.end(), cache.positions(end).begin(), cache.positions(end).end())) {
    ++end;
  }
  return end;
}

std::vector<ChunkBlock> plan_chunks(const KvCache& cache, std::span<const float> scores) {
  const std::vector<float> shares = block_scores(scores);
  const std::size_t row_bytes = cache.geometry().channels() * 2 * sizeof(std::uint16_t);
  const std::uint32_t layers = cache.geometry().layers;
  std::vector<ChunkBlock> blocks;
  for (std::uint32_t begin = 0, end = 0; begin < layers; begin = end) {
    end = end_of_equal_layers(cache, begin);
    const auto rows = static_cast<std::uint32_t>(cache.rows(begin));
    for (std::uint32_t row = 0; row < rows; row += kChunkRows) {
      const std::uint32_t row_count = std::min(kChunkRows, rows - row);
      const std::size_t bytes = row_count * row_bytes;
      const std::size_t together = (kChunkBytesFp16 + bytes - 1) / bytes;
      for (std::uint32_t layer = begin; layer < end;) {
        const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(together, end - layer));
        blocks.push_back({layer, count, row, row_count, importance_of(row, rows, shares)});
        layer += count;
      }
    }
  }
  std::stable_sort(blocks.begin(), blocks.end(), [](const ChunkBlock& a, const ChunkBlock& b) {
    return std::tuple(-a.importance, a.row_begin, a.layer_begin) <
           std::tuple(-b.importance, b.row_begin, b.layer_begin);
  });
  return blocks;
}

}  // namespace kvferry
