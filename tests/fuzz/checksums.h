// SPDX-License-Identifier: MIT
//
// Checksums keep a fuzzer out of everything they guard, so they are put right first.
#pragma once

#include <algorithm>

#include "protocol/base/crc32c.h"
#include "protocol/base/varint.h"

namespace kvferry::fuzz {

// A datagram: its first head_bytes, four bytes of CRC32C, the rest.
[[nodiscard]] inline Bytes with_right_checksum(ByteView datagram, std::size_t head_bytes) {
  Bytes out(datagram.begin(), datagram.end());
  if (out.size() < head_bytes + 4) return out;
  const std::uint32_t crc = crc32c(datagram.subspan(head_bytes + 4), crc32c(datagram.first(head_bytes)));
  for (std::size_t i = 0; i < 4; ++i) out[head_bytes + i] = static_cast<std::uint8_t>(crc >> (8 * i));
  return out;
}

// A stream: type, length, CRC32C, body, again and again, as far as that can be followed.
[[nodiscard]] inline Bytes with_right_checksums(ByteView stream) {
  Bytes out(stream.begin(), stream.end());
  for (std::size_t at = 0; at < out.size();) {
    ByteReader in(ByteView(out).subspan(at));
    (void)in.take_varint();
    const auto length = in.take_varint();
    const std::size_t head_bytes = in.position();
    if (!length || !in.take(4) || !in.take(*length)) break;
    const ByteView frame = ByteView(out).subspan(at, in.position());
    const Bytes right = with_right_checksum(frame, head_bytes);
    std::copy(right.begin(), right.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    at += right.size();
  }
  return out;
}

}  // namespace kvferry::fuzz
