// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-background-helper.h"

#include <ns3/bulk-send-helper.h>
#include <ns3/double.h>
#include <ns3/inet-socket-address.h>
#include <ns3/inet6-socket-address.h>
#include <ns3/on-off-helper.h>
#include <ns3/onoff-application.h>
#include <ns3/packet-sink-helper.h>
#include <ns3/pointer.h>
#include <ns3/random-variable-stream.h>
#include <ns3/udp-socket-factory.h>
#include <ns3/uinteger.h>

#include <string>

#include "sim/model/kv-bulk-socket-factory.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

constexpr uint32_t kTcpWriteBytes = 1428;
constexpr uint64_t kLeastBitsPerSecond = 1000;

Address WithPort(const Address& address, uint16_t port) {
  if (Ipv6Address::IsMatchingType(address))
    return Inet6SocketAddress(Ipv6Address::ConvertFrom(address), port);
  return InetSocketAddress(Ipv4Address::ConvertFrom(address), port);
}

uint32_t IpAndUdpBytes(const Address& address) { return Ipv6Address::IsMatchingType(address) ? 48 : 28; }

Ptr<RandomVariableStream> Exponential(ns3::Time mean) {
  return CreateObjectWithAttributes<ExponentialRandomVariable>("Mean", DoubleValue(mean.GetSeconds()));
}

}  // namespace

void KvBackgroundHelper::SetOnOff(ns3::Time on, ns3::Time off) {
  m_on = on;
  m_off = off;
}

Result<void> KvBackgroundHelper::Check(const KvTopology& network) const {
  if (network.crossings.empty()) return Error{"the network has nowhere to send from"};
  if (m_tcpFlows > kMostFlows || m_udpFlows > kMostFlows)
    return Error{std::to_string(std::max(m_tcpFlows, m_udpFlows)) + " flows, expected at most " +
                 std::to_string(kMostFlows)};
  if (m_udpShare && m_udpRate) return Error{"a share and a rate, expected one of them"};
  if (m_udpShare && !(*m_udpShare >= 0 && *m_udpShare <= 1))
    return Error{"a share of " + std::to_string(*m_udpShare) + ", expected 0 to 1"};
  if (m_udpShare && network.capacity.GetBitRate() == 0)
    return Error{"a share of a capacity that is not known, expected a rate"};
  if ((m_udpShare || m_udpRate) && m_udpFlows == 0) return Error{"UDP in 0 flows, expected at least 1"};
  const auto udp = GetUdpBitsPerSecond(network) / std::max(m_udpFlows, uint32_t{1});
  if (udp > 0 && udp < kLeastBitsPerSecond)
    return Error{"UDP flows of " + std::to_string(udp) + " bit/s, expected 0 or at least " +
                 std::to_string(kLeastBitsPerSecond)};
  if (!m_on.IsStrictlyPositive() || m_off.IsStrictlyNegative())
    return Error{"UDP's times, expected more than 0 on and not less than 0 off"};
  if (m_start.IsStrictlyNegative() || m_stop.IsStrictlyNegative() || (!m_stop.IsZero() && m_stop <= m_start))
    return Error{"it stops before it starts, expected a start of 0 or more and a later stop"};
  return {};
}

uint64_t KvBackgroundHelper::GetUdpBitsPerSecond(const KvTopology& network) const {
  if (m_udpRate) return m_udpRate->GetBitRate();
  return static_cast<uint64_t>(m_udpShare.value_or(0) * static_cast<double>(network.capacity.GetBitRate()));
}

Result<ApplicationContainer> KvBackgroundHelper::Install(const KvTopology& network) const {
  if (auto sound = Check(network); !sound) return sound.error().in("background");
  ApplicationContainer applications;
  uint16_t port = kFirstPort;
  size_t turn = 0;
  const auto next = [&]() -> const KvCrossing& {
    return network.crossings[turn++ % network.crossings.size()];
  };
  for (uint32_t i = 0; i < m_tcpFlows; ++i) InstallTcp(next(), port++, applications);
  const auto udp = GetUdpBitsPerSecond(network) / std::max(m_udpFlows, uint32_t{1});
  for (uint32_t i = 0; udp > 0 && i < m_udpFlows; ++i) InstallUdp(next(), port++, udp, applications);
  applications.Start(m_start);
  if (!m_stop.IsZero()) applications.Stop(m_stop);
  return applications;
}

void KvBackgroundHelper::InstallTcp(const KvCrossing& crossing, uint16_t port,
                                    ApplicationContainer& to) const {
  const auto factory = KvBulkSocketFactory::GetTypeId().GetName();
  KvBulkSocketFactory::InstallOn(crossing.from);
  KvBulkSocketFactory::InstallOn(crossing.to);
  const auto address = WithPort(crossing.address, port);
  BulkSendHelper bulk(factory, address);
  bulk.SetAttribute("SendSize", UintegerValue(kTcpWriteBytes));
  to.Add(bulk.Install(crossing.from));
  to.Add(PacketSinkHelper(factory, address).Install(crossing.to));
}

void KvBackgroundHelper::InstallUdp(const KvCrossing& crossing, uint16_t port, uint64_t bitsPerSecond,
                                    ApplicationContainer& to) const {
  const auto factory = UdpSocketFactory::GetTypeId().GetName();
  const auto address = WithPort(crossing.address, port);
  const double payloadShare = static_cast<double>(kUdpBytes) / (kUdpBytes + IpAndUdpBytes(crossing.address));
  const double peak =
      static_cast<double>(bitsPerSecond) * payloadShare * (m_on + m_off).GetSeconds() / m_on.GetSeconds();
  OnOffHelper onOff(factory, address);
  onOff.SetAttribute("DataRate", DataRateValue(DataRate(static_cast<uint64_t>(peak))));
  onOff.SetAttribute("PacketSize", UintegerValue(kUdpBytes));
  auto sender = onOff.Install(crossing.from);
  sender.Get(0)->SetAttribute("OnTime", PointerValue(Exponential(m_on)));
  if (m_off.IsZero()) {
    sender.Get(0)->SetAttribute("OffTime", PointerValue(CreateObjectWithAttributes<ConstantRandomVariable>(
                                               "Constant", DoubleValue(0))));
  } else {
    sender.Get(0)->SetAttribute("OffTime", PointerValue(Exponential(m_off)));
  }
  to.Add(sender);
  to.Add(PacketSinkHelper(factory, address).Install(crossing.to));
}

int64_t KvBackgroundHelper::AssignStreams(const ApplicationContainer& applications, int64_t stream) {
  int64_t used = 0;
  for (uint32_t i = 0; i < applications.GetN(); ++i) {
    if (auto onOff = DynamicCast<OnOffApplication>(applications.Get(i)))
      used += onOff->AssignStreams(stream + used);
  }
  return used;
}

}  // namespace kvferry::sim
