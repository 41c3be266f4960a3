// SPDX-License-Identifier: GPL-2.0-only
//
// A point-to-point link with rate, delay, a drop-tail queue and random loss in
// both directions. The queue is the device's own and the only one: no queue
// discipline is put above it.
#pragma once

#include <ns3/data-rate.h>
#include <ns3/net-device-container.h>
#include <ns3/node.h>
#include <ns3/nstime.h>

namespace kvferry::sim {

class KvLinkHelper {
 public:
  void SetDataRate(ns3::DataRate rate) { m_rate = rate; }
  void SetDelay(ns3::Time oneWay) { m_delay = oneWay; }
  void SetQueuePackets(uint32_t packets) { m_queuePackets = packets; }
  void SetLoss(double probability) { m_loss = probability; }  // of each packet, per direction

  // Two devices, the first on `a`. Install the internet stack before; addresses after.
  [[nodiscard]] ns3::NetDeviceContainer Install(ns3::Ptr<ns3::Node> a, ns3::Ptr<ns3::Node> b) const;

  // Fixes the streams of the loss models; returns how many are used.
  static int64_t AssignStreams(const ns3::NetDeviceContainer& devices, int64_t stream);

 private:
  ns3::DataRate m_rate{"5Mbps"};
  ns3::Time m_delay = ns3::MilliSeconds(20);
  uint32_t m_queuePackets = 100;
  double m_loss = 0;
};

}  // namespace kvferry::sim
