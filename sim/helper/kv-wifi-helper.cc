// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-wifi-helper.h"

#include <ns3/boolean.h>
#include <ns3/ssid.h>
#include <ns3/string.h>
#include <ns3/wifi-helper.h>
#include <ns3/wifi-mode.h>
#include <ns3/wifi-net-device.h>
#include <ns3/wifi-phy.h>
#include <ns3/yans-wifi-helper.h>

#include <cmath>

#include "sim/helper/kv-addressing.h"
#include "sim/helper/kv-layout.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

struct Standard {
  const char* name;
  WifiStandard standard;
  std::vector<std::string> modes;  // by MCS
};

std::vector<std::string> Numbered(const std::string& prefix, uint32_t count) {
  std::vector<std::string> modes;
  for (uint32_t i = 0; i < count; ++i) modes.push_back(prefix + std::to_string(i));
  return modes;
}

std::vector<std::string> Rated(const std::string& prefix, const std::vector<std::string>& rates) {
  std::vector<std::string> modes;
  for (const auto& rate : rates) modes.push_back(prefix + rate + "Mbps");
  return modes;
}

const std::vector<Standard>& Standards() {
  static const std::vector<std::string> ofdm = {"6", "9", "12", "18", "24", "36", "48", "54"};
  static const std::vector<Standard> all = {
      {"802.11a", WIFI_STANDARD_80211a, Rated("OfdmRate", ofdm)},
      {"802.11b", WIFI_STANDARD_80211b, Rated("DsssRate", {"1", "2", "5_5", "11"})},
      {"802.11g", WIFI_STANDARD_80211g, Rated("ErpOfdmRate", ofdm)},
      {"802.11n", WIFI_STANDARD_80211n, Numbered("HtMcs", 8)},
      {"802.11ac", WIFI_STANDARD_80211ac, Numbered("VhtMcs", 10)},
      {"802.11ax", WIFI_STANDARD_80211ax, Numbered("HeMcs", 12)}};
  return all;
}

const Standard* Find(const std::string& name) {
  for (const auto& standard : Standards()) {
    if (name == standard.name) return &standard;
  }
  return nullptr;
}

// Stations listen for a beacon, ten a second, and then all ask at once. Of 20 the last is heard within a
// second, of 60 within 2, of 100 within 5.
ns3::Time TimeToAssociate(uint32_t stations) { return Seconds(1) + MilliSeconds(50 * stations); }

NetDeviceContainer InstallDevices(Ptr<Node> point, const NodeContainer& stations, WifiStandard standard,
                                  const std::string& mode) {
  WifiHelper wifi;
  wifi.SetStandard(standard);
  wifi.DisableFlowControl();
  if (mode.empty()) {
    wifi.SetRemoteStationManager("ns3::IdealWifiManager");
  } else {
    wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager", "DataMode", StringValue(mode));
  }
  YansWifiPhyHelper phy;
  phy.SetChannel(YansWifiChannelHelper::Default().Create());
  WifiMacHelper mac;
  const Ssid ssid("kvferry");
  mac.SetType("ns3::ApWifiMac", "Ssid", SsidValue(ssid));
  auto devices = wifi.Install(phy, mac, point);
  mac.SetType("ns3::StaWifiMac", "Ssid", SsidValue(ssid), "ActiveProbing", BooleanValue(false));
  devices.Add(wifi.Install(phy, mac, stations));
  return devices;
}

// On the air, before any header or wait; one spatial stream, guard interval 800 ns.
DataRate RateOf(const std::string& mode, Ptr<NetDevice> device) {
  if (mode.empty()) return DataRate(0);
  const auto width = DynamicCast<WifiNetDevice>(device)->GetPhy()->GetChannelWidth();
  return DataRate(WifiMode(mode).GetDataRate(width, 800, 1));
}

}  // namespace

Result<void> KvWifiHelper::Check() const {
  if (auto sound = CheckIpVersion(); !sound) return sound;
  if (auto sound = CheckCount(m_readers, "readers", 1, kMostStations); !sound) return sound;
  if (auto sound = CheckCount(m_contenders, "contenders", 0, kMostStations - m_readers); !sound) return sound;
  const auto* standard = Find(m_standard);
  if (!standard)
    return Error{"standard '" + m_standard + "', expected 802.11 followed by a, b, g, n, ac or ax"};
  if (m_mcs && *m_mcs >= standard->modes.size())
    return Error{"MCS " + std::to_string(*m_mcs) + ", expected 0 to " +
                 std::to_string(standard->modes.size() - 1) + " of " + m_standard};
  if (!(m_distance_m >= 0 && std::isfinite(m_distance_m)))
    return Error{"a distance of " + std::to_string(m_distance_m) + " m, expected 0 or more"};
  if (m_wire) return m_wire->Check();
  return {};
}

void KvWifiHelper::Place(const KvTopology& network, Ptr<Node> point) const {
  KvLayout::Place(point, 0, 0);
  if (m_wire) KvLayout::Place(network.sources.Get(0), -m_distance_m - 1, 0);
  const NodeContainer stations(network.readers, network.others);
  const double all = m_readers + m_contenders;
  double number = 0;
  for (uint32_t i = 0; i < stations.GetN(); ++i) {
    if (stations.Get(i) == point) continue;
    const double angle = 2 * M_PI * number++ / all;
    KvLayout::Place(stations.Get(i), m_distance_m * std::cos(angle), m_distance_m * std::sin(angle));
  }
}

Result<KvTopology> KvWifiHelper::Install() const {
  if (auto sound = Check(); !sound) return sound.error().in("wifi");
  const auto* standard = Find(m_standard);
  const auto mode = m_mcs ? standard->modes[*m_mcs] : "";
  KvTopology network;
  network.ipVersion = GetIpVersion();
  network.sources.Create(1);
  network.readers.Create(m_readers);
  NodeContainer contenders(m_contenders);
  const auto point = m_wire ? CreateObject<Node>() : network.sources.Get(0);
  network.others = m_wire ? NodeContainer(NodeContainer(point), contenders) : contenders;
  Place(network, point);
  KvAddressing addressing(GetIpVersion());
  addressing.InstallStack(network.GetNodes());
  const auto air =
      InstallDevices(point, NodeContainer(network.readers, contenders), standard->standard, mode);
  const auto addresses = addressing.AssignLan(air);
  auto source = addresses[0];
  network.devices.Add(air.Get(0));
  if (m_wire) {
    const auto wire = m_wire->Install(network.sources.Get(0), point);
    source = addressing.AssignLink(wire)[0];
    network.devices = NetDeviceContainer(wire.Get(0));
  }
  addressing.InstallRoutes();
  network.sourceAddresses = {source};
  network.remotes.assign(m_readers, source);
  network.readerAddresses.assign(addresses.begin() + 1, addresses.begin() + 1 + m_readers);
  for (uint32_t i = 0; i < m_readers; ++i) network.devices.Add(air.Get(1 + i));
  for (uint32_t i = 0; i < m_contenders; ++i)
    network.crossings.push_back({contenders.Get(i), network.sources.Get(0), source});
  for (uint32_t i = 0; m_contenders == 0 && i < m_readers; ++i)
    network.crossings.push_back({network.sources.Get(0), network.readers.Get(i), addresses[1 + i]});
  network.meteredAtNodes = true;
  network.capacity = RateOf(mode, air.Get(0));
  network.ready = TimeToAssociate(m_readers + m_contenders);
  network.assignRadioStreams = [air](int64_t stream) { return WifiHelper().AssignStreams(air, stream); };
  return network;
}

}  // namespace kvferry::sim
