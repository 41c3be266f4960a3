// SPDX-License-Identifier: MIT
//
// A NAT between the client and the link that forgets its bindings now and then: the server sees the client
// move to another address and port, the client sees nothing.
#pragma once

#include "protocol/base/time.h"
#include "tests/netem/ipv4_packet.h"

namespace kvferry::netem {

class Rebinding {
 public:
  // Moves whenever `every` has passed since `start`. Addresses stay in the client's network of 256.
  Rebinding(Duration every, Time start) : every_(every), start_(start) {}

  // From the client: puts in where it is now. Packets that are neither TCP nor UDP stay as they are.
  void handle_outbound(Time now, Bytes& packet) const;
  // To the client: puts in the client's own address. False: it is no longer there, and the packet is lost.
  [[nodiscard]] bool handle_inbound(Time now, Bytes& packet) const;

 private:
  [[nodiscard]] std::uint32_t moves(Time now) const;

  Duration every_;
  Time start_;
};

}  // namespace kvferry::netem
