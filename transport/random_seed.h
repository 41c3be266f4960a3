// SPDX-License-Identifier: MIT
//
// Randomness of the operating system, for what must differ between processes or
// not be guessed: seeds and keys.
#pragma once

#include <array>
#include <cstdint>
#include <random>

namespace kvferry {

[[nodiscard]] inline std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

[[nodiscard]] inline std::array<std::uint8_t, 32> random_key() {
  std::random_device device;
  std::array<std::uint8_t, 32> key{};
  for (auto& byte : key) byte = static_cast<std::uint8_t>(device());
  return key;
}

}  // namespace kvferry
