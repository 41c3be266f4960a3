// SPDX-License-Identifier: MIT
//
// How one block of numbers is quantized. A block is the K or the V of one layer, some rows of
// it: [rows][heads][head_dim], or [rows][1][components] after a transform that changes columns.
// Chunks name a spec for each of their blocks (FORMAT.md), so a payload says itself what it is.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace kvferry {

enum class KvTensor : std::uint8_t { kKey, kValue };

[[nodiscard]] constexpr const char* to_string(KvTensor tensor) {
  return tensor == KvTensor::kKey ? "K" : "V";
}

// The numbers are those of the chunk header.
enum class QuantKind : std::uint8_t {
  kFp16 = 0,    // the numbers themselves
  kAffine = 1,  // scale and zero a group, codes 0 .. symbols - 1
  kSymmetric =
      2,         // scale a group, codes -M .. M, symbols = 2 M + 1; with 2 symbols sign times mean magnitude
  kRotated = 3,  // PolyKV's values: random signs, Walsh-Hadamard, Lloyd-Max levels, one norm a head vector
  kComponents = 4,  // KVTC: Lloyd-Max levels of each principal component, bits and deviations from tables
};

// What shares a scale.
enum class Along : std::uint8_t {
  kTensor = 0,   // the whole block
  kChannel = 1,  // one column, over up to `group` rows
  kToken = 2,    // one row, all columns
  kGroup = 3,    // one row, up to `group` columns, begun afresh at each head
};

struct QuantSpec {
  QuantKind kind = QuantKind::kFp16;
  Along along = Along::kTensor;
  std::uint16_t symbols = 0;  // size of the alphabet, 2 .. 256; 0 for fp16
  std::uint16_t group = 0;    // a power of two, 8 .. 128; 0 unless along is kChannel or kGroup

  // Bits of a packed code.
  [[nodiscard]] constexpr unsigned bits() const {
    return kind == QuantKind::kFp16 ? 16U : static_cast<unsigned>(std::bit_width(symbols - 1U));
  }
  friend bool operator==(const QuantSpec&, const QuantSpec&) = default;
};

inline constexpr std::uint32_t kMinGroup = 8;
inline constexpr std::uint32_t kMaxGroup = 128;
inline constexpr std::uint32_t kDefaultGroup = 64;

struct BlockShape {
  std::size_t rows = 0;
  std::size_t heads = 0;
  std::size_t head_dim = 0;

  [[nodiscard]] constexpr std::size_t columns() const { return heads * head_dim; }
  [[nodiscard]] constexpr std::size_t elements() const { return rows * columns(); }
};

}  // namespace kvferry
