// SPDX-License-Identifier: MIT
#include "codec/chunk/make_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "codec/chunk/chunk_encoder.h"
#include "codec/chunk/chunk_plan.h"
#include "codec/quant/block.h"
#include "codec/quant/load.h"
#include "codec/transform/transform.h"

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};
constexpr std::size_t kRowsAtOnce = 64;

// Covariance of what svd will see: K before RoPE where the preset undoes it.
Result<Covariance> gather(const KvCache& kept, std::uint32_t layer, KvTensor tensor,
                          const CodecContext& context) {
  const KvGeometry& geometry = kept.geometry();
  Covariance covariance(geometry.channels());
  std::vector<float> values;
  const KvView all = tensor == KvTensor::kKey ? kept.key(layer) : kept.value(layer);
  for (std::size_t begin = 0; begin < all.rows; begin += kRowsAtOnce) {
    const KvView view = all.rows_at(begin, std::min(kRowsAtOnce, all.rows - begin));
    values.resize(view.elements());
    if (const std::size_t bad = load_rows(view, values.data()); bad != view.rows) {
      return bad_row(begin + bad).in("layer " + std::to_string(layer) + ' ' + to_string(tensor));
    }
    if (tensor == KvTensor::kKey && context.preset.transform.undo_rope) {
      RopeTable(kept.positions(layer).subspan(begin, view.rows), geometry.head_dim, context.rope_theta)
          .undo(values.data(), 0, view.rows, geometry.kv_heads);
    }
    covariance.add(values.data(), view.rows);
  }
  return covariance;
}

Result<void> make_svd(const KvCache& kept, CodecContext& context) {
  const std::size_t channels = kept.geometry().channels();
  for (std::uint32_t layer = 0; layer < kept.geometry().layers; ++layer) {
    for (const KvTensor tensor : kBoth) {
      LinearBasis& basis = context.tables.svd.emplace_back();
      basis.columns = channels;
      basis.mean.assign(channels, 0.0F);
      const std::size_t rank =
          std::min<std::size_t>({context.preset.transform.size, channels, kept.rows(layer)});
      if (rank == 0) continue;
      const auto covariance = gather(kept, layer, tensor, context);
      if (!covariance) return covariance.error();
      basis = covariance->basis(rank, false);
      round_vectors_to_half(basis);  // as the card stores it
      std::fill(basis.variance.begin(), basis.variance.end(), 0.0F);
    }
  }
  return {};
}

// One budget for all layers' K, one for all layers' V.
void allocate_components(const KvCache& kept, CodecContext& context) {
  const std::uint32_t layers = kept.geometry().layers;
  context.tables.component_bits.resize(2 * std::size_t{layers});
  for (const KvTensor tensor : kBoth) {
    std::vector<float> variance;
    std::size_t numbers = 0;
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      if (kept.rows(layer) == 0) continue;
      const LinearBasis& basis = *context.basis(ColumnTransform::kPca, layer, tensor);
      variance.insert(variance.end(), basis.variance.begin(), basis.variance.end());
      numbers += kept.geometry().channels();
    }
    const double budget = context.preset.quant.component_bits * static_cast<double>(numbers);
    const std::vector<std::uint8_t> bits =
        allocate_bits(variance, static_cast<std::size_t>(std::llround(budget)));
    std::size_t at = 0;
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      if (kept.rows(layer) == 0) continue;
      const std::size_t rank = context.basis(ColumnTransform::kPca, layer, tensor)->rank();
      auto& own = context.tables.component_bits[CodecContext::index_of(layer, tensor)];
      own.assign(bits.begin() + static_cast<std::ptrdiff_t>(at),
                 bits.begin() + static_cast<std::ptrdiff_t>(at + rank));
      at += rank;
    }
  }
}

Result<void> make_models(const KvCache& kept, const CodingPlan& plan, CodecContext& context) {
  SymbolStatistics statistics(2 * std::size_t{kept.geometry().layers});
  ChunkEncoder encoder(context, plan);
  for (const ChunkBlock& block : plan_chunks(kept, {})) {
    if (auto counted = encoder.count(kept, block, statistics); !counted) return counted.error();
  }
  for (const auto& counts : statistics) {
    context.tables.models.push_back(counts ? std::optional(SymbolModel::smallest(*counts)) : std::nullopt);
  }
  return {};
}

}  // namespace

Result<void> make_tables(const KvCache& kept, const CodingPlan& plan, CodecContext& context) {
  const Preset& preset = context.preset;
  if (preset.transform.columns == ColumnTransform::kSvd) {
    if (auto made = make_svd(kept, context); !made) return made;
  }
  if (preset.quant.key.kind == QuantKind::kComponents) allocate_components(kept, context);
  if (preset.entropy.coder == EntropyCoder::kRansCard) return make_models(kept, plan, context);
  return {};
}

}  // namespace kvferry
