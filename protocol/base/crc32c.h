// SPDX-License-Identifier: MIT
//
// CRC32C (Castagnoli; RFC 3720 appendix B.4): one per frame or packet.
#pragma once

#include "protocol/base/bytes.h"

namespace kvferry {

// crc32c(b, crc32c(a)) is the checksum of a followed by b. crc32c("123456789") is 0xE3069283.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

}  // namespace kvferry
