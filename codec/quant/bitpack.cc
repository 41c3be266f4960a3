// SPDX-License-Identifier: MIT
#include "codec/quant/bitpack.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "codec/quant/bitpack_kernels.h"

namespace kvferry {
namespace {

static_assert(std::endian::native == std::endian::little, "eight codes are read as one number");

// The lowest `bits` bits of every `lane` bits, moved up by `shift` bits.
constexpr std::uint64_t lane_mask(unsigned lane, unsigned bits, unsigned shift) {
  std::uint64_t mask = 0;
  for (unsigned at = 0; at < 64; at += lane) mask |= ((std::uint64_t{1} << bits) - 1) << (at + shift);
  return mask;
}

// Both halves of a lane hold kBits each; they end side by side at the lane's low end.
template <unsigned kLane, unsigned kBits>
constexpr std::uint64_t close_up(std::uint64_t x) {
  return (x & lane_mask(kLane, kBits, 0)) | ((x >> (kLane / 2 - kBits)) & lane_mask(kLane, kBits, kBits));
}
template <unsigned kLane, unsigned kBits>
constexpr std::uint64_t spread(std::uint64_t x) {
  return (x & lane_mask(kLane, kBits, 0)) | ((x & lane_mask(kLane, kBits, kBits)) << (kLane / 2 - kBits));
}

// Eight codes, one a byte, are kBits bytes packed.
template <unsigned kBits>
constexpr std::uint64_t pack_eight(std::uint64_t x) {
  return close_up<64, 4 * kBits>(close_up<32, 2 * kBits>(close_up<16, kBits>(x)));
}
template <unsigned kBits>
constexpr std::uint64_t unpack_eight(std::uint64_t x) {
  return spread<16, kBits>(spread<32, 2 * kBits>(spread<64, 4 * kBits>(x)));
}

// How many of the first eights leave room to touch eight bytes at once, which is quicker:
// what is too much is overwritten by the next, or masked off.
template <unsigned kBits>
constexpr std::size_t roomy(std::size_t eights) {
  constexpr std::size_t kNeeded = (8 + kBits - 1) / kBits;
  return eights < kNeeded ? 0 : eights - kNeeded + 1;
}

template <unsigned kBits, std::size_t kTouched>
void pack_range(const std::uint8_t* codes, std::size_t begin, std::size_t end, std::uint8_t* out) {
  for (std::size_t i = begin; i < end; ++i) {
    std::uint64_t x;
    std::memcpy(&x, codes + 8 * i, 8);
    x = pack_eight<kBits>(x);
    std::memcpy(out + kBits * i, &x, kTouched);
  }
}

template <unsigned kBits, std::size_t kTouched>
void unpack_range(const std::uint8_t* packed, std::size_t begin, std::size_t end, std::uint8_t* codes) {
  for (std::size_t i = begin; i < end; ++i) {
    std::uint64_t x = 0;
    std::memcpy(&x, packed + kBits * i, kTouched);
    x = unpack_eight<kBits>(x);
    std::memcpy(codes + 8 * i, &x, 8);
  }
}

template <unsigned kBits>
void pack_eights(const std::uint8_t* codes, std::size_t eights, std::uint8_t* out) {
  pack_range<kBits, 8>(codes, 0, roomy<kBits>(eights), out);
  pack_range<kBits, kBits>(codes, roomy<kBits>(eights), eights, out);
}

template <unsigned kBits>
void unpack_eights(const std::uint8_t* packed, std::size_t eights, std::uint8_t* codes) {
  unpack_range<kBits, 8>(packed, 0, roomy<kBits>(eights), codes);
  unpack_range<kBits, kBits>(packed, roomy<kBits>(eights), eights, codes);
}

using Eights = void (*)(const std::uint8_t*, std::size_t, std::uint8_t*);
constexpr Eights kPackEights[] = {pack_eights<1>, pack_eights<2>, pack_eights<3>, pack_eights<4>,
                                  pack_eights<5>, pack_eights<6>, pack_eights<7>};
constexpr Eights kUnpackEights[] = {unpack_eights<1>, unpack_eights<2>, unpack_eights<3>, unpack_eights<4>,
                                    unpack_eights<5>, unpack_eights<6>, unpack_eights<7>};

// Fewer than eight codes, from a byte's begin on.
void pack_tail(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out) {
  if (n == 0) return;
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < n; ++i) x |= std::uint64_t{codes[i]} << (i * bits);
  std::memcpy(out, &x, packed_size_bytes(n, bits));
}

bool unpack_tail(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes) {
  if (n == 0) return true;
  std::uint64_t x = 0;
  std::memcpy(&x, packed, packed_size_bytes(n, bits));
  for (std::size_t i = 0; i < n; ++i) {
    codes[i] = static_cast<std::uint8_t>(x & ((1U << bits) - 1));
    x >>= bits;
  }
  return x == 0;
}

}  // namespace

void pack_bits(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out) {
  assert(bits >= 1 && bits <= 8);
  if (bits == 8) {
    std::copy_n(codes, n, out);
    return;
  }
  const std::size_t done = bits == 4 || bits == 2 ? kernels::pack(codes, n, bits, out) : 0;
  out += done * bits / 8;
  const std::size_t eights = (n - done) / 8;
  kPackEights[bits - 1](codes + done, eights, out);
  pack_tail(codes + done + 8 * eights, (n - done) % 8, bits, out + eights * bits);
}

bool unpack_bits(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes) {
  assert(bits >= 1 && bits <= 8);
  if (bits == 8) {
    std::copy_n(packed, n, codes);
    return true;
  }
  const std::size_t done = bits == 4 || bits == 2 ? kernels::unpack(packed, n, bits, codes) : 0;
  packed += done * bits / 8;
  const std::size_t eights = (n - done) / 8;
  kUnpackEights[bits - 1](packed, eights, codes + done);
  return unpack_tail(packed + eights * bits, (n - done) % 8, bits, codes + done + 8 * eights);
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
