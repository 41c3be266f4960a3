// SPDX-License-Identifier: MIT
//
// CacheGen's anchors (section 5.1): tokens that stand close together resemble each other, so the rows
// of each run of `group` rows are coded as differences to the first. That one, the anchor, is coded
// on its own, more finely, and differences are taken to its reconstruction: the first row's difference
// is what coding the anchor lost.
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

// Every row minus its run's anchor, and plus it again (normative: one FP32 addition).
void subtract_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                      const float* anchors);
void add_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                 const float* anchors);

}  // namespace kvferry
