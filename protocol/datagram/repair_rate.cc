// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_rate.h"

#include <algorithm>
#include <cmath>

#include "protocol/datagram/repair_code.h"

namespace kvferry {
namespace {

constexpr double kLeastLoss = 1e-4;
constexpr double kMemoryPackets = 1024;

// Probability that more than `most` of n packets are lost.
double tail(std::size_t n, std::size_t most, double loss) {
  double term = std::pow(1 - loss, static_cast<double>(n));
  double none_to_most = term;
  for (std::size_t i = 1; i <= most; ++i) {
    term *= static_cast<double>(n - i + 1) / static_cast<double>(i) * loss / (1 - loss);
    none_to_most += term;
  }
  return 1 - none_to_most;
}

}  // namespace

std::size_t repair_count(std::size_t k, double loss, double most_failures) {
  if (!(loss >= kLeastLoss)) return 0;
  const std::size_t most = std::min(k, kMaxRepairSymbols);
  if (loss >= 0.5) return most;  // not even k of 2 k arrive
  std::size_t r = 0;
  while (r < most && tail(k + r, r, loss) >= most_failures) ++r;
  return r;
}

std::size_t repair_count(std::size_t k, double loss) {
  if (k == 0 || !(loss >= kLeastLoss)) return 0;
  return std::max<std::size_t>(1, repair_count(k, loss, kUsualFailures));
}

void RepairRate::sample(std::uint64_t settled, std::uint64_t lost) {
  const double keep = std::exp(-static_cast<double>(settled) / kMemoryPackets);
  settled_ = settled_ * keep + static_cast<double>(settled);
  lost_ = lost_ * keep + static_cast<double>(lost);
}

double RepairRate::loss() const { return std::max(floor_, std::min(lost_ / settled_, 1.0)); }

}  // namespace kvferry
