// SPDX-License-Identifier: MIT
#include "codec/transform/allocate_bits.h"

#include <queue>

namespace kvferry {
namespace {

// One bit more for a component. Its gain is three quarters of the error that is left.
struct Step {
  double error;  // variance / 4^bits so far
  std::size_t component;

  // The greatest error first; of equal ones the earlier component.
  friend bool operator<(const Step& a, const Step& b) {
    return a.error != b.error ? a.error < b.error : a.component > b.component;
  }
};

}  // namespace

std::vector<std::uint8_t> allocate_bits(std::span<const float> variance, std::size_t budget) {
  std::vector<std::uint8_t> bits(variance.size());
  std::priority_queue<Step> steps;
  for (std::size_t i = 0; i < variance.size(); ++i) {
    if (variance[i] > 0) steps.push({static_cast<double>(variance[i]), i});
  }
  for (; budget > 0 && !steps.empty(); --budget) {
    const Step step = steps.top();
    steps.pop();
    if (++bits[step.component] < kMaxComponentBits) steps.push({step.error / 4, step.component});
  }
  return bits;
}

}  // namespace kvferry
