// SPDX-License-Identifier: MIT
#include "codec/cuda/block_cuda.h"
#include "codec/cuda/launch.cuh"
#include "codec/cuda/rotate.cuh"
#include "codec/quant/bitpack.h"

namespace kvferry::cuda {
namespace {

__global__ void decode_fp16(const std::uint8_t* in, std::size_t n, std::uint16_t* out, Faults* faults) {
  const std::size_t i = thread_index();
  if (i >= n) return;
  out[i] = plane_value(in, n, i);
  if (!half_is_finite(out[i])) atomicMin(&faults->value, i);
}

// The first `scales` parameters may not be negative; the others are only finite.
__global__ void check_parameters(const std::uint8_t* in, std::size_t n, std::size_t scales, Faults* faults) {
  const std::size_t i = thread_index();
  if (i >= n) return;
  const std::uint16_t value = plane_value(in, n, i);
  if (i < scales && value >= 0x7c00) atomicMin(&faults->scale, i);
  if (i >= scales && !half_is_finite(value)) atomicMin(&faults->zero, i - scales);
}

__global__ void decode_uniform(QuantSpec spec, BlockShape shape, const std::uint8_t* in, std::uint16_t* out,
                               Faults* faults) {
  const std::size_t i = thread_index();
  if (i >= shape.elements()) return;
  const std::size_t n = parameter_count(spec, shape);
  const std::uint8_t symbol = packed_symbol(in + 2 * n, i, spec.bits());
  if (symbol >= spec.symbols) atomicMin(&faults->symbol, i * 256 + symbol);
  const std::size_t g = scale_index(spec, shape, i / shape.columns(), i % shape.columns());
  const float scale = half_to_float(plane_value(in, n, g));
  const float step = is_sign(spec) ? scale * 2 : scale;
  const float zero = spec.kind == QuantKind::kAffine ? half_to_float(plane_value(in, n, n / 2 + g)) : 0.0F;
  out[i] = float_to_half(from_symbol(uniform_rule(spec).offset, symbol, zero, step));
}

Result<void> decode_rotated(const QuantSpec& spec, const BlockShape& shape, const std::uint8_t* in,
                            std::uint16_t* out) {
  if (auto fits = check_rotated(shape); !fits) return fits;
  const auto signs = upload_signs(shape.head_dim);
  if (!signs) return signs.error();
  const std::size_t norms = parameter_count(spec, shape);
  rotate_back<<<static_cast<unsigned>(norms), kRotateThreads, rotate_shared_bytes(shape)>>>(
      lloyd_max(spec.bits()), reinterpret_cast<const std::uint32_t*>(signs->data()), in, shape,
      in + 2 * norms, out);
  return checked(cudaDeviceSynchronize(), "rotate");
}

// Bits of the last byte that no code uses.
Result<void> check_unused_bits(const QuantSpec& spec, const BlockShape& shape, const std::uint8_t* in) {
  const std::size_t used = shape.elements() * spec.bits() % 8;
  if (used == 0) return {};
  std::uint8_t last = 0;
  const std::uint8_t* at = in + 2 * parameter_count(spec, shape) + shape.elements() * spec.bits() / 8;
  if (auto got = checked(cudaMemcpy(&last, at, 1, cudaMemcpyDeviceToHost), "copy from the GPU"); !got)
    return got;
  if (last >> used == 0) return {};
  return Error{"unused bits after the codes are set, expected zero"};
}

Error not_from_zero(const char* name, unsigned long long place) {
  return {std::string(name) + " " + std::to_string(place) +
          " is negative or not finite, expected a number from 0"};
}

Error not_finite(const char* name, unsigned long long place) {
  return {std::string(name) + " " + std::to_string(place) + " is not finite, expected a number"};
}

Result<void> check_faults(const QuantSpec& spec, const Faults& found) {
  const bool rotated = spec.kind == QuantKind::kRotated;
  if (found.value != Faults::kNone) return not_finite("value", found.value);
  if (found.scale != Faults::kNone) return not_from_zero(rotated ? "norm" : "scale", found.scale);
  if (found.zero != Faults::kNone) return not_finite("zero", found.zero);
  return {};
}

}  // namespace

Result<void> decode_block(const QuantSpec& spec, const BlockShape& shape, const std::uint8_t* in,
                          std::uint16_t* out) {
  const std::size_t elements = shape.elements();
  if (elements == 0) return {};
  auto faults = FaultReport::create();
  if (!faults) return faults.error();
  const std::size_t n = parameter_count(spec, shape);
  if (spec.kind == QuantKind::kFp16) {
    decode_fp16<<<blocks_for(elements), kThreads>>>(in, elements, out, faults->device());
  } else {
    const std::size_t scales = spec.kind == QuantKind::kAffine ? n / 2 : n;
    check_parameters<<<blocks_for(n), kThreads>>>(in, n, scales, faults->device());
    if (spec.kind == QuantKind::kRotated) {
      if (auto done = decode_rotated(spec, shape, in, out); !done) return done;
    } else {
      decode_uniform<<<blocks_for(elements), kThreads>>>(spec, shape, in, out, faults->device());
    }
  }
  const auto found = faults->report();
  if (!found) return found.error();
  if (auto valid = check_faults(spec, *found); !valid) return valid;
  if (spec.kind == QuantKind::kFp16) return {};
  if (auto clean = check_unused_bits(spec, shape, in); !clean) return clean;
  if (found->symbol == Faults::kNone) return {};
  return Error{"symbol " + std::to_string(found->symbol / 256) + " is " +
               std::to_string(found->symbol % 256) + ", expected below " + std::to_string(spec.symbols)};
}

}  // namespace kvferry::cuda
