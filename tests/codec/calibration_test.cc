// SPDX-License-Identifier: MIT
#include "codec/calibration/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "codec/transform/covariance.h"
#include "codec/transform/rope.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr KvGeometry kGeometry{2, 2, 8};
constexpr double kTheta = 1e4;

std::vector<KvCache> caches() {
  std::vector<KvCache> made;
  made.push_back(testing::gaussian_cache(kGeometry, 70, 1));
  made.push_back(testing::gaussian_cache(kGeometry, 45, 2));
  return made;
}

Calibration small_calibration() {
  return std::move(*calibrate(caches(), kTheta, sha256(as_bytes("weights")), 6));
}

std::vector<float> numbers(std::span<const std::uint16_t> halves) {
  std::vector<float> values;
  for (const std::uint16_t half : halves) values.push_back(half_to_float(half));
  return values;
}

TEST(Calibration, describes_keys_before_rope_and_values) {
  const auto all = caches();
  const Calibration calibration = small_calibration();
  ASSERT_EQ(calibration.layers.size(), 2U);
  EXPECT_EQ(calibration.geometry, kGeometry);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const LayerCalibration& measured = calibration.layers[layer];
    std::vector<double> sum(16), squares(16);
    for (const KvCache& cache : all) {
      auto key = numbers(cache.key_data(layer));
      undo_rope(key.data(), cache.positions(layer), 2, 8, kTheta);
      for (std::size_t i = 0; i < key.size(); ++i) {
        sum[i % 16] += static_cast<double>(key[i]) / 115;
        squares[i % 16] += static_cast<double>(key[i]) * static_cast<double>(key[i]) / 115;
      }
    }
    for (std::size_t i = 0; i < 16; ++i) {
      EXPECT_NEAR(measured.key_moments.mean[i], sum[i], 1e-5);
      EXPECT_NEAR(measured.key_moments.deviation[i], std::sqrt(squares[i] - sum[i] * sum[i]), 1e-5);
      EXPECT_EQ(measured.key_basis.mean[i], measured.key_moments.mean[i]);
      EXPECT_NEAR(measured.value_moments.deviation[i], 1, 0.3);
    }
    EXPECT_EQ(measured.key_basis.rank(), 6U);
    EXPECT_EQ(measured.value_basis.vectors.size(), 6U * 16);
  }
}

// Of uniform numbers in [-1, 1] with 15 steps: step² / 12 over a mean square of 1 / 3, for K and for V.
TEST(Calibration, sensitivity_of_uniform_numbers_is_the_known_error_of_four_bits) {
  std::vector<KvCache> uniform;
  uniform.push_back(std::move(*KvCache::create_full({1, 2, 32}, 500)));
  Rng rng(3);
  for (auto& half : uniform[0].key_data(0)) half = float_to_half(static_cast<float>(2 * rng.uniform() - 1));
  for (auto& half : uniform[0].value_data(0)) half = float_to_half(static_cast<float>(2 * rng.uniform() - 1));
  const auto calibration = calibrate(uniform, kTheta, {}, 1);
  const double step = 2.0 / 15;
  EXPECT_NEAR(calibration->layers[0].sensitivity / (2 * step * step / 12 * 3), 1.0, 0.03);
}

TEST(Calibration, an_outlier_makes_a_layer_sensitive) {
  auto all = caches();
  all[0].value_data(1)[5] = float_to_half(300);
  const auto calibration = calibrate(all, kTheta, {}, 4);
  EXPECT_GT(calibration->layers[1].sensitivity, 0.1F);
  EXPECT_LT(calibration->layers[0].sensitivity, 0.1F);
}

TEST(Calibration, a_constant_cache_has_no_variance_and_no_error) {
  std::vector<KvCache> constant;
  constant.push_back(std::move(*KvCache::create_full(kGeometry, 1)));
  const auto calibration = calibrate(constant, kTheta, {}, 4);
  ASSERT_TRUE(calibration.ok());
  EXPECT_EQ(calibration->layers[0].sensitivity, 0);
  EXPECT_EQ(Calibration::parse(calibration->serialize()).value(), *calibration);
}

TEST(Calibration, what_cannot_be_measured_is_named) {
  const auto error = [](const std::vector<KvCache>& all, double theta, std::size_t rank) {
    return calibrate(all, theta, {}, rank).error().message;
  };
  auto all = caches();
  EXPECT_EQ(error({}, kTheta, 4), "calibrate: no caches, expected at least one");
  EXPECT_EQ(error(all, 0, 4), "calibrate: rope_theta is 0.000000, expected a number from 1");
  EXPECT_EQ(error(all, kTheta, 0), "calibrate: rank is 0, expected at least 1");
  EXPECT_EQ(error({testing::gaussian_cache({1, 1, 5}, 3)}, kTheta, 4),
            "calibrate: head_dim is 5, expected an even number");
  all.push_back(testing::gaussian_cache({2, 2, 16}, 9));
  EXPECT_EQ(error(all, kTheta, 4), "calibrate: cache 2 has another geometry than cache 0");
  all.pop_back();
  all[1].key_data(1)[3 * 16] = 0x7e00;
  EXPECT_EQ(error(all, kTheta, 4), "calibrate: cache 1: layer 1 K row 3 is not finite, expected numbers");
}

// Every row lies in a plane: two components hold all, and the rest is the rounding of the values.
TEST(Calibration, components_that_hold_nothing_but_rounding_are_left_out) {
  std::vector<KvCache> flat;
  flat.push_back(std::move(*KvCache::create_full({1, 2, 16}, 300)));
  Rng rng(5);
  for (std::size_t row = 0; row < 300; ++row) {
    const float a = 3 * testing::gaussian(rng);
    const float b = testing::gaussian(rng);
    for (std::size_t i = 0; i < 32; ++i) {
      const float value = a * static_cast<float>(i % 3) + b * static_cast<float>(i % 4);
      flat[0].value_data(0)[row * 32 + i] = float_to_half(value);
      flat[0].key_data(0)[row * 32 + i] = float_to_half(testing::gaussian(rng));
    }
  }
  const auto calibration = calibrate(flat, kTheta, {}, 100);
  EXPECT_EQ(calibration->layers[0].value_basis.rank(), 2U);
  EXPECT_EQ(calibration->layers[0].key_basis.rank(), 32U);
}

// Rounding the vectors to FP16 adds less than a thousandth of what 8 bits a component lose.
TEST(Calibration, vectors_in_fp16_lose_next_to_nothing) {
  const auto cache = testing::gaussian_cache({1, 2, 32}, 400, 4);
  auto values = numbers(cache.key_data(0));
  Covariance covariance(64);
  covariance.add(values.data(), 400);
  LinearBasis basis = covariance.basis(64, true);
  round_vectors_to_half(basis);
  std::vector<float> coefficients(values.size()), back(values.size());
  project(basis, 64, values.data(), 400, coefficients.data());
  reconstruct(basis, 64, coefficients.data(), 400, back.data());
  double error = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    error += std::pow(static_cast<double>(values[i] - back[i]), 2);
  error /= static_cast<double>(values.size());
  RecordProperty("mean_squared_error_1e9", static_cast<int>(error * 1e9));
  EXPECT_LT(error, 1e-6);  // of numbers of variance 1; 8 bits of Lloyd-Max lose 4e-5
}

}  // namespace
}  // namespace kvferry
