// SPDX-License-Identifier: MIT
#include "codec/calibration/match.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "codec/half.h"
#include "codec/quant/load.h"
#include "codec/quant/spec.h"
#include "codec/transform/rope.h"

namespace kvferry {
namespace {

// What the numbers of one side mean; without moments only its shape is known.
struct Side {
  KvGeometry geometry;
  double theta = 0;
  const ModelMoments* known = nullptr;

  [[nodiscard]] const Moments& moments(std::size_t layer, KvTensor tensor) const {
    const ModelMoments::Layer& of = known->layers[layer];
    return tensor == KvTensor::kKey ? of.key : of.value;
  }
};

// One tensor: which layer of the sender becomes which of the receiver.
struct Place {
  std::size_t from_layer = 0, to_layer = 0;
  KvTensor tensor = KvTensor::kKey;
};

bool same_heads(const Side& a, const Side& b) {
  return a.geometry.kv_heads == b.geometry.kv_heads && a.geometry.head_dim == b.geometry.head_dim;
}

// The sender's layer at the same relative depth, to the nearest, halves up.
std::size_t layer_at_depth(std::size_t layer, std::size_t receiver_layers, std::size_t sender_layers) {
  if (receiver_layers == 1) return 0;
  const std::size_t steps = receiver_layers - 1;
  return (2 * layer * (sender_layers - 1) + steps) / (2 * steps);
}

// The sender's channel that stands behind each of the receiver's.
std::vector<std::size_t> channel_map(const KvGeometry& from, const KvGeometry& to, KvTensor tensor) {
  const std::size_t parts = tensor == KvTensor::kKey ? 2 : 1;
  const std::size_t from_part = from.head_dim / parts;
  const std::size_t to_part = to.head_dim / parts;
  std::vector<std::size_t> map(to.channels());
  for (std::size_t i = 0; i < map.size(); ++i) {
    const std::size_t head = i / to.head_dim % from.kv_heads;
    const std::size_t part = i % to.head_dim / to_part;
    map[i] = head * from.head_dim + part * from_part + i % to_part % from_part;
  }
  return map;
}

std::vector<float> take_channels(const std::vector<float>& values, std::size_t rows, std::size_t channels,
                                 const std::vector<std::size_t>& map) {
  std::vector<float> taken(rows * map.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      taken[row * map.size() + i] = values[row * channels + map[i]];
    }
  }
  return taken;
}

// The averages over channels, for every one of `channels` channels.
Moments scalar(const Moments& moments, std::size_t channels) {
  const auto average = [channels](const std::vector<float>& values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return std::vector<float>(channels, static_cast<float>(sum / static_cast<double>(values.size())));
  };
  return {average(moments.mean), average(moments.deviation)};
}

void move_moments(const Moments& from, const Moments& to, std::size_t rows, float* values) {
  const std::size_t channels = to.mean.size();
  std::vector<float> scale(channels);
  for (std::size_t i = 0; i < channels; ++i) {
    scale[i] = from.deviation[i] > 0 ? to.deviation[i] / from.deviation[i] : 0.0F;
  }
  for (std::size_t row = 0; row < rows; ++row, values += channels) {
    for (std::size_t i = 0; i < channels; ++i) {
      values[i] = (values[i] - from.mean[i]) * scale[i] + to.mean[i];
    }
  }
}

class Matcher {
 public:
  Matcher(const Side& sender, const Side& receiver) : sender_(sender), receiver_(receiver) {}

