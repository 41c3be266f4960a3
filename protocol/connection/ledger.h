// SPDX-License-Identifier: MIT
//
// Every byte a connection sends or receives, by class. The classes of what was
// sent add up exactly to the bytes that poll_transmit() handed out.
#pragma once

#include <cstdint>

namespace kvferry {

struct ByteClasses {
  std::uint64_t payload = 0;        // chunk bytes, the first time
  std::uint64_t framing = 0;        // frame and packet headers around payload and control, checksums, padding
  std::uint64_t signalling = 0;     // messages and manifests, the first time
  std::uint64_t acks = 0;           // ACK and PROGRESS frames, and packets that carry nothing else
  std::uint64_t retransmitted = 0;  // chunk and control bytes sent again (received: already here)
  std::uint64_t fec = 0;            // repair packets

  [[nodiscard]] std::uint64_t total() const {
    return payload + framing + signalling + acks + retransmitted + fec;
  }
  bool operator==(const ByteClasses&) const = default;
};

struct Ledger {
  ByteClasses sent;
  ByteClasses received;  // datagrams that were damaged or not ours count as framing
};

}  // namespace kvferry
