// SPDX-License-Identifier: GPL-2.0-only
//
// Joins two trace-driven devices; each direction takes the same time.
#pragma once

#include <ns3/channel.h>
#include <ns3/nstime.h>
#include <ns3/packet.h>

#include <vector>

namespace kvferry::sim {

class KvTraceNetDevice;

class KvTraceChannel final : public ns3::Channel {
 public:
  static ns3::TypeId GetTypeId();

  // At most two.
  void Attach(ns3::Ptr<KvTraceNetDevice> device);
  // The other end gets it after the delay.
  void Transmit(ns3::Ptr<const ns3::Packet> packet, const KvTraceNetDevice* from);

  [[nodiscard]] std::size_t GetNDevices() const override { return m_devices.size(); }
  [[nodiscard]] ns3::Ptr<ns3::NetDevice> GetDevice(std::size_t i) const override;
  // Null before both are there.
  [[nodiscard]] ns3::Ptr<KvTraceNetDevice> GetPeer(const KvTraceNetDevice* device) const;

 private:
  void DoDispose() override;

  ns3::Time m_delay;
  std::vector<ns3::Ptr<KvTraceNetDevice>> m_devices;
};

}  // namespace kvferry::sim
