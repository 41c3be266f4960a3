// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "codec/chunk/card_contents.h"
#include "codec/chunk/cell_map.h"
#include "codec/planes/group_decoder.h"
#include "codec/planes/plane_plan.h"

namespace kvferry {
namespace {

using BlockKey = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;

BlockKey key_of(const ChunkInfo& info) {
  return {info.layer_begin, info.layer_count, info.row_begin, info.row_count};
}

// A group and the chunks of its levels.
struct Group {
  ChunkBlock block;
  std::vector<std::uint32_t> chunks;  // [level]
};

Result<void> check_chunk(const ChunkInfo& info, const Preset& preset, std::uint64_t row_bytes) {
  const std::uint64_t bytes = std::uint64_t{info.layer_count} * info.row_count * row_bytes;
  if (info.tensor != TensorPart::kBoth) {
    return Error{quoted("kind", static_cast<std::uint64_t>(info.tensor), "2 (K and V)")};
  }
  if (info.layer_count > 1 && bytes > kMaxGroupBytesFp16) {
    return Error{
        quoted("FP16 size of its layers", bytes, "at most " + std::to_string(kMaxGroupBytesFp16) + " bytes")};
  }
  if (info.row_count > kMaxGroupRows) {
    return Error{quoted("rows", info.row_count, "at most " + std::to_string(kMaxGroupRows))};
  }
  if (info.level >= preset.quant.planes) {
    return Error{quoted("level", info.level, "below " + std::to_string(preset.quant.planes))};
  }
  if (info.refines != (info.level > 0)) return Error{quoted("refines", info.refines, "1 but for level 0")};
  return {};
}

// Groups cover every row of every layer once; each has the levels 0, 1, ... in the table's order.
Result<std::vector<Group>> groups_of(const Manifest& manifest, const Preset& preset) {
  const std::uint64_t row_bytes = geometry_of(manifest.model).channels() * 2 * sizeof(std::uint16_t);
  std::map<BlockKey, std::size_t> index_of;
  std::vector<Group> groups;
  CellMap seen(manifest);
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const ChunkInfo& info = manifest.chunks[i];
    const std::string where = "chunk " + std::to_string(i);
    if (auto fits = check_chunk(info, preset, row_bytes); !fits) return fits.error().in(where);
    const auto [known, is_new] = index_of.try_emplace(key_of(info), groups.size());
    if (is_new) {
      if (!seen.mark(info)) return Error{where + " overlaps another group, expected each row once"};
      groups.push_back({{info.layer_begin, info.layer_count, info.row_begin, info.row_count, 0}, {}});
    }
    Group& group = groups[known->second];
    if (info.level != group.chunks.size()) {
      return Error{where + ": " + quoted("level", info.level, std::to_string(group.chunks.size()))};
    }
    group.chunks.push_back(i);
  }
  if (!seen.is_full()) {
    return Error{quoted("rows in groups", seen.marked(), std::to_string(seen.size()))};
  }
  return groups;
}

class PlaneContents : public CardContents {
 public:
  PlaneContents(std::shared_ptr<const LoadedCalibration> calibration, const Manifest& manifest,
                std::vector<Group> groups)
      : calibration_(std::move(calibration)),
        geometry_(geometry_of(manifest.model)),
        theta_(manifest.model.rope_theta),
        token_count_(static_cast<std::uint32_t>(manifest.token_count)),
        groups_(std::move(groups)),
        group_of_(manifest.chunks.size()) {
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
      decoders_.emplace_back(*calibration_->calibration.planes, groups_[i].block);
      for (const std::uint32_t chunk : groups_[i].chunks) group_of_[chunk] = i;
    }
    for (const std::uint32_t set : manifest.layer_sets) {
      positions_.push_back(manifest.position_sets[set].positions());
    }
  }

