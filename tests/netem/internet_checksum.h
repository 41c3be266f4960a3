// SPDX-License-Identifier: MIT
//
// The checksum of IPv4, UDP and TCP headers: RFC 1071, and its update when one word changes, RFC 1624.
#pragma once

#include "protocol/base/bytes.h"

namespace kvferry::netem {

// Of big-endian words; a last odd byte counts as the upper half of one.
[[nodiscard]] std::uint16_t internet_checksum(ByteView bytes);

[[nodiscard]] std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t old_word,
                                             std::uint16_t new_word);

}  // namespace kvferry::netem
