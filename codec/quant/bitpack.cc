// SPDX-License-Identifier: MIT
#include "codec/quant/bitpack.h"

#include <algorithm>

namespace kvferry {
namespace {

// The codes of the last, partly filled byte.
std::uint8_t pack_tail(const std::uint8_t* codes, std::size_t n, unsigned bits) {
  unsigned byte = 0;
  for (std::size_t i = 0; i < n; ++i) byte |= static_cast<unsigned>(codes[i]) << (i * bits);
  return static_cast<std::uint8_t>(byte);
}

}  // namespace

void pack_bits(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out) {
  if (bits == 8) {
    std::copy_n(codes, n, out);
    return;
  }
  const std::size_t per_byte = 8 / bits;
  const std::size_t whole = n / per_byte;
  if (bits == 4) {
    for (std::size_t i = 0; i < whole; ++i) {
      out[i] = static_cast<std::uint8_t>(codes[2 * i] | (codes[2 * i + 1] << 4));
    }
  } else {
    for (std::size_t i = 0; i < whole; ++i) {
      const std::uint8_t* four = codes + 4 * i;
      out[i] = static_cast<std::uint8_t>(four[0] | (four[1] << 2) | (four[2] << 4) | (four[3] << 6));
    }
  }
  if (whole * per_byte < n) out[whole] = pack_tail(codes + whole * per_byte, n - whole * per_byte, bits);
}

bool unpack_bits(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes) {
  if (bits == 8) {
    std::copy_n(packed, n, codes);
    return true;
  }
  const std::size_t per_byte = 8 / bits;
  const std::size_t whole = n / per_byte;
  if (bits == 4) {
    for (std::size_t i = 0; i < whole; ++i) {
      codes[2 * i] = packed[i] & 0xf;
      codes[2 * i + 1] = static_cast<std::uint8_t>(packed[i] >> 4);
    }
  } else {
    for (std::size_t i = 0; i < whole; ++i) {
      codes[4 * i] = packed[i] & 3;
      codes[4 * i + 1] = (packed[i] >> 2) & 3;
      codes[4 * i + 2] = (packed[i] >> 4) & 3;
      codes[4 * i + 3] = static_cast<std::uint8_t>(packed[i] >> 6);
    }
  }
  const std::size_t rest = n - whole * per_byte;
  if (rest == 0) return true;
  unsigned byte = packed[whole];
  for (std::size_t i = 0; i < rest; ++i) {
    codes[whole * per_byte + i] = static_cast<std::uint8_t>(byte & ((1U << bits) - 1));
    byte >>= bits;
  }
  return byte == 0;
}

void split_planes(const std::uint16_t* values, std::size_t n, std::uint8_t* out) {
  std::uint8_t* high = out + n;
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<std::uint8_t>(values[i] & 0xff);
    high[i] = static_cast<std::uint8_t>(values[i] >> 8);
  }
}

void join_planes(const std::uint8_t* planes, std::size_t n, std::uint16_t* values) {
  const std::uint8_t* high = planes + n;
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = static_cast<std::uint16_t>(planes[i] | (high[i] << 8));
  }
}

}  // namespace kvferry
