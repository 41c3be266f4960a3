// SPDX-License-Identifier: MIT
#include "codec/planes/group_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "codec/planes/plane_kernels.h"
#include "codec/quant/load.h"
#include "codec/transform/product.h"
#include "protocol/base/varint.h"

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};

// The largest magnitude: FP32 that fits kMaxPlanes bits.
constexpr float kMostMagnitude = static_cast<float>(1U << kMaxPlanes) - 128.0F;

}  // namespace

GroupEncoder::GroupEncoder(const PlaneCalibration& calibration, const PlaneDuals& duals, double rope_theta)
    : calibration_(calibration), duals_(duals), theta_(rope_theta), coder_(calibration.tables) {}

Result<void> GroupEncoder::load_tensor(const KvCache& cache, const ChunkBlock& group, std::uint32_t layer,
                                       KvTensor which, const RopeTable& rope) {
  const KvGeometry& geometry = cache.geometry();
  const std::size_t columns = geometry.channels();
  const std::size_t rows = group.row_count;
  const KvView all = which == KvTensor::kKey ? cache.key(layer) : cache.value(layer);
  numbers_.resize(rows * columns);
  const std::size_t bad = load_rows(all.rows_at(group.row_begin, rows), numbers_.data());
  if (bad != rows) {
    return Error{"layer " + std::to_string(layer) + ' ' + to_string(which) + " row " +
                 std::to_string(group.row_begin + bad) + " is not finite, expected numbers"};
  }
  if (which == KvTensor::kKey) rope.undo(numbers_.data(), 0, rows, geometry.kv_heads);

  const WeightedBasis& basis = calibration_.basis(layer, which);
  const std::vector<float>& dual = duals_.vectors[layer * 2 + static_cast<std::size_t>(which)];
  const std::size_t rank = basis.rank();
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < columns; ++c) numbers_[row * columns + c] -= basis.mean[c];
  }
  coefficients_.resize(rows * rank);
  add_product({numbers_.data(), rows, columns, columns}, {dual.data(), columns, rank, 1, columns}, nullptr,
              coefficients_.data());

  Tensor& tensor = tensors_.emplace_back();
  tensor.basis = &basis;
  tensor.state = PlaneTensor(rows, rank);
  tensor.finest.resize(rows * rank);
  plane_kernels::quantize(coefficients_.data(), rows * rank, static_cast<float>(1U << (levels_ - 1)),
                          kMostMagnitude, tensor.finest.data(), tensor.state.negative.data());
  return {};
}

Result<void> GroupEncoder::load(const KvCache& cache, const ChunkBlock& group,
                                std::span<const std::uint8_t> delay, unsigned levels) {
  levels_ = levels;
  tensors_.clear();
  start_.delay.assign(delay.begin(), delay.end());
  const auto positions = cache.positions(group.layer_begin).subspan(group.row_begin, group.row_count);
  const RopeTable rope(positions, cache.geometry().head_dim, theta_);
  for (std::uint32_t layer = group.layer_begin; layer < group.layer_begin + group.layer_count; ++layer) {
    for (const KvTensor which : kBoth) {
      if (auto loaded = load_tensor(cache, group, layer, which, rope); !loaded) return loaded;
    }
  }
  std::uint32_t largest = 0;
  for (const Tensor& tensor : tensors_) {
    for (const std::uint32_t magnitude : tensor.finest) largest = std::max(largest, magnitude);
  }
  const auto planes = static_cast<unsigned>(std::bit_width(largest));
  start_.headroom = planes > levels_ ? planes - levels_ : 0;
  return {};
}

void GroupEncoder::make_header(unsigned level, Bytes& out) {
  if (level == 0) {
    out.push_back(static_cast<std::uint8_t>(start_.headroom));
    out.push_back(*std::max_element(start_.delay.begin(), start_.delay.end()));
  }
  for (Tensor& tensor : tensors_) {
    const std::size_t rank = tensor.state.rank;
    std::size_t active = tensor.state.active;
    for (std::size_t row = 0; row < tensor.state.rows; ++row) {
      if (start_.delay[row] > level) continue;
      const unsigned shift = levels_ - 1 - (level - start_.delay[row]);
      const std::uint32_t* finest = tensor.finest.data() + row * rank;
      std::size_t last = rank;
      while (last > active && finest[last - 1] >> shift == 0) --last;
      active = std::max(active, last);
    }
    put_varint(out, active - tensor.state.active);
    tensor.state.active = active;
  }
}

