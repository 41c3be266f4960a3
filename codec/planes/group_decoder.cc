// SPDX-License-Identifier: MIT
#include "codec/planes/group_decoder.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "codec/half.h"
#include "codec/planes/plane_kernels.h"
#include "codec/quant/kernels.h"
#include "codec/transform/product.h"
#include "codec/transform/rope.h"

namespace kvferry {
namespace {

Error field(const std::string& name, std::uint64_t got, const std::string& expected) {
  return {name + " is " + std::to_string(got) + ", expected " + expected};
}

Error cut(const char* name) { return {std::string(name) + " cut off, expected more bytes"}; }

}  // namespace

GroupDecoder::GroupDecoder(const PlaneCalibration& calibration, const ChunkBlock& group)
    : calibration_(calibration), group_(group) {
  for (std::size_t i = 0; i < 2 * std::size_t{group.layer_count}; ++i) {
    const WeightedBasis& basis = calibration.bases[2 * group.layer_begin + i];
    tensors_.emplace_back(group.row_count, basis.rank());
  }
}

Result<void> GroupDecoder::read_start(ByteReader& in) {
  const auto headroom = in.take_le<std::uint8_t>();
  const auto most_delay = in.take_le<std::uint8_t>();
  if (!most_delay) return cut("header");
  if (*headroom >= kMaxPlanes) return field("headroom", *headroom, "below " + std::to_string(kMaxPlanes));
  if (*most_delay > kMaxDelay) return field("delay", *most_delay, "at most " + std::to_string(kMaxDelay));
  start_.headroom = *headroom;
  most_delay_ = *most_delay;
  return {};
}

Result<void> GroupDecoder::read_active(ByteReader& in) {
  for (PlaneTensor& tensor : tensors_) {
    const auto more = in.take_varint();
    if (!more) return cut("active components");
    const std::size_t room = tensor.rank - tensor.active;
    if (*more > room) return field("more active components", *more, "at most " + std::to_string(room));
    tensor.active += *more;
  }
  return {};
}

Result<void> GroupDecoder::read_delays(ContextDecoder& coder) {
  start_.delay.assign(group_.row_count, 0);
  if (most_delay_ == 0) return {};
  pass_contexts_.assign(group_.row_count, static_cast<std::uint8_t>(plane_context::kDelay));
  if (auto read = coder.decode_pass(pass_contexts_, start_.delay); !read) return read;
  const auto longer = static_cast<std::size_t>(std::count(start_.delay.begin(), start_.delay.end(), 2));
  pass_contexts_.assign(longer, static_cast<std::uint8_t>(plane_context::kLongDelay));
  symbols_.resize(longer);
  if (auto read = coder.decode_pass(pass_contexts_, symbols_); !read) return read;
  std::size_t at = 0;
  for (std::uint8_t& delay : start_.delay) {
    if (delay == 2) delay = static_cast<std::uint8_t>(delay + symbols_[at++]);
  }
  const unsigned most = *std::max_element(start_.delay.begin(), start_.delay.end());
  return most == most_delay_ ? Result<void>() : field("longest delay", most, std::to_string(most_delay_));
}

Result<void> GroupDecoder::read_pass(ContextDecoder& coder, std::span<const PassRow> rows) {
  std::size_t components = 0;
  for (const PlaneTensor& tensor : tensors_) components += tensor.active;
  pass_contexts_.resize(rows.size() * components);
  symbols_.resize(rows.size() * components);
  std::uint8_t* contexts = pass_contexts_.data();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const WeightedBasis& basis = calibration_.bases[2 * group_.layer_begin + i];
    contexts_.make(tensors_[i], rows, basis.spread, contexts);
    contexts += rows.size() * tensors_[i].active;
  }
  return coder.decode_pass(pass_contexts_, symbols_);
}

void GroupDecoder::apply(std::span<const PassRow> rows) {
  const std::uint8_t* symbols = symbols_.data();
  for (PlaneTensor& tensor : tensors_) {
    apply_symbols(rows, symbols, tensor);
    symbols += rows.size() * tensor.active;
  }
}

