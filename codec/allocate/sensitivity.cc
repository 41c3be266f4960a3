// SPDX-License-Identifier: MIT
#include "codec/allocate/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "codec/quant/block.h"
#include "codec/quant/load.h"
#include "codec/quant/quantizer.h"

namespace kvferry {
namespace {

constexpr QuantSpec kFewestBits = {QuantKind::kAffine, Along::kTensor, 16, 0};
constexpr std::size_t kRowsAtOnce = 64;

struct Scratch {
  std::vector<float> values, again;
  std::vector<std::uint8_t> parameters, symbols;
};

// Sum of squares of what 4 bits do to the tensor.
Result<double> squared_error(const KvView& all, Scratch& scratch) {
  double sum = 0;
  for (std::size_t begin = 0; begin < all.rows; begin += kRowsAtOnce) {
    const KvView view = all.rows_at(begin, std::min(kRowsAtOnce, all.rows - begin));
    const BlockShape shape{view.rows, view.heads, view.head_dim};
    scratch.values.resize(shape.elements());
    scratch.again.resize(shape.elements());
    scratch.symbols.resize(shape.elements());
    scratch.parameters.resize(parameter_bytes(kFewestBits, shape));
    if (const std::size_t bad = load_rows(view, scratch.values.data()); bad != view.rows) {
      return bad_row(begin + bad);
    }
    quantize(kFewestBits, shape, scratch.values.data(), scratch.parameters.data(), scratch.symbols.data());
    auto read = dequantize(kFewestBits, shape, scratch.parameters.data(), scratch.symbols.data(),
                           scratch.again.data());
    if (!read) return read.error();
    for (std::size_t i = 0; i < shape.elements(); ++i) {
      const double error = static_cast<double>(scratch.values[i]) - static_cast<double>(scratch.again[i]);
      sum += error * error;
    }
  }
  return sum;
}

}  // namespace

Result<std::vector<float>> layer_sensitivity(const KvCache& cache) {
  std::vector<float> sensitivity;
  Scratch scratch;
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
    const auto key = squared_error(cache.key(layer), scratch);
    if (!key) return key.error().in("layer " + std::to_string(layer) + " K");
    const auto value = squared_error(cache.value(layer), scratch);
    if (!value) return value.error().in("layer " + std::to_string(layer) + " V");
    sensitivity.push_back(static_cast<float>(std::sqrt(*key + *value)));
  }
  return sensitivity;
}

}  // namespace kvferry
