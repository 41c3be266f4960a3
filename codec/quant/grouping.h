// SPDX-License-Identifier: MIT
//
// Which numbers of a block share a scale, and where that scale is stored: by column
// [row group][column], otherwise in the order of the numbers [row][head][column group].
#pragma once

#include <cstddef>

#include "codec/host_device.h"
#include "codec/quant/spec.h"

namespace kvferry {

[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t divide_up(std::size_t n, std::size_t by) {
  return (n + by - 1) / by;
}

// Numbers of one head that share a scale when along is kGroup.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t groups_per_head(const QuantSpec& spec,
                                                                        const BlockShape& shape) {
  return divide_up(shape.head_dim, spec.group);
}

// Scales of kAffine and kSymmetric.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t scale_count(const QuantSpec& spec,
                                                                    const BlockShape& shape) {
  if (shape.elements() == 0) return 0;
  switch (spec.along) {
    case Along::kTensor:
      return 1;
    case Along::kChannel:
      return divide_up(shape.rows, spec.group) * shape.columns();
    case Along::kToken:
      return shape.rows;
    case Along::kGroup:
      return shape.rows * shape.heads * groups_per_head(spec, shape);
  }
  return 0;
}

// Place of the scale of one number.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t scale_index(const QuantSpec& spec,
                                                                    const BlockShape& shape, std::size_t row,
                                                                    std::size_t column) {
  switch (spec.along) {
    case Along::kTensor:
      return 0;
    case Along::kChannel:
      return row / spec.group * shape.columns() + column;
    case Along::kToken:
      return row;
    case Along::kGroup:
      break;
  }
  const std::size_t head = row * shape.heads + column / shape.head_dim;
  return head * groups_per_head(spec, shape) + column % shape.head_dim / spec.group;
}

// The numbers of group g: `count` of them, from one on. By channel they are below each other,
// otherwise side by side, rows after rows.
struct GroupCells {
  std::size_t row = 0;
  std::size_t column = 0;
  std::size_t count = 0;
};

[[nodiscard]] KVFERRY_HOST_DEVICE constexpr GroupCells cells_of(const QuantSpec& spec,
                                                                const BlockShape& shape, std::size_t g) {
  switch (spec.along) {
    case Along::kTensor:
      return {0, 0, shape.elements()};
    case Along::kToken:
      return {g, 0, shape.columns()};
    case Along::kChannel: {
      const std::size_t row = g / shape.columns() * spec.group;
      const std::size_t left = shape.rows - row;
      return {row, g % shape.columns(), left < spec.group ? left : spec.group};
    }
    case Along::kGroup:
      break;
  }
  const std::size_t vector = g / groups_per_head(spec, shape);
  const std::size_t begin = g % groups_per_head(spec, shape) * spec.group;
  const std::size_t left = shape.head_dim - begin;
  return {vector / shape.heads, vector % shape.heads * shape.head_dim + begin,
          left < spec.group ? left : spec.group};
}

// FP16 numbers that a block's parameters are made of.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t parameter_count(const QuantSpec& spec,
                                                                        const BlockShape& shape) {
  switch (spec.kind) {
    case QuantKind::kAffine:
      return 2 * scale_count(spec, shape);
    case QuantKind::kSymmetric:
      return scale_count(spec, shape);
    case QuantKind::kRotated:
      return shape.head_dim == 0 ? 0 : shape.rows * shape.heads;
    case QuantKind::kFp16:
    case QuantKind::kComponents:
      return 0;
  }
  return 0;
}

}  // namespace kvferry
