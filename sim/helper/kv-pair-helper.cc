// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-pair-helper.h"

#include "sim/helper/kv-addressing.h"

namespace kvferry::sim {

Result<void> KvPairHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  return m_link->Check();
}

Result<KvTopology> KvPairHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("pair");
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.readers.Create(1);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(network.GetNodes());
  network.devices = m_link->Install(network.sources.Get(0), network.readers.Get(0));
  const auto addresses = addressing.AssignLink(network.devices);
  network.sourceAddresses = network.remotes = {addresses[0]};
  network.readerAddresses = {addresses[1]};
  network.capacity = m_link->GetCapacity();
  network.crossings = {{network.sources.Get(0), network.readers.Get(0), addresses[1]}};
  return network;
}

}  // namespace kvferry::sim
