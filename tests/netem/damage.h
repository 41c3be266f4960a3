// SPDX-License-Identifier: MIT
//
// What corruption on the way does to a packet: one bit flips.
#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/rng.h"

namespace kvferry::netem {

// In UDP a bit of the payload, and the checksum is put right: the program has to notice. In all else a bit
// behind the IP header: the receiving kernel notices, and drops the packet.
void damage(Bytes& packet, Rng& rng);

}  // namespace kvferry::netem
