// SPDX-License-Identifier: GPL-2.0-only
//
// A link whose two directions follow recorded traces.
#pragma once

#include <memory>

#include "sim/helper/kv-link.h"
#include "sim/model/kv-delivery-trace.h"

namespace kvferry::sim {

class KvTraceLinkHelper final : public KvLink {
 public:
  // From the first node to the second, and back.
  void SetTraces(std::shared_ptr<const KvDeliveryTrace> forth, std::shared_ptr<const KvDeliveryTrace> back);
  void SetTraceStart(ns3::Time start) { m_start = start; }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] ns3::DataRate GetCapacity() const override;
  [[nodiscard]] ns3::NetDeviceContainer Install(ns3::Ptr<ns3::Node> a, ns3::Ptr<ns3::Node> b) const override;

 private:
  std::shared_ptr<const KvDeliveryTrace> m_forth, m_back;
  ns3::Time m_start;
};

}  // namespace kvferry::sim
