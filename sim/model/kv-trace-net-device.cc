// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-trace-net-device.h"

#include <ns3/abort.h>
#include <ns3/node.h>
#include <ns3/pointer.h>
#include <ns3/ppp-header.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/model/kv-trace-channel.h"

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvTraceNetDevice);

namespace {

constexpr uint16_t kPppIpv4 = 0x0021;
constexpr uint16_t kPppIpv6 = 0x0057;
constexpr uint16_t kEtherIpv4 = 0x0800;
constexpr uint16_t kEtherIpv6 = 0x86dd;

uint64_t SizeOnLink(Ptr<const Packet> packet) { return packet->GetSize() - PppHeader().GetSerializedSize(); }

}  // namespace

TypeId KvTraceNetDevice::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::sim::KvTraceNetDevice")
          .SetParent<NetDevice>()
          .SetGroupName("Kvferry")
          .AddConstructor<KvTraceNetDevice>()
          .AddAttribute("Mtu", "Largest packet of IP.", UintegerValue(1500),
                        MakeUintegerAccessor(&KvTraceNetDevice::SetMtu, &KvTraceNetDevice::GetMtu),
                        MakeUintegerChecker<uint16_t>(68))
          .AddAttribute("TraceStart", "Where in the trace the simulation begins.", TimeValue(ns3::Time(0)),
                        MakeTimeAccessor(&KvTraceNetDevice::m_traceStart), MakeTimeChecker(ns3::Time(0)))
          .AddAttribute("TxQueue", "What waits for opportunities.", PointerValue(),
                        MakePointerAccessor(&KvTraceNetDevice::m_queue), MakePointerChecker<Queue<Packet>>())
          .AddAttribute("ReceiveErrorModel", "Loses packets that arrive.", PointerValue(),
                        MakePointerAccessor(&KvTraceNetDevice::m_errors), MakePointerChecker<ErrorModel>())
          .AddTraceSource("MacTx", "A packet came from above.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_macTxTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("MacTxDrop", "The queue had no room.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_macTxDropTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("PhyTxBegin", "Its first byte left.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_phyTxBeginTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("PhyTxEnd", "Its last byte left.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_phyTxEndTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("PhyRxEnd", "A packet arrived.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_phyRxEndTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("PhyRxDrop", "The error model lost it.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_phyRxDropTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("MacRx", "It goes up.", MakeTraceSourceAccessor(&KvTraceNetDevice::m_macRxTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("Sniffer", "Whatever leaves or arrives.",
                          MakeTraceSourceAccessor(&KvTraceNetDevice::m_snifferTrace),
                          "ns3::Packet::TracedCallback");
  return tid;
}

void KvTraceNetDevice::Attach(Ptr<KvTraceChannel> channel) {
  m_channel = channel;
  channel->Attach(this);
  m_linkChanges();
}

Ptr<Channel> KvTraceNetDevice::GetChannel() const { return m_channel; }

bool KvTraceNetDevice::SetMtu(const uint16_t mtu) {
  m_mtu = mtu;
  return true;
}

void KvTraceNetDevice::AddLinkChangeCallback(Callback<void> callback) {
  m_linkChanges.ConnectWithoutContext(callback);
}

bool KvTraceNetDevice::SendFrom(Ptr<Packet>, const Address&, const Address&, uint16_t) { return false; }

bool KvTraceNetDevice::Send(Ptr<Packet> packet, const Address&, uint16_t protocol) {
  NS_ABORT_MSG_UNLESS(m_trace && m_queue, "KvTraceNetDevice: no trace or no queue, expected both");
  NS_ABORT_MSG_UNLESS(protocol == kEtherIpv4 || protocol == kEtherIpv6,
                      "KvTraceNetDevice: protocol " << protocol << ", expected IPv4 or IPv6");
  PppHeader ppp;
  ppp.SetProtocol(protocol == kEtherIpv4 ? kPppIpv4 : kPppIpv6);
  packet->AddHeader(ppp);
  m_macTxTrace(packet);
  if (!m_queue->Enqueue(packet)) {
    m_macTxDropTrace(packet);
    return false;
  }
  Arm();
  return true;
}

void KvTraceNetDevice::Arm() {
  if (m_opportunity.IsRunning() || m_queue->IsEmpty()) return;
  const auto now = NanoSeconds(Simulator::Now().GetNanoSeconds()) + m_traceStart;
  m_next = std::max(m_next, m_trace->FirstAt(Duration(now.GetNanoSeconds())));
  const auto at = NanoSeconds(m_trace->TimeOf(m_next).count());
  m_opportunity = Simulator::Schedule(at - now, &KvTraceNetDevice::HandleOpportunity, this);
}

void KvTraceNetDevice::HandleOpportunity() {
  ++m_next;
  uint64_t room = KvDeliveryTrace::kOpportunityBytes;
  while (room > 0 && !m_queue->IsEmpty()) {
    const auto head = m_queue->Peek();
    if (m_headBytes == 0) {
      m_headBytes = SizeOnLink(head);
      m_phyTxBeginTrace(head);
      m_snifferTrace(head);
    }
    const auto piece = std::min(room, m_headBytes);
    room -= piece;
    m_headBytes -= piece;
    if (m_headBytes > 0) break;
    const Ptr<Packet> packet = m_queue->Dequeue();
    m_phyTxEndTrace(packet);
    m_channel->Transmit(packet, this);
  }
  Arm();
}

void KvTraceNetDevice::Receive(Ptr<Packet> packet) {
  if (m_errors && m_errors->IsCorrupt(packet)) {
    m_phyRxDropTrace(packet);
    return;
  }
  m_snifferTrace(packet);
  m_phyRxEndTrace(packet);
  PppHeader ppp;
  packet->RemoveHeader(ppp);
  const uint16_t protocol = ppp.GetProtocol() == kPppIpv4 ? kEtherIpv4 : kEtherIpv6;
  const auto from = m_channel->GetPeer(this)->GetAddress();
  m_macRxTrace(packet);
  if (!m_promiscuous.IsNull()) {
    m_promiscuous(this, packet, protocol, from, GetAddress(), NetDevice::PACKET_HOST);
  }
  m_receive(this, packet, protocol, from);
}

void KvTraceNetDevice::DoDispose() {
  m_opportunity.Cancel();
  m_node = nullptr;
  m_channel = nullptr;
  m_queue = nullptr;
  m_errors = nullptr;
  m_receive = MakeNullCallback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&>();
  m_promiscuous = MakeNullCallback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&,
                                   const Address&, PacketType>();
  NetDevice::DoDispose();
}

}  // namespace kvferry::sim
