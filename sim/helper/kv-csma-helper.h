// SPDX-License-Identifier: GPL-2.0-only
//
// A source, readers and contenders on one Ethernet-like bus (ns-3's CSMA):
// one of them sends at a time, the others wait and back off.
#pragma once

#include "sim/helper/kv-loss.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvCsmaHelper final : public KvTopologyHelper {
 public:
  static constexpr uint32_t kMostStations = 500;

  void SetReaders(uint32_t count) { m_readers = count; }
  // They send cross traffic to the source's node.
  void SetContenders(uint32_t count) { m_contenders = count; }
  void SetDataRate(ns3::DataRate rate) { m_rate = rate; }
  void SetDelay(ns3::Time oneWay) { m_delay = oneWay; }
  void SetQueuePackets(uint32_t packets) { m_queuePackets = packets; }
  // A name that KvQueueDiscipline knows.
  void SetQueueDiscipline(const std::string& name) { m_discipline = name; }
  void SetLoss(const KvLoss& loss) { m_loss = loss; }  // at every receiver

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  [[nodiscard]] ns3::NetDeviceContainer InstallDevices(const ns3::NodeContainer& nodes) const;

  uint32_t m_readers = 1;
  uint32_t m_contenders = 0;
  ns3::DataRate m_rate{"100Mbps"};
  ns3::Time m_delay = ns3::MicroSeconds(2);
  uint32_t m_queuePackets = 100;
  std::string m_discipline = "Fifo";
  KvLoss m_loss;
};

}  // namespace kvferry::sim