void GroupDecoder::forget_begun_rows() {
  for (std::size_t row = 0; row < start_.delay.size(); ++row) {
    if (start_.delay[row] != levels_) continue;
    for (PlaneTensor& tensor : tensors_) {
      std::fill_n(tensor.magnitude.begin() + static_cast<std::ptrdiff_t>(row * tensor.rank), tensor.rank, 0);
      std::fill_n(tensor.negative.begin() + static_cast<std::ptrdiff_t>(row * tensor.rank), tensor.rank, 0);
    }
  }
}

// The last pass, the only one that touches rows that were there before, is applied when all is known to be
// well.
Result<void> GroupDecoder::read_level(ByteView payload) {
  ByteReader in(payload);
  if (levels_ == 0) {
    if (auto read = read_start(in); !read) return read;
  }
  if (start_.headroom + levels_ >= kMaxPlanes) {
    return field("planes", start_.headroom + levels_ + 1, "at most " + std::to_string(kMaxPlanes));
  }
  if (auto read = read_active(in); !read) return read;
  auto coder = ContextDecoder::open(calibration_.tables, in.rest());
  if (!coder) return coder.error();
  if (levels_ == 0) {
    if (auto read = read_delays(*coder); !read) return read;
  }
  const auto passes = passes_of_level(start_, levels_);
  for (const std::vector<PassRow>& rows : passes) {
    if (auto read = read_pass(*coder, rows); !read) return read;
    if (&rows != &passes.back()) apply(rows);
  }
  if (auto closed = coder->close(); !closed) return closed;
  apply(passes.back());
  return {};
}

Result<void> GroupDecoder::add_level(ByteView payload) {
  std::vector<std::size_t> active;
  for (const PlaneTensor& tensor : tensors_) active.push_back(tensor.active);
  auto read = read_level(payload);
  if (read) {
    ++levels_;
    return read;
  }
  forget_begun_rows();
  for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].active = active[i];
  return read;
}

// numbers [rows][channels]
void GroupDecoder::reconstruct_tensor(std::size_t index, float* numbers) const {
  const PlaneTensor& tensor = tensors_[index];
  const WeightedBasis& basis = calibration_.bases[2 * group_.layer_begin + index];
  const std::size_t active = tensor.active;
  std::vector<float> coefficients(tensor.rows * active);
  for (std::size_t row = 0; row < tensor.rows; ++row) {
    const int plane = static_cast<int>(levels_) - 1 - start_.delay[row];
    const float scale = std::ldexp(1.0F, -plane);
    const std::uint32_t* magnitude = tensor.magnitude.data() + row * tensor.rank;
    const std::uint8_t* negative = tensor.negative.data() + row * tensor.rank;
    plane_kernels::values(magnitude, negative, basis.tolerance.data(), scale, active,
                          coefficients.data() + row * active);
  }
  const MatrixView vectors{basis.vectors.data(), active, basis.columns, basis.columns};
  add_product({coefficients.data(), tensor.rows, active, active}, vectors, basis.mean.data(), numbers);
}

void GroupDecoder::write(KvCache& cache, std::uint32_t first_row, double rope_theta) const {
  const std::size_t channels = cache.geometry().channels();
  const auto positions = cache.positions(group_.layer_begin).subspan(first_row, group_.row_count);
  const RopeTable rope(positions, cache.geometry().head_dim, rope_theta);
  std::vector<float> numbers(group_.row_count * channels);
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const std::size_t layer = group_.layer_begin + i / 2;
    const bool is_key = i % 2 == 0;
    reconstruct_tensor(i, numbers.data());
    if (is_key) rope.redo(numbers.data(), 0, group_.row_count, cache.geometry().kv_heads);
    const auto out = is_key ? cache.key_data(layer) : cache.value_data(layer);
    for (float& number : numbers) number = std::clamp(number, -kHalfMax, kHalfMax);
    kernels::to_halves(numbers.data(), numbers.size(), out.data() + first_row * channels);
  }
}

}  // namespace kvferry
