// SPDX-License-Identifier: MIT
//
// Every kind of quantization that blocks can have, in widths and groupings that differ in
// how they are stored.
#pragma once

#include <string>
#include <vector>

#include "codec/quant/spec.h"

namespace kvferry::testing {

inline std::vector<QuantSpec> all_specs() {
  std::vector<QuantSpec> specs;
  const auto add = [&specs](QuantKind kind, unsigned symbols, std::uint16_t group) {
    const auto alphabet = static_cast<std::uint16_t>(symbols);
    specs.push_back({kind, Along::kTensor, alphabet, 0});
    specs.push_back({kind, Along::kChannel, alphabet, group});
    specs.push_back({kind, Along::kToken, alphabet, 0});
    specs.push_back({kind, Along::kGroup, alphabet, group});
  };
  for (unsigned bits = 1; bits <= 8; ++bits) add(QuantKind::kAffine, 1U << bits, bits % 2 == 0 ? 64 : 16);
  for (const unsigned symbols : {2U, 3U, 11U, 15U, 31U, 127U, 255U}) {
    add(QuantKind::kSymmetric, symbols, symbols == 255 ? 32 : 8);
  }
  for (unsigned bits = 1; bits <= 8; ++bits) {
    specs.push_back({QuantKind::kRotated, Along::kTensor, static_cast<std::uint16_t>(1U << bits), 0});
  }
  return specs;
}

inline std::string to_string(const QuantSpec& spec) {
  return "kind " + std::to_string(static_cast<int>(spec.kind)) + " along " +
         std::to_string(static_cast<int>(spec.along)) + " symbols " + std::to_string(spec.symbols) +
         " group " + std::to_string(spec.group);
}

}  // namespace kvferry::testing
