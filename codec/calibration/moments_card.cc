// SPDX-License-Identifier: MIT
#include "codec/calibration/moments_card.h"

#include <cmath>
#include <string>

#include "codec/half.h"

namespace kvferry {
namespace {

constexpr std::size_t kHalf = sizeof(std::uint16_t);

// Calls with(layer, its K's or V's moments) in the order of the payload.
template <typename OfModel, typename With>
Result<void> each(OfModel& moments, With&& with) {
  for (std::size_t layer = 0; layer < moments.layers.size(); ++layer) {
    for (auto* tensor : {&moments.layers[layer].key, &moments.layers[layer].value}) {
      if (Result<void> done = with(layer, *tensor); !done) return done;
    }
  }
  return {};
}

void put(Bytes& out, const std::vector<float>& values) {
  for (const float value : values) put_le(out, float_to_half(value));
}

std::vector<float> take(ByteView& in, std::size_t channels) {
  std::vector<float> values(channels);
  for (std::size_t i = 0; i < channels; ++i)
    values[i] = half_to_float(load_le<std::uint16_t>(in.data() + i * kHalf));
  in = in.subspan(channels * kHalf);
  return values;
}

Result<void> check(const Moments& moments) {
  for (std::size_t i = 0; i < moments.mean.size(); ++i) {
    if (!std::isfinite(moments.mean[i]) || !std::isfinite(moments.deviation[i]) || moments.deviation[i] < 0) {
      return Error{"channel " + std::to_string(i) + " has mean " + std::to_string(moments.mean[i]) +
                   " and deviation " + std::to_string(moments.deviation[i]) +
                   ", expected finite ones, the deviation from 0"};
    }
  }
  return {};
}

}  // namespace

Card encode_moments(const ModelMoments& moments, const ModelIdentity& model) {
  Card card;
  card.manifest.model = model;
  card.manifest.position_sets.resize(1);
  card.manifest.layer_sets.assign(model.layers, 0);
  card.manifest.preset = kMomentsPreset;
  card.manifest.codec = CodecId::kMoments;
  Bytes payload;
  (void)each(moments, [&](std::size_t, const Moments& tensor) -> Result<void> {
    put(payload, tensor.mean);
    put(payload, tensor.deviation);
    return {};
  });
  ChunkInfo info;
  info.tensor = TensorPart::kTables;
  add_chunk(card, info, Slice(std::move(payload)));
  return card;
}

Result<ModelMoments> decode_moments(const Card& card) {
  const ModelIdentity& model = card.manifest.model;
  if (card.manifest.codec != CodecId::kMoments || card.chunks.size() != 1)
    return Error{"moments: the card is another one, expected codec 3 and one chunk"};
  ModelMoments moments{{model.layers, model.kv_heads, model.head_dim}, model.rope_theta, {}};
  const std::size_t channels = moments.geometry.channels();
  const std::uint64_t expected = std::uint64_t{model.layers} * 4 * channels * kHalf;
  ByteView payload = card.chunks[0].view();
  if (payload.size() != expected) {
    return Error{"moments: " + std::to_string(payload.size()) + " bytes, expected " +
                 std::to_string(expected)};
  }
  moments.layers.resize(model.layers);
  auto read = each(moments, [&](std::size_t layer, Moments& tensor) -> Result<void> {
    tensor.mean = take(payload, channels);
    tensor.deviation = take(payload, channels);
    if (auto good = check(tensor); !good) return good.error().in("moments: layer " + std::to_string(layer));
    return {};
  });
  if (!read) return read.error();
  return moments;
}

}  // namespace kvferry
