// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-flow-monitor-helper.h"

#include <ns3/flow-monitor.h>
#include <ns3/ipv4-flow-classifier.h>
#include <ns3/ipv6-flow-classifier.h>

namespace kvferry::sim {

using namespace ns3;

namespace {

template <typename Classifier>
KvFlow Describe(Ptr<FlowClassifier> classifier, FlowId id, const FlowMonitor::FlowStats& stats) {
  const auto tuple = DynamicCast<Classifier>(classifier)->FindFlow(id);
  KvFlow flow;
  flow.from = tuple.sourceAddress;
  flow.to = tuple.destinationAddress;
  flow.fromPort = tuple.sourcePort;
  flow.toPort = tuple.destinationPort;
  flow.protocol = tuple.protocol;
  flow.sentBytes = stats.txBytes;
  flow.receivedBytes = stats.rxBytes;
  flow.sentPackets = stats.txPackets;
  flow.receivedPackets = stats.rxPackets;
  flow.lostPackets = stats.txPackets - stats.rxPackets;
  if (stats.rxPackets > 0) flow.meanDelay = stats.delaySum / static_cast<int64_t>(stats.rxPackets);
  if (stats.rxPackets > 1) flow.meanJitter = stats.jitterSum / static_cast<int64_t>(stats.rxPackets - 1);
  return flow;
}

}  // namespace

void KvFlowMonitorHelper::Install(const KvTopology& network) {
  NodeContainer ends = network.GetAgentNodes();
  for (const auto& crossing : network.crossings) {
    for (const auto& node : {crossing.from, crossing.to}) {
      if (!ends.Contains(node->GetId())) ends.Add(node);
    }
  }
  m_ipVersion = network.ipVersion;
  m_helper.Install(ends);
}

std::vector<KvFlow> KvFlowMonitorHelper::GetFlows() {
  std::vector<KvFlow> flows;
  for (const auto& [id, stats] : m_helper.GetMonitor()->GetFlowStats()) {
    flows.push_back(m_ipVersion == 4 ? Describe<Ipv4FlowClassifier>(m_helper.GetClassifier(), id, stats)
                                     : Describe<Ipv6FlowClassifier>(m_helper.GetClassifier6(), id, stats));
  }
  return flows;
}

}  // namespace kvferry::sim
