// SPDX-License-Identifier: GPL-2.0-only
//
// Cross traffic through a network's crossings, from one of them after the other:
// TCP flows that always have something to send, and UDP that comes and goes at
// random with a given mean rate. Its packets carry no tags and use ports from
// kFirstPort on, so that a meter that knows the agents' port leaves them out.
#pragma once

#include <ns3/application-container.h>

#include <optional>

#include "protocol/base/result.h"
#include "sim/helper/kv-topology.h"

namespace kvferry::sim {

class KvBackgroundHelper {
 public:
  static constexpr uint16_t kFirstPort = 20000;
  static constexpr uint32_t kMostFlows = 1000;
  static constexpr uint32_t kUdpBytes = 1200;  // payload of a datagram

  void SetTcpFlows(uint32_t count) { m_tcpFlows = count; }  // CUBIC, see KvBulkSocketFactory
  // UDP's mean rate with its IP headers, all flows together: as a share of the network's capacity, or as it
  // is.
  void SetUdpShare(double share) { m_udpShare = share; }
  void SetUdpRate(ns3::DataRate mean) { m_udpRate = mean; }
  void SetUdpFlows(uint32_t count) { m_udpFlows = count; }  // that divide it
  // Means of the exponential times for which a UDP flow sends, and does not. The rate while it sends is the
  // mean rate times (on + off) / on.
  void SetOnOff(ns3::Time on, ns3::Time off);
  void SetStart(ns3::Time start) { m_start = start; }
  // 0: never. TCP then still sends what is in its buffer.
  void SetStop(ns3::Time stop) { m_stop = stop; }

  // What sends and what receives. Errors: a share outside 0 to 1 or of a capacity that is not known, both a
  // share and a rate, less than 1 kbit/s for a flow, too many flows, no crossing, times that are no times.
  [[nodiscard]] Result<ns3::ApplicationContainer> Install(const KvTopology& network) const;

  // Fixes the streams of the applications' random times; returns how many are used.
  static int64_t AssignStreams(const ns3::ApplicationContainer& applications, int64_t stream);

 private:
  [[nodiscard]] Result<void> Check(const KvTopology& network) const;
  [[nodiscard]] uint64_t GetUdpBitsPerSecond(const KvTopology& network) const;
  void InstallTcp(const KvCrossing& crossing, uint16_t port, ns3::ApplicationContainer& to) const;
  void InstallUdp(const KvCrossing& crossing, uint16_t port, uint64_t bitsPerSecond,
                  ns3::ApplicationContainer& to) const;

  uint32_t m_tcpFlows = 0;
  std::optional<double> m_udpShare;
  std::optional<ns3::DataRate> m_udpRate;
  uint32_t m_udpFlows = 1;
  ns3::Time m_on = ns3::MilliSeconds(100);
  ns3::Time m_off = ns3::MilliSeconds(100);
  ns3::Time m_start;
  ns3::Time m_stop;
};

}  // namespace kvferry::sim
