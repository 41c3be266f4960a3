// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-chain-helper.h"

#include "sim/helper/kv-addressing.h"

namespace kvferry::sim {

Result<void> KvChainHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_hops, "hops", 1, kMostHops); !sound) return sound;
  return m_link->Check();
}

Result<KvTopology> KvChainHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("chain");
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.relays.Create(m_hops - 1);
  network.readers.Create(1);
  const auto row = network.GetAgentNodes();
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(row);
  for (uint32_t hop = 0; hop < m_hops; ++hop) {
    const auto devices = m_link->Install(row.Get(hop), row.Get(hop + 1));
    const auto addresses = addressing.AssignLink(devices);
    network.devices.Add(devices);
    (hop == 0 ? network.sourceAddresses : network.relayAddresses).push_back(addresses[0]);
    if (hop + 1 == m_hops) network.readerAddresses = {addresses[1]};
  }
  addressing.InstallRoutes();
  network.remotes = network.sourceAddresses;
  network.capacity = m_link->GetCapacity();
  network.crossings = {{network.sources.Get(0), network.readers.Get(0), network.readerAddresses[0]}};
  return network;
}

}  // namespace kvferry::sim
