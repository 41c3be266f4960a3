// SPDX-License-Identifier: GPL-2.0-only
//
// A link whose two directions follow recorded traces, with a delay, drop-tail queues and random loss.
#pragma once

#include <ns3/net-device-container.h>
#include <ns3/node.h>
#include <ns3/nstime.h>

#include <memory>

#include "sim/model/kv-delivery-trace.h"

namespace kvferry::sim {

class KvTraceLinkHelper {
 public:
  // From the first node to the second, and back.
  void SetTraces(std::shared_ptr<const KvDeliveryTrace> forth, std::shared_ptr<const KvDeliveryTrace> back);
  void SetTraceStart(ns3::Time start) { m_start = start; }
  void SetDelay(ns3::Time oneWay) { m_delay = oneWay; }
  void SetQueuePackets(uint32_t packets) { m_queuePackets = packets; }
  void SetLoss(double probability) { m_loss = probability; }  // of each packet, per direction

  // Two devices, the first on `a`. Install the internet stack before; addresses after.
  [[nodiscard]] ns3::NetDeviceContainer Install(ns3::Ptr<ns3::Node> a, ns3::Ptr<ns3::Node> b) const;

 private:
  std::shared_ptr<const KvDeliveryTrace> m_forth, m_back;
  ns3::Time m_start;
  ns3::Time m_delay = ns3::MilliSeconds(20);
  uint32_t m_queuePackets = 100;
  double m_loss = 0;
};

}  // namespace kvferry::sim
