// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-dumbbell-helper.h"

#include "sim/helper/kv-addressing.h"

namespace kvferry::sim {

using namespace ns3;

KvLinkHelper KvDumbbellHelper::FastLink() {
  KvLinkHelper link;
  link.SetDataRate(DataRate("1Gbps"));
  link.SetDelay(MilliSeconds(1));
  link.SetQueuePackets(10000);
  return link;
}

Result<void> KvDumbbellHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_pairs, "pairs", 1, kMostPairs); !sound) return sound;
  if (auto sound = CheckCount(m_crossPairs, "pairs for cross traffic", 0, kMostPairs); !sound) return sound;
  if (auto sound = m_bottleneck->Check(); !sound) return sound.error().in("bottleneck");
  if (auto sound = m_access.Check(); !sound) return sound.error().in("access");
  if (m_access.GetCapacity() < m_bottleneck->GetCapacity())
    return Error{"access is slower than the bottleneck, expected at least its rate"};
  return {};
}

Result<KvTopology> KvDumbbellHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("dumbbell");
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(m_pairs);
  network.readers.Create(m_pairs);
  NodeContainer routers(2), senders(m_crossPairs), receivers(m_crossPairs);
  network.others = NodeContainer(routers, senders, receivers);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(network.GetNodes());
  network.devices = m_bottleneck->Install(routers.Get(0), routers.Get(1));
  network.capacity = m_bottleneck->GetCapacity();
  addressing.AssignLink(network.devices);
  const auto join = [&](Ptr<Node> node, uint32_t router) {
    return addressing.AssignLink(m_access.Install(node, routers.Get(router))).front();
  };
  for (uint32_t i = 0; i < m_pairs; ++i) {
    network.sourceAddresses.push_back(join(network.sources.Get(i), 0));
    network.readerAddresses.push_back(join(network.readers.Get(i), 1));
    if (m_crossPairs == 0)
      network.crossings.push_back(
          {network.sources.Get(i), network.readers.Get(i), network.readerAddresses[i]});
  }
  for (uint32_t i = 0; i < m_crossPairs; ++i) {
    join(senders.Get(i), 0);
    network.crossings.push_back({senders.Get(i), receivers.Get(i), join(receivers.Get(i), 1)});
  }
  network.remotes = network.sourceAddresses;
  addressing.InstallRoutes();
  return network;
}

}  // namespace kvferry::sim
