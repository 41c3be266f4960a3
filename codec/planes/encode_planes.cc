// SPDX-License-Identifier: MIT
#include "codec/planes/encode_planes.h"

#include <algorithm>
#include <cmath>
#include <queue>

#include "codec/planes/group_encoder.h"
#include "codec/planes/plane_plan.h"

namespace kvferry {
namespace {

constexpr unsigned kCalibrationLevels = 12;

// The levels of one group, and how far they have been taken.
struct Ladder {
  ChunkBlock group;
  std::vector<EncodedLevel> levels;
  std::size_t next = 0;

  // Error taken away per byte by as many further levels as make the most of it: a level that brings little
  // may be the way to one that brings much.
  [[nodiscard]] double slope() const {
    double gain = 0, best = 0;
    std::size_t bytes = 0;
    for (std::size_t i = next; i < levels.size(); ++i) {
      gain += levels[i].gain;
      bytes += levels[i].payload.size();
      best = std::max(best, gain / static_cast<double>(bytes));
    }
    return best;
  }
};

std::vector<std::uint8_t> delays_of(const KvCache& cache, const ChunkBlock& group,
                                    std::span<const std::uint8_t> of_position) {
  std::vector<std::uint8_t> delay(group.row_count);
  if (of_position.empty()) return delay;
  const auto positions = cache.positions(group.layer_begin).subspan(group.row_begin, group.row_count);
  for (std::size_t row = 0; row < delay.size(); ++row) {
    delay[row] = of_position[static_cast<std::size_t>(positions[row])];
  }
  return delay;
}

PlaneChunk take_next(Ladder& ladder, double slope, double first_slope) {
  PlaneChunk chunk;
  chunk.info.layer_begin = ladder.group.layer_begin;
  chunk.info.layer_count = ladder.group.layer_count;
  chunk.info.row_begin = ladder.group.row_begin;
  chunk.info.row_count = ladder.group.row_count;
  chunk.info.tensor = TensorPart::kBoth;
  chunk.info.level = static_cast<std::uint8_t>(ladder.next);
  chunk.info.refines = ladder.next > 0;
  chunk.info.importance = first_slope > 0 ? static_cast<float>(slope / first_slope) : 0.0F;
  chunk.payload = Slice(std::move(ladder.levels[ladder.next].payload));
  ++ladder.next;
  return chunk;
}

std::vector<PlaneChunk> in_order_of_benefit(std::vector<Ladder> ladders) {
  std::vector<PlaneChunk> chunks;
  double first_slope = 0, slope = 0;
  // Steepest first; of equal ones the earlier group.
  using Entry = std::pair<double, std::ptrdiff_t>;
  std::priority_queue<Entry> queue;
  const auto offer = [&](std::size_t i) {
    if (ladders[i].next < ladders[i].levels.size()) {
      queue.emplace(ladders[i].slope(), -static_cast<std::ptrdiff_t>(i));
    }
  };
  for (std::size_t i = 0; i < ladders.size(); ++i) offer(i);
  while (!queue.empty()) {
    const auto [steepest, negated] = queue.top();
    queue.pop();
    const auto i = static_cast<std::size_t>(-negated);
    if (chunks.empty()) first_slope = slope = steepest;
    slope = std::min(slope, steepest);
    chunks.push_back(take_next(ladders[i], slope, first_slope));
    offer(i);
  }
  return chunks;
}

// Sign is a coin, so 1 and 2 share what is not 0. Refinements have no third symbol.
ContextTables::Shares shares_of(const std::array<std::uint64_t, 3>& counts, bool is_signed, bool is_binary) {
  const auto total = static_cast<double>(counts[0] + counts[1] + counts[2]) + 2;
  const double zero_share = (static_cast<double>(counts[0]) + 1) / total;
  const double one = ContextTables::kOne;
  const double most = is_binary ? one - 1 : one - 2;
  auto zero = static_cast<std::uint32_t>(std::clamp(std::round(zero_share * one), 1.0, most));
  if (is_binary) return {static_cast<std::uint16_t>(zero), static_cast<std::uint16_t>(one - zero)};
  if (is_signed) {
    if ((ContextTables::kOne - zero) % 2 != 0) zero = zero > 1 ? zero - 1 : zero + 1;
    return {static_cast<std::uint16_t>(zero), static_cast<std::uint16_t>((ContextTables::kOne - zero) / 2)};
  }
  const double rest = one - zero;
  const double share = (static_cast<double>(counts[1]) + 1) / static_cast<double>(counts[1] + counts[2] + 2);
  const double first = std::clamp(std::round(share * rest), 1.0, rest - 1);
  return {static_cast<std::uint16_t>(zero), static_cast<std::uint16_t>(first)};
}

ContextTables tables_of(const ContextCounts& counts) {
  ContextTables tables;
  for (std::size_t context = 0; context < plane_context::kCount; ++context) {
    const bool is_signed = context < plane_context::kRefine;
    const bool is_delay = context == plane_context::kDelay;
    tables.set(context, shares_of(counts[context], is_signed, !is_signed && !is_delay));
  }
  return tables;
}

}  // namespace

Result<std::vector<PlaneChunk>> encode_planes(const KvCache& cache, const PlaneCalibration& calibration,
                                              const PlaneDuals& duals, const PlaneOptions& options) {
  GroupEncoder encoder(calibration, duals, options.rope_theta);
  std::vector<Ladder> ladders;
  for (const ChunkBlock& group : plan_groups(cache)) {
    const auto delay = delays_of(cache, group, options.delay);
    if (auto loaded = encoder.load(cache, group, delay, options.levels); !loaded) return loaded.error();
    Ladder& ladder = ladders.emplace_back(Ladder{group, {}, 0});
    for (unsigned level = 0; level < options.levels; ++level) ladder.levels.push_back(encoder.encode(level));
  }
  return in_order_of_benefit(std::move(ladders));
}

Result<ContextTables> count_planes(std::span<const KvCache> caches, const PlaneCalibration& bases,
                                   double rope_theta, std::span<const std::vector<std::uint8_t>> delays) {
  const PlaneDuals duals = PlaneDuals::of(bases);
  GroupEncoder encoder(bases, duals, rope_theta);
  ContextCounts counts{};
  for (std::size_t i = 0; i < caches.size(); ++i) {
    for (const ChunkBlock& group : plan_groups(caches[i])) {
      const auto delay = delays_of(caches[i], group, delays[i]);
      if (auto loaded = encoder.load(caches[i], group, delay, kCalibrationLevels); !loaded) {
        return loaded.error();
      }
      for (unsigned level = 0; level < kCalibrationLevels; ++level) encoder.count(level, counts);
    }
  }
  return tables_of(counts);
}

}  // namespace kvferry
