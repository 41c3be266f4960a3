// SPDX-License-Identifier: MIT
//
// What datagrams of every kind share: a head, CRC32C over all but itself, a body.
#pragma once

#include <optional>

#include "protocol/base/varint.h"

namespace kvferry {

// The whole datagram, in the body's memory if that has room.
[[nodiscard]] Bytes seal_datagram(Bytes head, Bytes body);

// The body of the datagram whose head the reader has just taken; nothing when it is damaged or cut.
[[nodiscard]] std::optional<ByteView> take_sealed_body(ByteReader& in, ByteView datagram);

}  // namespace kvferry
