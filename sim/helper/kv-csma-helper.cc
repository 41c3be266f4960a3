// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-csma-helper.h"

#include <ns3/csma-helper.h>
#include <ns3/csma-net-device.h>
#include <ns3/pointer.h>
#include <ns3/queue-size.h>

#include <algorithm>

#include "sim/helper/kv-addressing.h"
#include "sim/helper/kv-queue-discipline.h"

namespace kvferry::sim {

using namespace ns3;

Result<void> KvCsmaHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_readers, "readers", 1, kMostStations); !sound) return sound;
  if (auto sound = CheckCount(m_contenders, "contenders", 0, kMostStations); !sound) return sound;
  if (m_rate.GetBitRate() == 0) return Error{"a rate of 0, expected more"};
  if (m_delay.IsStrictlyNegative()) return Error{"the delay is negative, expected 0 or more"};
  if (m_queuePackets == 0) return Error{"a queue of 0 packets, expected at least 1"};
  if (auto known = KvQueueDiscipline::Parse(m_discipline); !known) return known.error();
  return m_loss.Check();
}

NetDeviceContainer KvCsmaHelper::InstallDevices(const NodeContainer& nodes) const {
  const auto discipline = KvQueueDiscipline::Parse(m_discipline);
  const auto deviceQueue = discipline->IsFifo()
                               ? m_queuePackets
                               : std::min(m_queuePackets, KvQueueDiscipline::kDeviceQueuePackets);
  CsmaHelper bus;
  bus.SetChannelAttribute("DataRate", DataRateValue(m_rate));
  bus.SetChannelAttribute("Delay", TimeValue(m_delay));
  bus.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize",
               QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, deviceQueue)));
  if (discipline->IsFifo()) bus.DisableFlowControl();
  const auto devices = bus.Install(nodes);
  for (uint32_t i = 0; i < devices.GetN(); ++i)
    devices.Get(i)->SetAttribute("ReceiveErrorModel", PointerValue(m_loss.Create()));
  discipline->Install(devices, m_queuePackets);
  return devices;
}

Result<KvTopology> KvCsmaHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("csma");
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.readers.Create(m_readers);
  network.others.Create(m_contenders);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(network.GetNodes());
  const auto devices = InstallDevices(network.GetNodes());
  const auto addresses = addressing.AssignLan(devices);
  network.sourceAddresses = {addresses[0]};
  network.remotes.assign(m_readers, addresses[0]);
  network.readerAddresses.assign(addresses.begin() + 1, addresses.begin() + 1 + m_readers);
  for (uint32_t i = 0; i <= m_readers; ++i) network.devices.Add(devices.Get(i));
  network.meteredAtNodes = true;
  network.devicesTellDrops = true;
  network.capacity = m_rate;
  for (uint32_t i = 0; i < m_contenders; ++i)
    network.crossings.push_back({network.others.Get(i), network.sources.Get(0), addresses[0]});
  for (uint32_t i = 0; m_contenders == 0 && i < m_readers; ++i)
    network.crossings.push_back({network.sources.Get(0), network.readers.Get(i), addresses[1 + i]});
  return network;
}

}  // namespace kvferry::sim
