// SPDX-License-Identifier: GPL-2.0-only
//
// A point-to-point link with a rate. Without a queue discipline the drop-tail
// queue is the device's own and the only one.
#pragma once

#include "sim/helper/kv-link.h"

namespace kvferry::sim {

class KvLinkHelper final : public KvLink {
 public:
  void SetDataRate(ns3::DataRate rate) { m_rate = rate; }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] ns3::DataRate GetCapacity() const override { return m_rate; }
  [[nodiscard]] ns3::NetDeviceContainer Install(ns3::Ptr<ns3::Node> a, ns3::Ptr<ns3::Node> b) const override;

 private:
  ns3::DataRate m_rate{"5Mbps"};
};

}  // namespace kvferry::sim
