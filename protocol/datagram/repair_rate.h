// SPDX-License-Identifier: MIT
//
// How many repair packets a block needs: as few as leave it unrecovered seldom
// enough, at the loss that the path has shown and if losses are independent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry {

inline constexpr double kUsualFailures = 1e-3;

// The least r for which more than r of k + r packets are lost with a probability below most_failures. None
// below a loss of 10⁻⁴, and at most k and kMaxRepairSymbols.
[[nodiscard]] std::size_t repair_count(std::size_t k, double loss, double most_failures);
// For kUsualFailures; one even where none would do.
[[nodiscard]] std::size_t repair_count(std::size_t k, double loss);

// Share of packets lost, averaged exponentially over about the last thousand.
class RepairRate {
 public:
  // floor: the least loss that is assumed, however well the path behaves.
  explicit RepairRate(double floor = 0) : floor_(floor) {}

  // Packets of, say, a round trip: how many of them had their fate settled, and how many of those were lost.
  void sample(std::uint64_t settled, std::uint64_t lost);
  [[nodiscard]] double loss() const;

 private:
  double floor_;
  double settled_ = 64;  // so that the first loss does not look like a flood
  double lost_ = 0;
};

}  // namespace kvferry
