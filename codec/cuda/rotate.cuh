// SPDX-License-Identifier: MIT
//
// Rotation on the GPU: one thread block a head vector, which stands in shared memory. The
// order of sums and butterflies is that of codec/quant/rotation.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/cuda/device_block.cuh"
#include "codec/cuda/launch.cuh"
#include "codec/quant/rotation.h"

namespace kvferry::cuda {

inline constexpr unsigned kRotateThreads = 64;
inline constexpr std::size_t kMostRotated = 8192;  // numbers of a head vector

[[nodiscard]] inline std::size_t rotate_shared_bytes(const BlockShape& shape) {
  return sizeof(float) * (shape.head_dim + kPartialSums);
}

[[nodiscard]] inline Result<void> check_rotated(const BlockShape& shape) {
  if (shape.head_dim <= kMostRotated && shape.rows * shape.heads < (std::size_t{1} << 31)) return {};
  return Error{"CUDA: head size " + std::to_string(shape.head_dim) + ", expected at most " +
               std::to_string(kMostRotated) + " to rotate, and below 2^31 head vectors"};
}

[[nodiscard]] inline Result<DeviceBuffer> upload_signs(std::size_t head_dim) {
  const Rotation rotation(head_dim, 1);
  auto buffer = DeviceBuffer::create(sizeof(std::uint32_t) * head_dim);
  if (!buffer) return buffer;
  if (auto sent = buffer->upload(rotation.signs.data(), sizeof(std::uint32_t) * head_dim); !sent) {
    return sent.error();
  }
  return buffer;
}

// sums: place for kPartialSums numbers. All threads get the sum.
__device__ inline float sum_of_squares(const float* x, std::size_t n, float* sums) {
  __syncthreads();
  if (threadIdx.x < kPartialSums) {
    float sum = 0;
    for (std::size_t i = threadIdx.x; i < n; i += kPartialSums) sum += x[i] * x[i];
    sums[threadIdx.x] = sum;
  }
  for (unsigned half = kPartialSums / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  __syncthreads();
  return sums[0];
}

__device__ inline void walsh_hadamard(float* x, std::size_t n) {
  for (std::size_t distance = 1; distance < n; distance *= 2) {
    __syncthreads();
    for (std::size_t pair = threadIdx.x; pair < n / 2; pair += blockDim.x) {
      const std::size_t i = pair / distance * 2 * distance + pair % distance;
      const float a = x[i];
      const float b = x[i + distance];
      x[i] = a + b;
      x[i + distance] = a - b;
    }
  }
  __syncthreads();
}

__device__ inline void transform_pieces(float* x, std::size_t n) {
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t piece = first_piece(n - begin);
    walsh_hadamard(x + begin, piece);
    begin += piece;
  }
}

__device__ inline float flip_sign(float x, std::uint32_t sign) {
  return __uint_as_float(__float_as_uint(x) ^ sign);
}

static __global__ void rotate(LloydMax table, const std::uint32_t* signs, Numbers numbers, Planes norms,
                              std::uint8_t* symbols, Faults* faults) {
  extern __shared__ float x[];
  const std::size_t n = numbers.shape.head_dim;
  float* sums = x + n;
  const std::size_t vector = blockIdx.x;
  const std::size_t row = vector / numbers.shape.heads;
  const std::size_t column = vector % numbers.shape.heads * n;
  for (std::size_t i = threadIdx.x; i < n; i += blockDim.x) {
    const float value = numbers.at(row, column + i);
    if (!fits_half(value)) atomicMin(&faults->row, row);
    x[i] = flip_sign(value, signs[i]);
  }
  const float norm = sqrtf(sum_of_squares(x, n, sums));
  const float inverse = norm > kLeastNorm ? sqrtf(static_cast<float>(n)) / norm : 0.0F;
  transform_pieces(x, n);
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t end = begin + first_piece(n - begin);
    const float factor = inverse * piece_factor(end - begin);
    for (std::size_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
      const std::uint8_t symbol = lloyd_max_symbol(&table.thresholds[0], table.bits, x[i] * factor);
      symbols[vector * n + i] = symbol;
      x[i] = table.levels[symbol];
    }
    begin = end;
  }
  const float levels = sum_of_squares(x, n, sums);
  if (threadIdx.x == 0) norms.set(vector, stored_norm(norm, levels));
}

static __global__ void rotate_back(LloydMax table, const std::uint32_t* signs, const std::uint8_t* norms,
                                   BlockShape shape, const std::uint8_t* packed, std::uint16_t* out) {
  extern __shared__ float x[];
  const std::size_t n = shape.head_dim;
  const std::size_t vector = blockIdx.x;
  for (std::size_t i = threadIdx.x; i < n; i += blockDim.x) {
    x[i] = table.levels[packed_symbol(packed, vector * n + i, table.bits)];
  }
  transform_pieces(x, n);
  __syncthreads();
  const float norm = half_to_float(plane_value(norms, shape.rows * shape.heads, vector));
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t end = begin + first_piece(n - begin);
    const float factor = norm * piece_factor(end - begin);
    for (std::size_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
      out[vector * n + i] = float_to_half(flip_sign(clamp_to_half(x[i] * factor), signs[i]));
    }
    begin = end;
  }
}

}  // namespace kvferry::cuda
