// SPDX-License-Identifier: MIT
#include "codec/transform/anchor.h"

#include <algorithm>
#include <cassert>

namespace kvferry {

void take_anchors(const float* values, std::size_t rows, std::size_t columns, std::size_t group,
                  float* anchors) {
  assert(group > 0);
  for (std::size_t row = 0; row < rows; row += group, anchors += columns) {
    std::copy_n(values + row * columns, columns, anchors);
  }
}

void subtract_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                      const float* anchors) {
  assert(group > 0);
  for (std::size_t row = 0; row < rows; ++row, values += columns) {
    const float* anchor = anchors + row / group * columns;
    for (std::size_t i = 0; i < columns; ++i) values[i] -= anchor[i];
  }
}

void add_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                 const float* anchors) {
  assert(group > 0);
  for (std::size_t row = 0; row < rows; ++row, values += columns) {
    const float* anchor = anchors + row / group * columns;
    for (std::size_t i = 0; i < columns; ++i) values[i] += anchor[i];
  }
}

}  // namespace kvferry
