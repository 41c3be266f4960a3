// SPDX-License-Identifier: MIT
//
// Rotary position embedding of K (Su et al. 2021), undone and done again. Dimension i pairs with
// i + head_dim / 2, as in Hugging Face's Llama, and turns by position * theta^(-2 i / head_dim).
// Angles, sines and cosines come from IEEE's basic operations and square roots in a fixed order,
// in double, and are rounded to FP32: the C library's differ between processors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kvferry {

// Turns per position of each pair, theta^(-2 i / head_dim): [head_dim / 2].
[[nodiscard]] std::vector<double> rope_frequencies(std::size_t head_dim, double theta);

// Cosines and sines of some positions: made once, used for many layers and blocks.
class RopeTable {
 public:
  // Positions in [0, 2^24), one a row; head_dim is even; theta is at least 1.
  RopeTable(std::span<const std::int32_t> positions, std::size_t head_dim, double theta);

  [[nodiscard]] std::size_t rows() const { return rows_; }

  // key [rows][heads][head_dim], whose first row stands at the table's position number first_row.
  void undo(float* key, std::size_t first_row, std::size_t rows, std::size_t heads) const;
  void redo(float* key, std::size_t first_row, std::size_t rows, std::size_t heads) const;

 private:
  std::size_t rows_, pairs_;
  std::vector<float> cosines_, sines_;  // [row][pair]
};

// The same with a table for one use: K back to before RoPE, and on again.
void undo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta);
void redo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta);

}  // namespace kvferry
