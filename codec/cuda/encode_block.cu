// SPDX-License-Identifier: MIT
#include "codec/cuda/block_cuda.h"
#include "codec/cuda/launch.cuh"
#include "codec/cuda/rotate.cuh"
#include "codec/quant/bitpack.h"
#include "codec/quant/block.h"

namespace kvferry::cuda {
namespace {

__global__ void encode_fp16(Numbers numbers, Planes out, Faults* faults) {
  const std::size_t i = thread_index();
  if (i >= numbers.shape.elements()) return;
  const std::size_t row = i / numbers.shape.columns();
  const float x = numbers.at(row, i % numbers.shape.columns());
  if (!fits_half(x)) atomicMin(&faults->row, row);
  out.set(i, float_to_half(x));
}

// Number i of a group.
__device__ float number_of(const QuantSpec& spec, const Numbers& numbers, const GroupCells& cells,
                           std::size_t i, Faults* faults) {
  std::size_t row = cells.row;
  std::size_t column = cells.column;
  if (spec.along == Along::kChannel) {
    row += i;
  } else {
    row += (column + i) / numbers.shape.columns();
    column = (column + i) % numbers.shape.columns();
  }
  const float x = numbers.at(row, column);
  if (!fits_half(x)) atomicMin(&faults->row, row);
  return x;
}

// kTeam threads find the range of a group; least and greatest do not depend on the order.
template <unsigned kTeam>
__global__ void make_scales(QuantSpec spec, Numbers numbers, std::size_t groups, Planes out, Faults* faults) {
  __shared__ float lo[kThreads];
  __shared__ float hi[kThreads];
  const std::size_t g = thread_index() / kTeam;
  const unsigned member = threadIdx.x % kTeam;
  const bool active = g < groups;
  const GroupCells cells = active ? cells_of(spec, numbers.shape, g) : GroupCells{};
  float least = INFINITY;
  float most = -INFINITY;
  for (std::size_t i = member; i < cells.count; i += kTeam) {
    const float x = number_of(spec, numbers, cells, i, faults);
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  lo[threadIdx.x] = least;
  hi[threadIdx.x] = most;
  for (unsigned half = kTeam / 2; half > 0; half /= 2) {
    __syncthreads();
    if (member >= half) continue;
    const unsigned other = threadIdx.x + half;
    lo[threadIdx.x] = lo[other] < lo[threadIdx.x] ? lo[other] : lo[threadIdx.x];
    hi[threadIdx.x] = hi[other] > hi[threadIdx.x] ? hi[other] : hi[threadIdx.x];
  }
  if (!active || member != 0) return;
  const GroupScale scale = make_scale(uniform_rule(spec), lo[threadIdx.x], hi[threadIdx.x]);
  out.set(g, scale.scale_bits);
  if (spec.kind == QuantKind::kAffine) out.set(groups + g, scale.zero_bits);
}

// Sums are taken in order, so one thread takes them.
__global__ void make_sign_scales(QuantSpec spec, Numbers numbers, Planes out, Faults* faults) {
  const std::size_t g = thread_index();
  if (g >= out.n) return;
  const GroupCells cells = cells_of(spec, numbers.shape, g);
  double sum = 0;
  for (std::size_t i = 0; i < cells.count; ++i) {
    sum += static_cast<double>(fabsf(number_of(spec, numbers, cells, i, faults)));
  }
  out.set(g, sign_scale(sum, cells.count));
}

__device__ std::uint8_t symbol_of(const QuantSpec& spec, const Numbers& numbers, const Planes& parameters,
                                  std::size_t i) {
  const std::size_t row = i / numbers.shape.columns();
  const std::size_t column = i % numbers.shape.columns();
  const float x = numbers.at(row, column);
  if (is_sign(spec)) return to_sign(x);
  const std::size_t g = scale_index(spec, numbers.shape, row, column);
  const float scale = half_to_float(plane_value(parameters.bytes, parameters.n, g));
  const std::size_t zero_at = parameters.n / 2 + g;
  const float zero = spec.kind == QuantKind::kAffine
                         ? half_to_float(plane_value(parameters.bytes, parameters.n, zero_at))
                         : 0.0F;
  return to_symbol(uniform_rule(spec), x, zero, inverse_of(scale));
}

// Each thread makes eight symbols, which fill whole bytes.
__global__ void pack_uniform(QuantSpec spec, Numbers numbers, Planes parameters, std::uint8_t* out) {
  const std::size_t begin = 8 * thread_index();
  const std::size_t elements = numbers.shape.elements();
  if (begin >= elements) return;
  const std::size_t n = elements - begin < 8 ? elements - begin : 8;
  std::uint8_t symbols[8];
  for (std::size_t i = 0; i < n; ++i) symbols[i] = symbol_of(spec, numbers, parameters, begin + i);
  store_packed(symbols, n, spec.bits(), out + begin / 8 * spec.bits());
}

__global__ void pack_symbols(const std::uint8_t* symbols, std::size_t elements, unsigned bits,
                             std::uint8_t* out) {
  const std::size_t begin = 8 * thread_index();
  if (begin >= elements) return;
  store_packed(symbols + begin, elements - begin < 8 ? elements - begin : 8, bits, out + begin / 8 * bits);
}

void encode_uniform(const QuantSpec& spec, const Numbers& numbers, std::uint8_t* out, Faults* faults) {
  const std::size_t groups = scale_count(spec, numbers.shape);
  const Planes parameters{out, parameter_count(spec, numbers.shape)};
  if (is_sign(spec)) {
    make_sign_scales<<<blocks_for(groups), kThreads>>>(spec, numbers, parameters, faults);
  } else if (spec.along == Along::kChannel) {
    make_scales<1><<<blocks_for(groups), kThreads>>>(spec, numbers, groups, parameters, faults);
  } else if (spec.along == Along::kGroup) {
    make_scales<8><<<blocks_for(groups * 8), kThreads>>>(spec, numbers, groups, parameters, faults);
  } else {
    make_scales<kThreads>
        <<<blocks_for(groups * kThreads), kThreads>>>(spec, numbers, groups, parameters, faults);
  }
  const std::size_t eights = divide_up(numbers.shape.elements(), 8);
  pack_uniform<<<blocks_for(eights), kThreads>>>(spec, numbers, parameters, out + 2 * parameters.n);
}

Result<void> encode_rotated(const QuantSpec& spec, const Numbers& numbers, std::uint8_t* out, Faults* faults,
                            DeviceBuffer& symbols) {
  const auto signs = upload_signs(numbers.shape.head_dim);
  if (!signs) return signs.error();
  const Planes norms{out, parameter_count(spec, numbers.shape)};
  const std::size_t elements = numbers.shape.elements();
  rotate<<<static_cast<unsigned>(norms.n), kRotateThreads, rotate_shared_bytes(numbers.shape)>>>(
      lloyd_max(spec.bits()), reinterpret_cast<const std::uint32_t*>(signs->data()), numbers, norms,
      symbols.data(), faults);
  pack_symbols<<<blocks_for(divide_up(elements, 8)), kThreads>>>(symbols.data(), elements, spec.bits(),
                                                                 out + 2 * norms.n);
  // The signs are given back when this returns.
  return checked(cudaDeviceSynchronize(), "rotate");
}

}  // namespace

Result<void> encode_block(const QuantSpec& spec, const KvView& view, std::size_t first_row,
                          std::uint8_t* out) {
  if (view.elements() == 0) return {};
  auto faults = FaultReport::create();
  if (!faults) return faults.error();
  const Numbers numbers(view);
  if (spec.kind == QuantKind::kFp16) {
    const std::size_t n = view.elements();
    encode_fp16<<<blocks_for(n), kThreads>>>(numbers, Planes{out, n}, faults->device());
  } else if (spec.kind == QuantKind::kRotated) {
    if (auto fits = check_rotated(numbers.shape); !fits) return fits;
    auto symbols = DeviceBuffer::create(view.elements());
    if (!symbols) return symbols.error();
    if (auto done = encode_rotated(spec, numbers, out, faults->device(), *symbols); !done) return done;
  } else {
    encode_uniform(spec, numbers, out, faults->device());
  }
  const auto found = faults->report();
  if (!found) return found.error();
  if (found->row != Faults::kNone) return bad_row(first_row + found->row);
  return {};
}

}  // namespace kvferry::cuda
