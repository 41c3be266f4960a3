// SPDX-License-Identifier: MIT
//
// What a server looks at in a stranger's datagram before it keeps anything: is
// it a greeting, and does it bring a token. Everything else of strangers is late
// or lost mail of connections that have ended, or noise.
#pragma once

#include <optional>

#include "protocol/base/bytes.h"

namespace kvferry {

struct FirstPacket {
  std::uint64_t connection_id = 0;
  ByteView token;  // of the datagram; empty when there is none
};
// Nothing unless the packet carries the beginning of the control stream, where HELLO stands, and is as large
// as a first one has to be (SPEC.md, ADR-1).
[[nodiscard]] std::optional<FirstPacket> open_first_packet(ByteView datagram);

}  // namespace kvferry
