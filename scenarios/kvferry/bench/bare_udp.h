// SPDX-License-Identifier: MIT
//
// UDP without a protocol: one thread sends as fast as the kernel takes datagrams, in trains that it cuts
// (UDP_SEGMENT), another counts what arrives. What is lost on the way does not count.
#pragma once

#include "protocol/base/result.h"

namespace kvferry::bench {

struct BareUdpOptions {
  std::size_t datagram_bytes = 1452;
  bool joined = false;  // the kernel hands over trains again (UDP_GRO), instead of datagrams
  double seconds = 1;
};

// Payload bytes a second at the receiver.
[[nodiscard]] Result<double> bare_udp_rate(const BareUdpOptions& options);

}  // namespace kvferry::bench
