// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "codec/calibration/calibration.h"
#include "codec/planes/encode_planes.h"
#include "codec/quant/load.h"
#include "codec/transform/covariance.h"
#include "codec/transform/rope.h"

namespace kvferry {
namespace {

// Of the variance: what the cache's own rounding to FP16 loses.
constexpr double kNegligibleShare = 0x1p-23;

// Of the log odds of an answer: the error of a coefficient that plane 0 leaves. Below it cards are useless.
constexpr double kFirstStep = 0.6;

// What the rows of one tensor in one layer add up to, over all caches.
struct TensorSums {
  explicit TensorSums(std::size_t channels) : covariance(channels) {}

  Covariance covariance;
  double energy = 0;           // sum of squares
  double error_at_4_bits = 0;  // sum of squared errors

  [[nodiscard]] double relative_error() const { return energy > 0 ? error_at_4_bits / energy : 0; }
};

// Q-KVComm's quantizer: one scale, (max - min) / (2^b - 1), for the whole tensor. b = 4.
void add_error_at_4_bits(const std::vector<float>& values, TensorSums& sums) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double zero = static_cast<double>(*low);
  const double scale = (static_cast<double>(*high) - zero) / 15;
  for (const float each : values) {
    const auto value = static_cast<double>(each);
    const double code = scale > 0 ? std::nearbyint((value - zero) / scale) : 0;
    const double error = value - (zero + code * scale);
    sums.energy += value * value;
    sums.error_at_4_bits += error * error;
  }
}

Moments moments_of(const Covariance& covariance, std::size_t channels) {
  Moments moments;
  for (std::size_t i = 0; i < channels; ++i) {
    moments.mean.push_back(static_cast<float>(covariance.mean(i)));
    moments.deviation.push_back(static_cast<float>(std::sqrt(covariance.variance(i))));
  }
  return moments;
}

// As many leading components as hold all of the variance but kNegligibleShare, at least one.
std::size_t useful_rank(const std::vector<float>& variance, double total) {
  std::size_t rank = 1;
  double held = variance.empty() ? 0 : static_cast<double>(variance.front());
  while (rank < variance.size() && held < (1 - kNegligibleShare) * total) {
    held += static_cast<double>(variance[rank++]);
  }
  return rank;
}

LinearBasis stored_basis(const Covariance& covariance, std::size_t channels, std::size_t max_rank) {
  double total = 0;
  for (std::size_t i = 0; i < channels; ++i) total += covariance.variance(i);
  LinearBasis basis = covariance.basis(max_rank, true);
  const std::size_t rank = useful_rank(basis.variance, total);
  basis.variance.resize(rank);
  basis.vectors.resize(rank * channels);
  round_vectors_to_half(basis);
  return basis;
}

Result<void> add_cache(const KvCache& cache, std::size_t layer, double theta, TensorSums& keys,
                       TensorSums& values) {
  const std::size_t rows = cache.rows(layer);
  std::vector<float> numbers(rows * cache.geometry().channels());
  for (const KvTensor tensor : {KvTensor::kKey, KvTensor::kValue}) {
    const bool is_key = tensor == KvTensor::kKey;
    const std::size_t bad = load_rows(is_key ? cache.key(layer) : cache.value(layer), numbers.data());
    if (bad != rows) {
      return Error{"layer " + std::to_string(layer) + " " + to_string(tensor) + " row " +
                   std::to_string(bad) + " is not finite, expected numbers"};
    }
    TensorSums& sums = is_key ? keys : values;
    if (rows != 0) add_error_at_4_bits(numbers, sums);
    if (is_key) {
      undo_rope(numbers.data(), cache.positions(layer), cache.geometry().kv_heads, cache.geometry().head_dim,
                theta);
    }
    sums.covariance.add(numbers.data(), rows);
  }
  return {};
}

Result<LayerCalibration> calibrate_layer(std::span<const KvCache> caches, std::size_t layer, double theta,
                                         std::size_t max_rank) {
  const std::size_t channels = caches.front().geometry().channels();
  TensorSums keys(channels);
  TensorSums values(channels);
  for (std::size_t i = 0; i < caches.size(); ++i) {
    if (auto added = add_cache(caches[i], layer, theta, keys, values); !added) {
      return added.error().in("cache " + std::to_string(i));
    }
  }
  LayerCalibration out;
  out.key_basis = stored_basis(keys.covariance, channels, max_rank);
  out.value_basis = stored_basis(values.covariance, channels, max_rank);
  out.key_moments = moments_of(keys.covariance, channels);
  out.value_moments = moments_of(values.covariance, channels);
  out.sensitivity = static_cast<float>(keys.relative_error() + values.relative_error());
  return out;
}

Result<void> check(std::span<const KvCache> caches, double rope_theta, std::size_t max_rank) {
  if (caches.empty()) return Error{"no caches, expected at least one"};
  const KvGeometry& geometry = caches.front().geometry();
  for (std::size_t i = 0; i < caches.size(); ++i) {
    const std::string where = "cache " + std::to_string(i);
    if (caches[i].geometry() != geometry) return Error{where + " has another geometry than cache 0"};
    if (caches[i].token_count() == 0) return Error{where + " is empty, expected at least one token"};
  }
  if (geometry.head_dim % 2 != 0) {
    return Error{"head_dim is " + std::to_string(geometry.head_dim) + ", expected an even number"};
  }
  if (!(rope_theta >= 1) || !std::isfinite(rope_theta)) {
    return Error{"rope_theta is " + std::to_string(rope_theta) + ", expected a number from 1"};
  }
  if (max_rank == 0) return Error{"rank is 0, expected at least 1"};
  return {};
}

}  // namespace

Result<Calibration> calibrate(std::span<const KvCache> caches, double rope_theta, const Digest& weights,
                              std::size_t max_rank) {
  if (auto valid = check(caches, rope_theta, max_rank); !valid) return valid.error().in("calibrate");
  Calibration calibration;
  calibration.geometry = caches.front().geometry();
  calibration.rope_theta = rope_theta;
  calibration.weights = weights;
  for (std::size_t layer = 0; layer < calibration.geometry.layers; ++layer) {
    auto measured = calibrate_layer(caches, layer, rope_theta, max_rank);
    if (!measured) return measured.error().in("calibrate");
    calibration.layers.push_back(std::move(*measured));
  }
  return calibration;
}

Result<void> calibrate_planes(Calibration& calibration, const AnswerMetric& metric,
                              std::span<const KvCache> caches,
                              std::span<const std::vector<std::uint8_t>> delays) {
  PlaneCalibration planes;
  for (std::size_t i = 0; i < metric.matrices.size(); ++i) {
    const LayerCalibration& layer = calibration.layers[i / 2];
    const LinearBasis& components = i % 2 == 0 ? layer.key_basis : layer.value_basis;
    planes.bases.push_back(make_weighted_basis(components, metric.matrices[i], kFirstStep));
  }
  auto tables = count_planes(caches, planes, calibration.rope_theta, delays);
  if (!tables) return tables.error().in("calibrate");
  planes.tables = *tables;
  calibration.planes = std::move(planes);
  return {};
}

}  // namespace kvferry