  Result<KvCache> match(const KvCache& cache) const {
    const std::size_t layers = receiver_.geometry.layers;
    std::vector<std::vector<std::int32_t>> positions;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto kept = cache.positions(layer_at_depth(layer, layers, sender_.geometry.layers));
      positions.emplace_back(kept.begin(), kept.end());
    }
    auto matched = KvCache::create(receiver_.geometry, std::move(positions), cache.token_count());
    if (!matched) return matched;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::size_t from = layer_at_depth(layer, layers, sender_.geometry.layers);
      for (const KvTensor tensor : {KvTensor::kKey, KvTensor::kValue}) {
        if (auto done = match_tensor(cache, {from, layer, tensor}, *matched); !done) return done.error();
      }
    }
    return matched;
  }

 private:
  [[nodiscard]] bool changes_nothing(const Place& place) const {
    if (!same_heads(sender_, receiver_)) return false;
    if (place.tensor == KvTensor::kKey && sender_.theta != receiver_.theta) return false;
    return receiver_.known == nullptr ||
           sender_.moments(place.from_layer, place.tensor) == receiver_.moments(place.to_layer, place.tensor);
  }

  Result<void> match_tensor(const KvCache& cache, const Place& place, KvCache& matched) const {
    const bool is_key = place.tensor == KvTensor::kKey;
    const auto out = is_key ? matched.key_data(place.to_layer) : matched.value_data(place.to_layer);
    if (changes_nothing(place)) {
      const auto in = is_key ? cache.key_data(place.from_layer) : cache.value_data(place.from_layer);
      std::copy(in.begin(), in.end(), out.begin());
      return {};
    }
    const std::size_t rows = cache.rows(place.from_layer);
    std::vector<float> values(rows * sender_.geometry.channels());
    const std::size_t bad =
        load_rows(is_key ? cache.key(place.from_layer) : cache.value(place.from_layer), values.data());
    if (bad != rows) {
      return Error{"layer " + std::to_string(place.from_layer) + " " + to_string(place.tensor) + " row " +
                   std::to_string(bad) + " is not finite, expected numbers"};
    }
    values = convert(std::move(values), cache.positions(place.from_layer), place);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = float_to_half(std::clamp(values[i], -kHalfMax, kHalfMax));
    }
    return {};
  }

  [[nodiscard]] std::vector<float> convert(std::vector<float> values, std::span<const std::int32_t> positions,
                                           const Place& place) const {
    const bool is_key = place.tensor == KvTensor::kKey;
    const KvGeometry& from = sender_.geometry;
    const KvGeometry& to = receiver_.geometry;
    const std::size_t rows = positions.size();
    if (is_key) undo_rope(values.data(), positions, from.kv_heads, from.head_dim, sender_.theta);
    if (!same_heads(sender_, receiver_)) {
      values = take_channels(values, rows, from.channels(), channel_map(from, to, place.tensor));
    }
    if (receiver_.known != nullptr) {
      const Moments& ours = sender_.moments(place.from_layer, place.tensor);
      const Moments& theirs = receiver_.moments(place.to_layer, place.tensor);
      if (same_heads(sender_, receiver_)) {
        move_moments(ours, theirs, rows, values.data());
      } else {
        move_moments(scalar(ours, to.channels()), scalar(theirs, to.channels()), rows, values.data());
      }
    }
    if (is_key) redo_rope(values.data(), positions, to.kv_heads, to.head_dim, receiver_.theta);
    return values;
  }

  Side sender_, receiver_;
};

Result<void> check_side(const char* name, const Side& side) {
  const std::string where = std::string(name) + "'s ";
  if (side.geometry.head_dim == 0 || side.geometry.head_dim % 2 != 0) {
    return Error{where + "head_dim is " + std::to_string(side.geometry.head_dim) +
                 ", expected an even number"};
  }
  if (!(side.theta >= 1) || !std::isfinite(side.theta)) {
    return Error{where + "rope_theta is " + std::to_string(side.theta) + ", expected a number from 1"};
  }
  if (side.known != nullptr && side.known->layers.size() != side.geometry.layers) {
    return Error{where + "moments have " + std::to_string(side.known->layers.size()) + " layers, expected " +
                 std::to_string(side.geometry.layers)};
  }
  return {};
}

Result<KvCache> match_sides(const KvCache& cache, const Side& sender, const Side& receiver) {
  if (auto valid = check_side("sender", sender); !valid) return valid.error().in("match");
  if (auto valid = check_side("receiver", receiver); !valid) return valid.error().in("match");
  if (cache.geometry() != sender.geometry) {
    return Error{"match: the cache's geometry is not the sender's, expected a cache of its model"};
  }
  auto matched = Matcher(sender, receiver).match(cache);
  if (!matched) return matched.error().in("match");
  return matched;
}

}  // namespace

Result<KvCache> match_moments(const KvCache& sender_cache, const ModelMoments& sender,
                              const ModelMoments& receiver) {
  return match_sides(sender_cache, {sender.geometry, sender.rope_theta, &sender},
                     {receiver.geometry, receiver.rope_theta, &receiver});
}

Result<KvCache> match_shape(const KvCache& sender_cache, double sender_theta, KvGeometry receiver,
                            double receiver_theta) {
  return match_sides(sender_cache, {sender_cache.geometry(), sender_theta, nullptr},
                     {receiver, receiver_theta, nullptr});
}

}  // namespace kvferry
