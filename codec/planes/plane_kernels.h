// SPDX-License-Identifier: MIT
//
// Inner loops over the components of one row, compiled for each kind of processor. Integers, and FP32 whose
// operations are each rounded on their own: the same results everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry::plane_kernels {

// Coefficients in tolerances, towards 0 in steps of 1 / scale, at most `most`.
void quantize(const float* coefficients, std::size_t n, float scale, float most, std::uint32_t* magnitude,
              std::uint8_t* negative);

// How many are not 0.
[[nodiscard]] std::uint32_t count_nonzero(const std::uint32_t* magnitude, std::size_t n);
// The same for each column, and sums of tails.
void add_column(const std::uint32_t* magnitude, const std::uint32_t* tail, std::size_t n,
                std::uint32_t* count, std::uint32_t* tail_sum);

// spread + column + row where the magnitude is 0, else refine, refine + 1 from 2 on, refine + 2 from 4 on.
void make_contexts(const std::uint32_t* magnitude, const std::uint8_t* spread, const std::uint8_t* column,
                   std::uint8_t row, std::uint8_t refine, std::size_t n, std::uint8_t* contexts);

// The next bit of each: finest >> shift, whose rest is what `known` was. `known` follows.
void take_bits(const std::uint32_t* finest, unsigned shift, const std::uint8_t* negative, std::size_t n,
               std::uint32_t* known, std::uint8_t* symbols);
// The way back.
void put_bits(const std::uint8_t* symbols, std::size_t n, std::uint32_t* magnitude, std::uint8_t* negative);

// Squared error, in finest steps, of magnitudes that are known without their last `shift` bits; from 31 on
// nothing is known.
[[nodiscard]] float squared_error(const std::uint32_t* finest, unsigned shift, std::size_t n);

// Numbers of coefficients: (magnitude + 1/2) * (tolerance * scale) with their sign, or 0.
void values(const std::uint32_t* magnitude, const std::uint8_t* negative, const float* tolerance, float scale,
            std::size_t n, float* out);

}  // namespace kvferry::plane_kernels
