// SPDX-License-Identifier: MIT
//
// The loops over numbers, written with Highway and dispatched at run time to the processor's
// best instructions; all give the same bits. Rows and pieces of rows are contiguous; nothing
// needs to be aligned. What they compute is in arithmetic.h and rotation.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/kv_view.h"
#include "codec/quant/arithmetic.h"
#include "codec/quant/rotation.h"

namespace kvferry::kernels {

// n numbers of any type as FP32. False if one is not finite or beyond FP16's range.
[[nodiscard]] bool load(DType dtype, const void* from, std::size_t n, float* to);
// n finite numbers within FP16's range, rounded half to even.
void to_halves(const float* from, std::size_t n, std::uint16_t* to);

// Least and greatest of each of n columns over some rows that stand stride elements apart.
// Numbers that are not finite come out so, or as beyond FP16's range.
void column_ranges(DType dtype, const void* data, std::size_t rows, std::size_t stride, std::size_t n,
                   float* lo, float* hi);
// The same of each run of `run` neighbours; the last run may be shorter.
void run_ranges(DType dtype, const void* data, std::size_t n, std::size_t run, float* lo, float* hi);

// Parameters of n groups, in FP16 and as the next kernels want them. False if a range is not
// finite or beyond FP16's range.
[[nodiscard]] bool make_scales(const UniformRule& rule, const float* lo, const float* hi, std::size_t n,
                               std::uint16_t* scale_bits, std::uint16_t* zero_bits, float* zero,
                               float* inverse);

// Symbols of n numbers with a zero and an inverse for each, or for each run of them.
void symbols_by_column(const UniformRule& rule, DType dtype, const void* data, std::size_t n,
                       const float* zero, const float* inverse, std::uint8_t* symbols);
void symbols_by_run(const UniformRule& rule, DType dtype, const void* data, std::size_t n, std::size_t run,
                    const float* zero, const float* inverse, std::uint8_t* symbols);

// And back: (symbol - offset) * step + zero, clamped to +-65504; as FP32 or rounded to FP16.
void numbers_by_column(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                       const float* step, float* out);
void numbers_by_column(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                       const float* step, std::uint16_t* out);
void numbers_by_run(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run,
                    const float* zero, const float* step, float* out);
void numbers_by_run(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run,
                    const float* zero, const float* step, std::uint16_t* out);

// One head vector each: numbers <-> symbols and the norm that is stored (FP16).
// work: 2 * head_dim numbers.
[[nodiscard]] std::uint16_t rotate(const Rotation& rotation, const float* values, float* work,
                                   std::uint8_t* symbols);
void rotate_back(const Rotation& rotation, std::uint16_t norm, const std::uint8_t* symbols, float* work,
                 float* values);

}  // namespace kvferry::kernels
