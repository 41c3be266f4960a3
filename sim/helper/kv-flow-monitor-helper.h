// SPDX-License-Identifier: GPL-2.0-only
//
// ns-3's FlowMonitor on a network's ends: what each flow, agents' and others',
// sent and received, and how long that took. It counts IP packets between the
// first and the last node, beside the meter, which counts on the wire.
#pragma once

#include <ns3/address.h>
#include <ns3/flow-monitor-helper.h>
#include <ns3/nstime.h>

#include <vector>

#include "sim/helper/kv-topology.h"

namespace kvferry::sim {

struct KvFlow {
  ns3::Address from, to;
  uint16_t fromPort = 0;
  uint16_t toPort = 0;
  uint8_t protocol = 0;  // 6: TCP, 17: UDP
  uint64_t sentBytes = 0, receivedBytes = 0;
  uint64_t sentPackets = 0, receivedPackets = 0;
  uint64_t lostPackets = 0;  // sent and not received, at the end of the run
  ns3::Time meanDelay;       // of those received
  ns3::Time meanJitter;
};

// Must outlive the simulation run.
class KvFlowMonitorHelper {
 public:
  // Once, before the run.
  void Install(const KvTopology& network);
  // After it, in the order in which flows began.
  [[nodiscard]] std::vector<KvFlow> GetFlows();

 private:
  ns3::FlowMonitorHelper m_helper;
  int m_ipVersion = 4;
};

}  // namespace kvferry::sim
