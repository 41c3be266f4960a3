// SPDX-License-Identifier: MIT
//
// CacheGen's anchors (section 5.1): tokens that stand close together resemble each other, so in
// each run of `group` rows every row but the first is coded as its difference to the first. A
// decoder has only the first row's reconstruction; the encoder takes the difference to the same.
// Values are [rows][columns]; anchors [anchor_count(rows, group)][columns].
#pragma once

#include <cstddef>

namespace kvferry {

[[nodiscard]] constexpr std::size_t anchor_count(std::size_t rows, std::size_t group) {
  return (rows + group - 1) / group;
}

// Copies the first row of each run.
void take_anchors(const float* values, std::size_t rows, std::size_t columns, std::size_t group,
                  float* anchors);

// Every row but the first of its run, minus the run's anchor; first rows stay as they are.
void subtract_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                      const float* anchors);
void add_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                 const float* anchors);

}  // namespace kvferry
