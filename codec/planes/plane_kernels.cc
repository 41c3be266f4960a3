// SPDX-License-Identifier: MIT
#include "codec/planes/plane_kernels.h"

#include <bit>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/planes/plane_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kvferry::plane_kernels::HWY_NAMESPACE {

void Quantize(const float* HWY_RESTRICT coefficients, std::size_t n, float scale, float most,
              std::uint32_t* HWY_RESTRICT magnitude, std::uint8_t* HWY_RESTRICT negative) {
  for (std::size_t i = 0; i < n; ++i) {
    const float size = std::abs(coefficients[i]) * scale;
    magnitude[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(size < most ? size : most));
    negative[i] = coefficients[i] < 0 ? 1 : 0;
  }
}

std::uint32_t CountNonzero(const std::uint32_t* HWY_RESTRICT magnitude, std::size_t n) {
  std::uint32_t count = 0;
  for (std::size_t k = 0; k < n; ++k) count += magnitude[k] != 0 ? 1 : 0;
  return count;
}

void AddColumn(const std::uint32_t* HWY_RESTRICT magnitude, const std::uint32_t* HWY_RESTRICT tail,
               std::size_t n, std::uint32_t* HWY_RESTRICT count, std::uint32_t* HWY_RESTRICT tail_sum) {
  for (std::size_t k = 0; k < n; ++k) {
    count[k] += magnitude[k] != 0 ? 1 : 0;
    tail_sum[k] += tail[k];
  }
}

void MakeContexts(const std::uint32_t* HWY_RESTRICT magnitude, const std::uint8_t* HWY_RESTRICT spread,
                  const std::uint8_t* HWY_RESTRICT column, std::uint8_t row, std::uint8_t refine,
                  std::size_t n, std::uint8_t* HWY_RESTRICT contexts) {
  for (std::size_t k = 0; k < n; ++k) {
    const auto known = static_cast<std::uint8_t>(magnitude[k] < 4 ? magnitude[k] : 4);
    const auto zero = static_cast<std::uint8_t>(spread[k] + column[k] + row);
    const auto other = static_cast<std::uint8_t>(refine + (known > 1 ? 1 : 0) + (known > 3 ? 1 : 0));
    contexts[k] = known == 0 ? zero : other;
  }
}

void TakeBits(const std::uint32_t* HWY_RESTRICT finest, unsigned shift,
              const std::uint8_t* HWY_RESTRICT negative, std::size_t n, std::uint32_t* HWY_RESTRICT known,
              std::uint8_t* HWY_RESTRICT symbols) {
  for (std::size_t k = 0; k < n; ++k) {
    const std::uint32_t now = finest[k] >> shift;
    const std::uint32_t minus = known[k] == 0 ? negative[k] & now : 0;
    symbols[k] = static_cast<std::uint8_t>((now & 1U) + (minus & 1U));
    known[k] = now;
  }
}

void PutBits(const std::uint8_t* HWY_RESTRICT symbols, std::size_t n, std::uint32_t* HWY_RESTRICT magnitude,
             std::uint8_t* HWY_RESTRICT negative) {
  for (std::size_t k = 0; k < n; ++k) {
    negative[k] = static_cast<std::uint8_t>(negative[k] | (symbols[k] >> 1));
    magnitude[k] = 2 * magnitude[k] + (symbols[k] != 0 ? 1 : 0);
  }
}

float SquaredError(const std::uint32_t* HWY_RESTRICT finest, unsigned shift, std::size_t n) {
  constexpr std::size_t kSums = 16;  // so that the order of additions is one
  float sums[kSums] = {};
  const std::uint32_t mask = shift > 30 ? 0x7fffffffU : (1U << shift) - 1;
  const auto half = static_cast<float>(mask) * 0.5F;
  for (std::size_t begin = 0; begin < n; begin += kSums) {
    const std::size_t end = n - begin < kSums ? n - begin : kSums;
    for (std::size_t i = 0; i < end; ++i) {
      const std::uint32_t rest = finest[begin + i] & mask;
      const auto size = static_cast<float>(static_cast<std::int32_t>(rest));
      const float error = finest[begin + i] == rest ? size : size - half;
      sums[i] += error * error;
    }
  }
  float sum = 0;
  for (const float each : sums) sum += each;
  return sum;
}

void Values(const std::uint32_t* HWY_RESTRICT magnitude, const std::uint8_t* HWY_RESTRICT negative,
            const float* HWY_RESTRICT tolerance, float scale, std::size_t n, float* HWY_RESTRICT out) {
  for (std::size_t k = 0; k < n; ++k) {
    const float middle = static_cast<float>(static_cast<std::int32_t>(magnitude[k])) + 0.5F;
    const auto bits = std::bit_cast<std::uint32_t>(middle * (tolerance[k] * scale));
    const std::uint32_t sign = std::uint32_t{negative[k]} << 31;
    const std::uint32_t mask = magnitude[k] == 0 ? 0U : 0xffffffffU;
    out[k] = std::bit_cast<float>((bits | sign) & mask);
  }
}

}  // namespace kvferry::plane_kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry::plane_kernels {

HWY_EXPORT(Quantize);
HWY_EXPORT(CountNonzero);
HWY_EXPORT(AddColumn);
HWY_EXPORT(MakeContexts);
HWY_EXPORT(TakeBits);
HWY_EXPORT(PutBits);
HWY_EXPORT(SquaredError);
HWY_EXPORT(Values);

void quantize(const float* coefficients, std::size_t n, float scale, float most, std::uint32_t* magnitude,
              std::uint8_t* negative) {
  HWY_DYNAMIC_DISPATCH(Quantize)(coefficients, n, scale, most, magnitude, negative);
}

std::uint32_t count_nonzero(const std::uint32_t* magnitude, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(CountNonzero)(magnitude, n);
}

void add_column(const std::uint32_t* magnitude, const std::uint32_t* tail, std::size_t n,
                std::uint32_t* count, std::uint32_t* tail_sum) {
  HWY_DYNAMIC_DISPATCH(AddColumn)(magnitude, tail, n, count, tail_sum);
}

void make_contexts(const std::uint32_t* magnitude, const std::uint8_t* spread, const std::uint8_t* column,
                   std::uint8_t row, std::uint8_t refine, std::size_t n, std::uint8_t* contexts) {
  HWY_DYNAMIC_DISPATCH(MakeContexts)(magnitude, spread, column, row, refine, n, contexts);
}

void take_bits(const std::uint32_t* finest, unsigned shift, const std::uint8_t* negative, std::size_t n,
               std::uint32_t* known, std::uint8_t* symbols) {
  HWY_DYNAMIC_DISPATCH(TakeBits)(finest, shift, negative, n, known, symbols);
}

void put_bits(const std::uint8_t* symbols, std::size_t n, std::uint32_t* magnitude, std::uint8_t* negative) {
  HWY_DYNAMIC_DISPATCH(PutBits)(symbols, n, magnitude, negative);
}

float squared_error(const std::uint32_t* finest, unsigned shift, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(SquaredError)(finest, shift, n);
}

void values(const std::uint32_t* magnitude, const std::uint8_t* negative, const float* tolerance, float scale,
            std::size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(Values)(magnitude, negative, tolerance, scale, n, out);
}

}  // namespace kvferry::plane_kernels
#endif