void GroupEncoder::add_delays() {
  const std::uint8_t most = *std::max_element(start_.delay.begin(), start_.delay.end());
  if (most == 0) return;
  const auto all = coder_.add_pass(start_.delay.size());
  std::fill(all.contexts.begin(), all.contexts.end(), static_cast<std::uint8_t>(plane_context::kDelay));
  std::vector<std::uint8_t> longer;
  for (std::size_t row = 0; row < start_.delay.size(); ++row) {
    all.symbols[row] = std::min<std::uint8_t>(start_.delay[row], 2);
    if (start_.delay[row] >= 2) longer.push_back(static_cast<std::uint8_t>(start_.delay[row] - 2));
  }
  const auto rest = coder_.add_pass(longer.size());
  std::fill(rest.contexts.begin(), rest.contexts.end(), static_cast<std::uint8_t>(plane_context::kLongDelay));
  std::copy(longer.begin(), longer.end(), rest.symbols.begin());
}

void GroupEncoder::add_tensor(Tensor& tensor, std::span<const PassRow> rows, std::uint8_t* contexts,
                              std::uint8_t* symbols) {
  PlaneTensor& state = tensor.state;
  contexts_.make(state, rows, tensor.basis->spread, contexts);
  for (const PassRow& row : rows) {
    const auto shift = static_cast<unsigned>(static_cast<std::int32_t>(levels_ - 1) - row.plane);
    const std::uint32_t* finest = tensor.finest.data() + row.row * state.rank;
    const std::uint8_t* negative = state.negative.data() + row.row * state.rank;
    std::uint32_t* known = state.magnitude.data() + row.row * state.rank;
    plane_kernels::take_bits(finest, shift, negative, state.active, known, symbols);
    symbols += state.active;
  }
}

void GroupEncoder::add_passes(unsigned level) {
  for (const std::vector<PassRow>& rows : passes_of_level(start_, level)) {
    std::size_t components = 0;
    for (const Tensor& tensor : tensors_) components += tensor.state.active;
    const auto pass = coder_.add_pass(rows.size() * components);
    std::size_t at = 0;
    for (Tensor& tensor : tensors_) {
      add_tensor(tensor, rows, pass.contexts.data() + at, pass.symbols.data() + at);
      at += rows.size() * tensor.state.active;
    }
  }
}

double GroupEncoder::measure_gain(unsigned level) const {
  double gain = 0;
  for (std::size_t row = 0; row < start_.delay.size(); ++row) {
    if (start_.delay[row] > level) continue;
    const bool begins = start_.delay[row] == level;
    const unsigned shift = levels_ - 1 - (level - start_.delay[row]);
    double of_row = 0;
    for (const Tensor& tensor : tensors_) {
      const std::uint32_t* finest = tensor.finest.data() + row * tensor.state.rank;
      const std::size_t n = tensor.state.active;
      of_row += static_cast<double>(plane_kernels::squared_error(finest, begins ? 31 : shift + 1, n)) -
                static_cast<double>(plane_kernels::squared_error(finest, shift, n));
    }
    gain += std::ldexp(of_row, -2 * start_.delay[row]);
  }
  return std::ldexp(gain, -2 * static_cast<int>(levels_ - 1));
}

EncodedLevel GroupEncoder::encode(unsigned level) {
  EncodedLevel encoded;
  make_header(level, encoded.payload);
  if (level == 0) add_delays();
  add_passes(level);
  coder_.finish(encoded.payload);
  encoded.gain = measure_gain(level);
  return encoded;
}

void GroupEncoder::count(unsigned level, ContextCounts& counts) {
  Bytes header;
  make_header(level, header);
  if (level == 0) add_delays();
  add_passes(level);
  coder_.count(counts);
}

}  // namespace kvferry
