// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-star-helper.h"

#include "sim/helper/kv-addressing.h"

namespace kvferry::sim {

void KvStarHelper::SetLinks(const KvLinkHelper& link, const std::vector<ns3::DataRate>& rates) {
  m_links.clear();
  for (const auto& rate : rates) {
    auto own = std::make_shared<KvLinkHelper>(link);
    own->SetDataRate(rate);
    m_links.push_back(own);
  }
}

Result<void> KvStarHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_readers, "readers", 1, kMostReaders); !sound) return sound;
  if (m_links.size() != 1 && m_links.size() != m_readers)
    return Error{std::to_string(m_links.size()) + " rates, expected one for each of " +
                 std::to_string(m_readers) + " readers"};
  for (const auto& link : m_links) {
    if (auto sound = link->Check(); !sound) return sound;
  }
  return {};
}

Result<KvTopology> KvStarHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("star");
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.readers.Create(m_readers);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(network.GetNodes());
  for (uint32_t i = 0; i < m_readers; ++i) {
    const auto& link = m_links[m_links.size() == 1 ? 0 : i];
    const auto devices = link->Install(network.sources.Get(0), network.readers.Get(i));
    const auto addresses = addressing.AssignLink(devices);
    network.devices.Add(devices);
    network.remotes.push_back(addresses[0]);
    network.readerAddresses.push_back(addresses[1]);
    network.crossings.push_back({network.sources.Get(0), network.readers.Get(i), addresses[1]});
    const auto rate = link->GetCapacity();
    if (i == 0 || rate < network.capacity) network.capacity = rate;
  }
  network.sourceAddresses = {network.remotes.front()};
  addressing.InstallRoutes();
  return network;
}

}  // namespace kvferry::sim
