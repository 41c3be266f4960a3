// SPDX-License-Identifier: MIT
//
// The contexts under which bits of coefficients are coded: how wide the calibration expects the coefficient
// to spread, and whether its row and its column have been louder or quieter than that so far.
// PLANES.md, "Contexts".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"

namespace kvferry {

// Coefficients of one tensor of a group, as far as they are known: magnitudes in steps of the plane that
// each row has reached, towards 0.
struct PlaneTensor {
  std::size_t rows = 0, rank = 0;
  std::vector<std::uint32_t> magnitude;  // [rows][rank]
  std::vector<std::uint8_t> negative;    // [rows][rank]
  std::size_t active = 0;                // components that may differ from 0: the first ones

  PlaneTensor() = default;
  PlaneTensor(std::size_t row_count, std::size_t component_count)
      : rows(row_count), rank(component_count), magnitude(rows * rank), negative(rows * rank) {}
};

// A row that takes part in a pass: the plane that it gains. Plane 0 has steps of one tolerance, each further
// one half of that; rows begin at a plane below 0 where coefficients are larger.
struct PassRow {
  std::uint32_t row = 0;
  std::int32_t plane = 0;
  bool is_first = false;  // nothing of this row is known yet
};

namespace plane_context {
inline constexpr int kLeastSpread = -8, kMostSpread = 7;  // half octaves over the step
inline constexpr std::size_t kSpreads = kMostSpread - kLeastSpread + 1;
inline constexpr std::size_t kLoudness = 3;
inline constexpr std::size_t kRefine = kSpreads * kLoudness * kLoudness;  // by magnitude: 1, 2 or 3, from 4
inline constexpr std::size_t kDelay = kRefine + 3;                        // 0, 1, more
inline constexpr std::size_t kLongDelay = kDelay + 1;                     // 2 or 3
inline constexpr std::size_t kCount = kLongDelay + 1;
}  // namespace plane_context

// Makes contexts of many passes with the same memory.
class PassContexts {
 public:
  // Of the first tensor.active components of each of these rows, row by row. spread: of the tensor's basis.
  // out: rows.size() * tensor.active.
  void make(const PlaneTensor& tensor, std::span<const PassRow> rows, std::span<const std::int8_t> spread,
            std::uint8_t* out);

 private:
  // What the calibration says of a plane, of the active components.
  struct Expected {
    std::int32_t plane = 0;
    std::vector<std::uint8_t> spread_class;
    std::vector<std::uint32_t> tail;  // of 4096: how likely the coefficient is not 0 one plane before
    std::uint32_t tail_sum = 0;
  };

  const Expected& expect(std::int32_t plane, std::span<const std::int8_t> spread, std::size_t active);
  void measure_columns(const PlaneTensor& tensor, std::span<const PassRow> rows,
                       std::span<const std::int8_t> spread);

  std::vector<Expected> expected_;
  std::vector<std::uint32_t> column_count_, column_tail_;
  std::vector<std::uint8_t> column_class_;  // times kSpreads * kLoudness
};

// A coefficient's new magnitude and sign follow from its symbol. Zeros: 0 stays, 1 becomes 1, 2 becomes -1.
// Others: twice the magnitude plus the symbol.
void apply_symbols(std::span<const PassRow> rows, const std::uint8_t* symbols, PlaneTensor& tensor);

}  // namespace kvferry