  Result<void> add(std::uint32_t index, ByteView payload, std::vector<std::uint32_t>& lost) override;
  Result<KvCache> snapshot() const override;
  Result<KvCache> take() override { return snapshot(); }

 private:
  Result<void> decode_waiting(std::uint32_t group, std::vector<std::uint32_t>& lost);

  std::shared_ptr<const LoadedCalibration> calibration_;
  KvGeometry geometry_;
  double theta_;
  std::uint32_t token_count_;
  std::vector<std::vector<std::int32_t>> positions_;  // [layer]
  std::vector<Group> groups_;
  std::vector<std::uint32_t> group_of_;     // [chunk]
  std::vector<GroupDecoder> decoders_;      // [group]
  std::map<std::uint32_t, Bytes> waiting_;  // chunks whose level below has not come
};

Result<void> PlaneContents::add(std::uint32_t index, ByteView payload, std::vector<std::uint32_t>& lost) {
  const std::uint32_t group = group_of_[index];
  GroupDecoder& decoder = decoders_[group];
  if (groups_[group].chunks[decoder.levels()] != index) {
    waiting_.emplace(index, Bytes(payload.begin(), payload.end()));
    return {};
  }
  if (auto read = decoder.add_level(payload); !read) return read;
  return decode_waiting(group, lost);
}

// A level that is bad is lost; those above it wait on.
Result<void> PlaneContents::decode_waiting(std::uint32_t group, std::vector<std::uint32_t>& lost) {
  const std::vector<std::uint32_t>& chunks = groups_[group].chunks;
  GroupDecoder& decoder = decoders_[group];
  while (decoder.levels() < chunks.size()) {
    const std::uint32_t index = chunks[decoder.levels()];
    const auto next = waiting_.find(index);
    if (next == waiting_.end()) return {};
    const Bytes payload = std::move(next->second);
    waiting_.erase(next);
    if (auto read = decoder.add_level(payload); !read) {
      lost.push_back(index);
      return read.error().in("chunk " + std::to_string(index));
    }
  }
  return {};
}

Result<KvCache> PlaneContents::snapshot() const {
  // Groups of a layer, by their first row.
  std::vector<std::map<std::uint32_t, std::size_t>> of_layer(geometry_.layers);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (decoders_[i].levels() == 0) continue;
    const ChunkBlock& block = groups_[i].block;
    for (std::uint32_t l = 0; l < block.layer_count; ++l)
      of_layer[block.layer_begin + l][block.row_begin] = i;
  }
  std::vector<std::vector<std::int32_t>> positions(geometry_.layers);
  std::vector<std::uint32_t> first_row(groups_.size());
  for (std::uint32_t layer = 0; layer < geometry_.layers; ++layer) {
    for (const auto& [row, i] : of_layer[layer]) {
      first_row[i] = static_cast<std::uint32_t>(positions[layer].size());
      const auto begin = positions_[layer].begin() + row;
      positions[layer].insert(positions[layer].end(), begin, begin + groups_[i].block.row_count);
    }
  }
  auto cache = KvCache::create(geometry_, std::move(positions), token_count_);
  if (!cache) return cache;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (decoders_[i].levels() != 0) decoders_[i].write(*cache, first_row[i], theta_);
  }
  return cache;
}

}  // namespace

Result<std::unique_ptr<CardContents>> open_plane_contents(const Manifest& manifest, const Preset& preset,
                                                          const DecodeOptions& options) {
  const Calibration& calibration = options.calibration->calibration;
  if (calibration.geometry != geometry_of(manifest.model)) {
    return Error{"the calibration is of another geometry than the cache"};
  }
  if (!calibration.planes) return Error{"the calibration has no bit planes, expected them for the preset"};
  auto groups = groups_of(manifest, preset);
  if (!groups) return groups.error();
  return std::unique_ptr<CardContents>(
      std::make_unique<PlaneContents>(options.calibration, manifest, std::move(*groups)));
}

}  // namespace kvferry
