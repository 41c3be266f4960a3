// SPDX-License-Identifier: GPL-2.0-only
//
// What every link between two nodes has, whatever gives it its capacity: a
// delay, a queue, a discipline above it, and losses. KvLinkHelper has a rate,
// KvTraceLinkHelper a recording.
#pragma once

#include <ns3/data-rate.h>
#include <ns3/net-device-container.h>
#include <ns3/node.h>
#include <ns3/nstime.h>

#include <string>

#include "protocol/base/result.h"
#include "sim/helper/kv-loss.h"

namespace kvferry::sim {

class KvLink {
 public:
  virtual ~KvLink() = default;

  void SetDelay(ns3::Time oneWay) { m_delay = oneWay; }
  // In the device's queue, or where there is a discipline in that.
  void SetQueuePackets(uint32_t packets) { m_queuePackets = packets; }
  // A name that KvQueueDiscipline knows; Fifo unless it is set.
  void SetQueueDiscipline(const std::string& name) { m_discipline = name; }
  void SetLoss(double probability) { m_loss = KvLoss::Independent(probability); }  // of each packet, each way
  void SetLoss(const KvLoss& loss) { m_loss = loss; }

  // Errors: a negative delay, no queue, a discipline that there is not, what KvLoss says, no capacity.
  [[nodiscard]] virtual Result<void> Check() const;
  // From the first node to the second; of a recording the mean.
  [[nodiscard]] virtual ns3::DataRate GetCapacity() const = 0;
  // Two devices, the first on `a`, of what Check() accepts. Install the internet stack before; addresses
  // after.
  [[nodiscard]] virtual ns3::NetDeviceContainer Install(ns3::Ptr<ns3::Node> a,
                                                        ns3::Ptr<ns3::Node> b) const = 0;

  // Fixes the streams of the loss models; returns how many are used.
  static int64_t AssignStreams(const ns3::NetDeviceContainer& devices, int64_t stream);

 protected:
  KvLink() = default;
  KvLink(const KvLink&) = default;
  KvLink& operator=(const KvLink&) = default;

  [[nodiscard]] bool HasDiscipline() const;
  [[nodiscard]] uint32_t GetDeviceQueuePackets() const;
  void InstallDiscipline(const ns3::NetDeviceContainer& devices) const;
  [[nodiscard]] ns3::Time GetDelay() const { return m_delay; }
  [[nodiscard]] const KvLoss& GetLoss() const { return m_loss; }

 private:
  ns3::Time m_delay = ns3::MilliSeconds(20);
  uint32_t m_queuePackets = 100;
  std::string m_discipline = "Fifo";
  KvLoss m_loss;
};

}  // namespace kvferry::sim
