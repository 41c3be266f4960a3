// SPDX-License-Identifier: GPL-2.0-only
//
// Captures of a network's devices, which Wireshark reads; with the project's
// dissector (protocol/wireshark) down to frames and packets of the protocol. TCP on
// the agents' port is another protocol's to Wireshark: -d tcp.port==4840,kvferry.
#pragma once

#include <string>

#include "protocol/base/result.h"
#include "sim/helper/kv-topology.h"

namespace kvferry::sim {

class KvPcapHelper {
 public:
  // Of each device that counts, in PREFIX-NODE-DEVICE.pcap: what a PPP device sends and receives, as PPP; of
  // CSMA Ethernet, of Wi-Fi 802.11. Of LTE the source's wire, not the radio. Errors: no file can be made
  // there.
  static Result<void> Enable(const std::string& prefix, const KvTopology& network);
};

}  // namespace kvferry::sim
