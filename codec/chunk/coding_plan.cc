// SPDX-License-Identifier: MIT
#include "codec/chunk/coding_plan.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/allocate/allocate.h"
#include "codec/allocate/sensitivity.h"
#include "codec/chunk/chunk_header.h"

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};

BlockCoding base_coding(const Preset& preset, KvTensor tensor) {
  BlockCoding coding;
  coding.spec = tensor == KvTensor::kKey ? preset.quant.key : preset.quant.value;
  coding.undo_rope = preset.transform.undo_rope && tensor == KvTensor::kKey;
  coding.columns = preset.transform.columns;
  return coding;
}

BlockCoding coded_with(const BlockCoding& coding, unsigned bits) {
  if (bits == 16) return {};
  BlockCoding changed = coding;
  changed.spec = with_bits(coding.spec, bits);
  return changed;
}

void add_class(CodingPlan& plan, const std::vector<BlockCoding>& codings) {
  plan.codings.insert(plan.codings.end(), codings.begin(), codings.end());
}

// More bits for the layers that need them; layers that are not sent do not take part.
Result<void> allocate_layers(const KvCache& kept, std::vector<BlockCoding>& codings) {
  const auto all = layer_sensitivity(kept);
  if (!all) return all.error();
  const std::uint32_t layers = kept.geometry().layers;
  std::vector<std::uint32_t> sent;
  std::vector<float> sensitivity;
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    if (kept.rows(layer) == 0) continue;
    sent.push_back(layer);
    sensitivity.push_back((*all)[layer]);
  }
  const auto bits = sensitivity_bits(sensitivity);
  if (!bits) return bits.error();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    for (const std::size_t at : {std::size_t{sent[i]}, std::size_t{layers} + sent[i]}) {
      codings[at] = coded_with(codings[at], (*bits)[i]);
    }
  }
  return {};
}

// Codings [K, V][layer] of positions that nothing sets apart.
Result<std::vector<BlockCoding>> layer_codings(const Preset& preset, const KvCache& kept) {
  const std::uint32_t layers = kept.geometry().layers;
  std::vector<BlockCoding> codings;
  for (const KvTensor tensor : kBoth) codings.insert(codings.end(), layers, base_coding(preset, tensor));
  if (preset.allocate.method == AllocateMethod::kSensitivity) {
    if (auto done = allocate_layers(kept, codings); !done) return done.error();
  }
  if (preset.allocate.method == AllocateMethod::kCacheGen) {
    const CacheGenBins bins = cachegen_bins(preset.allocate.level, layers);
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      codings[layer].spec = with_bins(codings[layer].spec, bins.key[layer]);
      codings[layers + layer].spec = with_bins(codings[layers + layer].spec, bins.value[layer]);
    }
  }
  return codings;
}

// Positions that some layer keeps, ascending.
std::vector<std::size_t> kept_positions(const KvCache& kept) {
  std::vector<bool> is_kept(kept.token_count());
  for (std::uint32_t layer = 0; layer < kept.geometry().layers; ++layer) {
    for (const std::int32_t position : kept.positions(layer))
      is_kept[static_cast<std::size_t>(position)] = true;
  }
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < is_kept.size(); ++i) {
    if (is_kept[i]) positions.push_back(i);
  }
  return positions;
}

// A class for each number of bits that some kept position gets; the budget is theirs.
Result<void> allocate_tokens(const Preset& preset, const KvCache& kept, std::span<const float> weights,
                             const std::vector<BlockCoding>& base, CodingPlan& plan) {
  if (weights.size() != plan.position_class.size()) {
    return Error{"allocate: " + std::to_string(weights.size()) + " weights, expected " +
                 std::to_string(plan.position_class.size()) + " (one for each position)"};
  }
  const std::vector<std::size_t> positions = kept_positions(kept);
  std::vector<float> own;
  own.reserve(positions.size());
  for (const std::size_t position : positions) own.push_back(weights[position]);
  const auto bits = token_bits(own, preset.allocate.bits);
  if (!bits) return bits.error();
  plan.codings.clear();
  plan.class_count = 0;
  for (const unsigned choice : {8U, 4U, 2U, 16U}) {
    if (std::find(bits->begin(), bits->end(), choice) == bits->end()) continue;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if ((*bits)[i] == choice)
        plan.position_class[positions[i]] = static_cast<std::uint8_t>(plan.class_count);
    }
    std::vector<BlockCoding> codings = base;
    for (BlockCoding& coding : codings) coding = coded_with(coding, choice);
    add_class(plan, codings);
    ++plan.class_count;
  }
  return {};
}

// The class whose blocks are all FP16; a new one where there is none. Four widths of tokens, the
// most there are, have one.
std::size_t fp16_class(CodingPlan& plan) {
  const std::size_t size = 2 * plan.layers;
  for (std::size_t of_class = 0; of_class < plan.class_count; ++of_class) {
    const auto begin = plan.codings.begin() + static_cast<std::ptrdiff_t>(of_class * size);
    if (std::all_of(begin, begin + static_cast<std::ptrdiff_t>(size),
                    [](const BlockCoding& coding) { return coding == BlockCoding{}; })) {
      return of_class;
    }
  }
  add_class(plan, std::vector<BlockCoding>(size));
  return plan.class_count++;
}

// First and recent positions as FP16; outer layers as FP16 in every class.
void protect(const ProtectStage& stage, CodingPlan& plan) {
  const std::size_t n = plan.position_class.size();
  if (stage.first + stage.recent > 0) {
    const auto of_class = static_cast<std::uint8_t>(fp16_class(plan));
    for (std::size_t i = 0; i < n; ++i) {
      if (i < stage.first || n - i <= stage.recent) plan.position_class[i] = of_class;
    }
  }
  for (std::size_t i = 0; i < plan.codings.size(); ++i) {
    const std::size_t layer = i % plan.layers;
    if (layer < stage.ends || plan.layers - layer <= stage.ends) plan.codings[i] = {};
  }
}

std::size_t find_main_class(const KvCache& kept, const CodingPlan& plan) {
  std::vector<std::size_t> counts(plan.class_count);
  for (const std::size_t position : kept_positions(kept)) ++counts[plan.position_class[position]];
  return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

}  // namespace

Result<CodingPlan> plan_codings(const Preset& preset, const KvCache& kept, std::span<const float> weights) {
  CodingPlan plan;
  plan.layers = kept.geometry().layers;
  plan.position_class.resize(kept.token_count());
  auto base = layer_codings(preset, kept);
  if (!base) return base.error();
  plan.codings = *base;
  if (preset.allocate.method == AllocateMethod::kTokens) {
    if (auto done = allocate_tokens(preset, kept, weights, *base, plan); !done) return done.error();
  }
  if (preset.protect.fp16) protect(preset.protect, plan);
  plan.main_class = find_main_class(kept, plan);
  return plan;
}

}  // namespace kvferry
