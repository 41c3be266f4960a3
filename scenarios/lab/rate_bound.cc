// SPDX-License-Identifier: MIT
#include "scenarios/lab/rate_bound.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/planes/encode_planes.h"
#include "codec/quant/load.h"
#include "codec/transform/product.h"
#include "codec/transform/rope.h"

namespace kvferry {
namespace {

// Coefficients of one component of one tensor, in tolerances, over all caches.
using Samples = std::vector<float>;

// Of every component, tensor by tensor.
std::vector<Samples> coefficients_of(std::span<const KvCache> caches, const LoadedCalibration& calibration) {
  const PlaneCalibration& planes = *calibration.calibration.planes;
  std::vector<Samples> components;
  for (std::size_t i = 0; i < planes.bases.size(); ++i) {
    const WeightedBasis& basis = planes.bases[i];
    const std::size_t rank = basis.rank();
    const std::size_t columns = basis.columns;
    const std::vector<float>& dual = calibration.duals().vectors[i];
    std::vector<Samples> own(rank);
    for (const KvCache& cache : caches) {
      const std::size_t layer = i / 2;
      const std::size_t rows = cache.rows(layer);
      std::vector<float> numbers(rows * columns);
      std::vector<float> coefficients(rows * rank);
      (void)load_rows(i % 2 == 0 ? cache.key(layer) : cache.value(layer), numbers.data());
      if (i % 2 == 0) {
        undo_rope(numbers.data(), cache.positions(layer), cache.geometry().kv_heads,
                  cache.geometry().head_dim, calibration.calibration.rope_theta);
      }
      for (std::size_t j = 0; j < numbers.size(); ++j) numbers[j] -= basis.mean[j % columns];
      add_product({numbers.data(), rows, columns, columns}, {dual.data(), columns, rank, 1, columns}, nullptr,
                  coefficients.data());
      for (std::size_t j = 0; j < coefficients.size(); ++j) own[j % rank].push_back(coefficients[j]);
    }
    components.insert(components.end(), own.begin(), own.end());
  }
  return components;
}

double variance_of(const Samples& samples) {
  double sum = 0, squares = 0;
  for (const float sample : samples) {
    sum += static_cast<double>(sample);
    squares += static_cast<double>(sample) * static_cast<double>(sample);
  }
  const auto n = static_cast<double>(samples.size());
  return std::max(squares / n - (sum / n) * (sum / n), 0.0);
}

// What readers make of the coefficients at a plane, against what they are.
double distortion_at(const std::vector<Samples>& components, unsigned plane) {
  const double scale = std::ldexp(1.0, static_cast<int>(plane));
  double sum = 0, count = 0;
  for (const Samples& samples : components) {
    for (const float sample : samples) {
      const double size = std::abs(static_cast<double>(sample)) * scale;
      const double known = std::floor(size);
      const double error = known == 0 ? size : size - known - 0.5;
      sum += error * error;
    }
    count += static_cast<double>(samples.size());
  }
  return sum / count / (scale * scale);
}

// Payload bytes of each level.
Result<std::vector<double>> bytes_of_levels(std::span<const KvCache> caches,
                                            const LoadedCalibration& calibration, unsigned levels) {
  std::vector<double> bytes(levels);
  for (const KvCache& cache : caches) {
    const PlaneOptions options{levels, calibration.calibration.rope_theta, {}};
    const auto chunks = encode_planes(cache, *calibration.calibration.planes, calibration.duals(), options);
    if (!chunks) return chunks.error();
    for (const PlaneChunk& chunk : *chunks)
      bytes[chunk.info.level] += static_cast<double>(chunk.payload.size());
  }
  return bytes;
}

}  // namespace

double gaussian_rate(std::span<const double> variances, double distortion) {
  const auto n = static_cast<double>(variances.size());
  const auto error_at = [&](double water) {
    double sum = 0;
    for (const double variance : variances) sum += std::min(water, variance);
    return sum / n;
  };
  double low = 0, high = *std::max_element(variances.begin(), variances.end());
  if (error_at(high) <= distortion) return 0;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (error_at(middle) < distortion ? low : high) = middle;
  }
  double bits = 0;
  for (const double variance : variances) {
    if (variance > high) bits += 0.5 * std::log2(variance / high);
  }
  return bits / n;
}

Result<std::vector<RatePoint>> measure_rate(std::span<const KvCache> caches,
                                            const LoadedCalibration& calibration, unsigned levels) {
  const auto components = coefficients_of(caches, calibration);
  std::vector<double> variances;
  double count = 0;
  for (const Samples& samples : components) {
    variances.push_back(variance_of(samples));
    count += static_cast<double>(samples.size());
  }
  const auto bytes = bytes_of_levels(caches, calibration, levels);
  if (!bytes) return bytes.error();
  std::vector<RatePoint> points;
  double so_far = 0;
  for (unsigned level = 0; level < levels; ++level) {
    so_far += (*bytes)[level];
    RatePoint& point = points.emplace_back();
    point.level = level;
    point.bits = 8 * so_far / count;
    point.distortion = distortion_at(components, level);
    point.bound = gaussian_rate(variances, point.distortion);
  }
  return points;
}

}  // namespace kvferry
