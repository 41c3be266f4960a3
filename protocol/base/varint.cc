// SPDX-License-Identifier: MIT
#include "protocol/base/varint.h"

#include <cassert>

namespace kvferry {

void put_varint(Bytes& out, std::uint64_t value) {
  assert(value <= kVarintMax);
  std::size_t size = varint_size(value);
  std::uint64_t tag = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
  std::uint64_t word = value | (tag << (8 * size - 2));
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
}

VarintRead read_varint(ByteView in) {
  if (in.empty()) return {0, 0, VarintError::kTruncated};
  std::size_t size = std::size_t{1} << (in[0] >> 6);
  if (in.size() < size) return {0, 0, VarintError::kTruncated};
  std::uint64_t value = in[0] & 0x3F;
  for (std::size_t i = 1; i < size; ++i) value = (value << 8) | in[i];
  if (varint_size(value) != size) return {0, 0, VarintError::kNotShortest};
  return {value, size, VarintError::kNone};
}

std::optional<std::uint64_t> ByteReader::take_varint() {
  if (failed_) return std::nullopt;
  VarintRead read = read_varint(rest());
  if (read.error != VarintError::kNone) {
    failed_ = true;
    return std::nullopt;
  }
  at_ += read.size_bytes;
  return read.value;
}

std::optional<ByteView> ByteReader::take(std::uint64_t size_bytes) {
  if (failed_ || size_bytes > in_.size() - at_) {
    failed_ = true;
    return std::nullopt;
  }
  ByteView part = in_.subspan(at_, static_cast<std::size_t>(size_bytes));
  at_ += part.size();
  return part;
}

}  // namespace kvferry
