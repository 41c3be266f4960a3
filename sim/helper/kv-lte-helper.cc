// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-lte-helper.h"

#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/icmpv6-l4-protocol.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4.h>
#include <ns3/ipv6-static-routing-helper.h>
#include <ns3/ipv6.h>
#include <ns3/lte-helper.h>
#include <ns3/point-to-point-epc-helper.h>
#include <ns3/uinteger.h>

#include <cmath>

#include "sim/helper/kv-addressing.h"
#include "sim/helper/kv-layout.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

// The UEs' ranges, which the core network's helper fixes.
const Ipv4Address kUes4("7.0.0.0");
const Ipv4Mask kUesMask4("255.0.0.0");
const Ipv6Address kUes6("7777:f00d::");
const Ipv6Prefix kUesPrefix6(64);
constexpr uint32_t kUeInterface = 1;  // after the loopback

std::vector<Address> AssignUes(Ptr<EpcHelper> core, const NetDeviceContainer& devices, int ipVersion) {
  std::vector<Address> addresses;
  if (ipVersion == 4) {
    const auto interfaces = core->AssignUeIpv4Address(devices);
    for (uint32_t i = 0; i < devices.GetN(); ++i) addresses.push_back(interfaces.GetAddress(i));
  } else {
    const auto interfaces = core->AssignUeIpv6Address(devices);
    for (uint32_t i = 0; i < devices.GetN(); ++i) addresses.push_back(interfaces.GetAddress(i, 1));
  }
  return addresses;
}

void RouteUe(Ptr<Node> ue, Ptr<EpcHelper> core, int ipVersion) {
  if (ipVersion == 4) {
    Ipv4StaticRoutingHelper()
        .GetStaticRouting(ue->GetObject<Ipv4>())
        ->SetDefaultRoute(core->GetUeDefaultGatewayAddress(), kUeInterface);
  } else {
    Ipv6StaticRoutingHelper()
        .GetStaticRouting(ue->GetObject<Ipv6>())
        ->SetDefaultRoute(core->GetUeDefaultGatewayAddress6(), kUeInterface);
  }
}

// The gateway forwards what comes from the host: as it does by itself in version 4.
void RouteHost(Ptr<Node> host, const Address& gateway, Ptr<NetDevice> gatewayDevice, int ipVersion) {
  const uint32_t interface = 1;
  if (ipVersion == 4) {
    Ipv4StaticRoutingHelper()
        .GetStaticRouting(host->GetObject<Ipv4>())
        ->AddNetworkRouteTo(kUes4, kUesMask4, Ipv4Address::ConvertFrom(gateway), interface);
  } else {
    Ipv6StaticRoutingHelper()
        .GetStaticRouting(host->GetObject<Ipv6>())
        ->AddNetworkRouteTo(kUes6, kUesPrefix6, Ipv6Address::ConvertFrom(gateway), interface);
    const auto ip = gatewayDevice->GetNode()->GetObject<Ipv6>();
    ip->SetForwarding(static_cast<uint32_t>(ip->GetInterfaceForDevice(gatewayDevice)), true);
  }
}

}  // namespace

KvLinkHelper KvLteHelper::Internet() {
  KvLinkHelper link;
  link.SetDataRate(DataRate("1Gbps"));
  link.SetDelay(MilliSeconds(10));
  link.SetQueuePackets(1000);
  return link;
}

Result<void> KvLteHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_readers, "readers", 1, kMostReaders); !sound) return sound;
  if (m_distances_m.size() != 1 && m_distances_m.size() != m_readers)
    return Error{std::to_string(m_distances_m.size()) + " distances, expected one for each of " +
                 std::to_string(m_readers) + " readers"};
  for (const auto distance : m_distances_m) {
    if (!(distance >= 0 && std::isfinite(distance)))
      return Error{"a distance of " + std::to_string(distance) + " m, expected 0 or more"};
  }
  if (m_rlcBufferBytes < 1500)
    return Error{"an RLC buffer of " + std::to_string(m_rlcBufferBytes) + " bytes, expected at least 1500"};
  return m_backhaul.Check();
}

void KvLteHelper::Place(const KvTopology& network, Ptr<Node> station) const {
  KvLayout::Place(station, 0, 0);
  for (uint32_t i = 0; i < m_readers; ++i) {
    const double distance = m_distances_m[m_distances_m.size() == 1 ? 0 : i];
    const double angle = 2 * M_PI * i / m_readers;
    KvLayout::Place(network.readers.Get(i), distance * std::cos(angle), distance * std::sin(angle));
  }
}

Result<KvTopology> KvLteHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("lte");
  Config::SetDefault("ns3::LteRlcUm::MaxTxBufferSize", UintegerValue(m_rlcBufferBytes));
  auto lte = CreateObject<LteHelper>();
  auto core = CreateObject<PointToPointEpcHelper>();
  lte->SetEpcHelper(core);
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.readers.Create(m_readers);
  const auto station = CreateObject<Node>();
  network.others = NodeContainer(NodeContainer(station), NodeContainer(core->GetPgwNode()));
  Place(network, station);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(NodeContainer(network.sources, network.readers));
  const auto backhaul = m_backhaul.Install(network.sources.Get(0), core->GetPgwNode());
  const auto ends = addressing.AssignLink(backhaul);
  RouteHost(network.sources.Get(0), ends[1], backhaul.Get(1), GetIpVersion());
  const auto cell = lte->InstallEnbDevice(NodeContainer(station));
  const auto ues = lte->InstallUeDevice(network.readers);
  network.readerAddresses = AssignUes(core, ues, GetIpVersion());
  for (uint32_t i = 0; i < m_readers; ++i) {
    RouteUe(network.readers.Get(i), core, GetIpVersion());
    lte->Attach(ues.Get(i), cell.Get(0));
    network.crossings.push_back({network.sources.Get(0), network.readers.Get(i), network.readerAddresses[i]});
  }
  network.sourceAddresses = {ends[0]};
  network.remotes.assign(m_readers, ends[0]);
  network.devices = NetDeviceContainer(backhaul.Get(0));
  network.devices.Add(ues);
  network.meteredAtNodes = true;
  network.ready = MilliSeconds(500);
  const NetDeviceContainer radios(cell, ues);
  network.assignRadioStreams = [lte, core, radios](int64_t stream) {
    return lte->AssignStreams(radios, stream);
  };
  return network;
}

}  // namespace kvferry::sim
