// SPDX-License-Identifier: MIT
//
// Symbols to test entropy coders with: seeded, [row][column], as quantizers make them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "protocol/base/rng.h"

namespace kvferry::testing {

using Symbols = std::vector<std::uint8_t>;

[[nodiscard]] inline Symbols uniform_symbols(std::size_t n, std::size_t alphabet, std::uint64_t seed = 1) {
  Rng rng(seed);
  Symbols symbols(n);
  for (std::uint8_t& symbol : symbols) symbol = static_cast<std::uint8_t>(rng.below(alphabet));
  return symbols;
}

// Laplace numbers about the alphabet's middle, each column with a spread of its own.
[[nodiscard]] inline Symbols laplace_symbols(std::size_t rows, std::size_t columns, std::size_t alphabet,
                                             std::uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<double> spread(columns);
  for (double& s : spread) s = static_cast<double>(alphabet) * (0.02 + 0.12 * rng.uniform());
  Symbols symbols(rows * columns);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const double side = rng.chance(0.5) ? 1 : -1;
    const double x = side * spread[i % columns] * -std::log(1 - rng.uniform());
    const double middle = static_cast<double>(alphabet - 1) / 2;
    symbols[i] = static_cast<std::uint8_t>(std::clamp(std::rint(middle + x), 0.0, 2 * middle));
  }
  return symbols;
}

}  // namespace kvferry::testing
