// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-wire-meter.h"

#include <ns3/csma-net-device.h>
#include <ns3/ethernet-header.h>
#include <ns3/ipv4-header.h>
#include <ns3/ipv6-header.h>
#include <ns3/loopback-net-device.h>
#include <ns3/pointer.h>
#include <ns3/ppp-header.h>
#include <ns3/traffic-control-layer.h>

namespace kvferry::sim {

using namespace ns3;

namespace {

constexpr uint16_t kPppIpv6 = 0x0057;

void Add(ByteClasses& to, const ByteClasses& gained) {
  to.payload += gained.payload;
  to.framing += gained.framing;
  to.signalling += gained.signalling;
  to.acks += gained.acks;
  to.retransmitted += gained.retransmitted;
  to.fec += gained.fec;
}

bool IsLoopback(Ptr<NetDevice> device) { return DynamicCast<LoopbackNetDevice>(device) != nullptr; }

}  // namespace

void KvWireMeter::Attach(Ptr<NetDevice> device) {
  device->TraceConnectWithoutContext("PhyTxBegin",
                                     MakeCallback(&KvWireMeter::HandleTransmit, this, m_places));
  WatchDrops(device);
  PointerValue queue;
  device->GetAttribute("TxQueue", queue);
  m_queues.push_back(queue.Get<Queue<Packet>>());
  ++m_places;
}

void KvWireMeter::WatchDrops(Ptr<NetDevice> device) {
  const bool isBus = DynamicCast<CsmaNetDevice>(device) != nullptr;
  m_packets.seesDrops = true;
  device->TraceConnectWithoutContext("MacTxDrop", MakeCallback(&KvWireMeter::HandleQueueDrop, this));
  device->TraceConnectWithoutContext(
      "PhyRxDrop", isBus ? MakeCallback(&KvWireMeter::HandleBusDrop, this, device->GetAddress())
                         : MakeCallback(&KvWireMeter::HandleLinkDrop, this));
  // A bus that stays busy: the device gives the packet up.
  if (isBus)
    device->TraceConnectWithoutContext("PhyTxDrop", MakeCallback(&KvWireMeter::HandleQueueDrop, this));
  const auto control = device->GetNode()->GetObject<TrafficControlLayer>();
  const auto discipline = control ? control->GetRootQueueDiscOnDevice(device) : nullptr;
  if (discipline) {
    discipline->TraceConnectWithoutContext("Drop", MakeCallback(&KvWireMeter::HandleDisciplineDrop, this));
  }
}

void KvWireMeter::AttachNode(Ptr<Node> node) {
  if (auto ip = node->GetObject<Ipv4>())
    ip->TraceConnectWithoutContext("Tx", MakeCallback(&KvWireMeter::HandleSend4, this, m_places));
  if (auto ip = node->GetObject<Ipv6>())
    ip->TraceConnectWithoutContext("Tx", MakeCallback(&KvWireMeter::HandleSend6, this, m_places));
  ++m_places;
}

uint64_t KvWireMeter::GetDeviceBytes() const {
  uint64_t total = 0;
  for (const auto& queue : m_queues) total += queue->GetTotalReceivedBytes() - queue->GetNBytes();
  return total;
}

void KvWireMeter::HandleTransmit(size_t place, Ptr<const Packet> packet) {
  auto above = packet->Copy();
  PppHeader ppp;
  const auto linkHeaderBytes = above->RemoveHeader(ppp);
  Count(place, ppp.GetProtocol() == kPppIpv6, above, linkHeaderBytes);
}

void KvWireMeter::HandleSend4(size_t place, Ptr<const Packet> packet, Ptr<Ipv4> ip, uint32_t interface) {
  Ipv4Header header;
  packet->PeekHeader(header);
  const bool forwarded = ip->GetInterfaceForAddress(header.GetSource()) < 0;
  if (!forwarded && !IsLoopback(ip->GetNetDevice(interface))) Count(place, false, packet, 0);
}

void KvWireMeter::HandleSend6(size_t place, Ptr<const Packet> packet, Ptr<Ipv6> ip, uint32_t interface) {
  Ipv6Header header;
  packet->PeekHeader(header);
  const bool forwarded = ip->GetInterfaceForAddress(header.GetSource()) < 0;
  if (!forwarded && !IsLoopback(ip->GetNetDevice(interface))) Count(place, true, packet, 0);
}

void KvWireMeter::HandleQueueDrop(Ptr<const Packet>) { ++m_packets.droppedQueue; }
void KvWireMeter::HandleDisciplineDrop(Ptr<const QueueDiscItem>) { ++m_packets.droppedQueue; }
void KvWireMeter::HandleLinkDrop(Ptr<const Packet>) { ++m_packets.droppedError; }
// Every station hears, and may lose, what is for one.
void KvWireMeter::HandleBusDrop(Address station, Ptr<const Packet> packet) {
  EthernetHeader header(false);
  packet->PeekHeader(header);
  if (header.GetDestination() == station) ++m_packets.droppedError;
}

void KvWireMeter::Count(size_t place, bool version6, Ptr<const Packet> packet, uint32_t linkHeaderBytes) {
  const auto gained = m_classifier.Classify(place, version6, packet, m_agentPort);
  if (!gained) return;
  ++m_packets.sent;
  Add(m_bytes.ours, *gained);
  m_bytes.lowerLayers += linkHeaderBytes + packet->GetSize() - gained->total();
  if (gained->retransmitted > 0) ++m_packets.retransmissions;
}

}  // namespace kvferry::sim
