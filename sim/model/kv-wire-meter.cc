// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-wire-meter.h"

#include <ns3/ipv4-header.h>
#include <ns3/pointer.h>
#include <ns3/ppp-header.h>
#include <ns3/queue.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-l4-protocol.h>

namespace kvferry::sim {

using namespace ns3;

void KvWireMeter::Attach(Ptr<NetDevice> device) {
  device->TraceConnectWithoutContext("PhyTxBegin",
                                     MakeCallback(&KvWireMeter::HandleTransmit, this, m_queues.size()));
  device->TraceConnectWithoutContext("MacTxDrop", MakeCallback(&KvWireMeter::HandleQueueDrop, this));
  device->TraceConnectWithoutContext("PhyRxDrop", MakeCallback(&KvWireMeter::HandleLinkDrop, this));
  PointerValue queue;
  device->GetAttribute("TxQueue", queue);
  m_queues.push_back(queue.Get<Queue<Packet>>());
}

uint64_t KvWireMeter::GetDeviceBytes() const {
  uint64_t total = 0;
  for (const auto& queue : m_queues) total += queue->GetTotalReceivedBytes() - queue->GetNBytes();
  return total;
}

void KvWireMeter::HandleTransmit(size_t device, Ptr<const Packet> packet) {
  ++m_packets.sent;
  const auto before = m_bytes.ours;
  auto copy = packet->Copy();
  PppHeader ppp;
  Ipv4Header ip;
  copy->RemoveHeader(ppp);
  copy->RemoveHeader(ip);
  if (ip.GetProtocol() == TcpL4Protocol::PROT_NUMBER && ip.GetFragmentOffset() == 0) {
    CountTcp(device, ip, copy);
  } else {
    CountTagged(copy, nullptr, 0);
  }
  const auto gained = Difference(m_bytes.ours, before);
  m_bytes.lowerLayers += packet->GetSize() - gained.total();
  if (gained.retransmitted > 0) ++m_packets.retransmissions;
}

void KvWireMeter::HandleQueueDrop(Ptr<const Packet>) { ++m_packets.droppedQueue; }
void KvWireMeter::HandleLinkDrop(Ptr<const Packet>) { ++m_packets.droppedError; }

void KvWireMeter::CountTcp(size_t device, const Ipv4Header& ip, Ptr<Packet> segment) {
  TcpHeader tcp;
  segment->RemoveHeader(tcp);
  auto& flow = m_flows[{device, ip.GetSource().Get(), ip.GetDestination().Get(), tcp.GetSourcePort(),
                        tcp.GetDestinationPort()}];
  const auto sequence = tcp.GetSequenceNumber().GetValue();
  if (tcp.GetFlags() & TcpHeader::SYN) {
    if (flow.nextOffset == 0) flow.nextSequence = sequence + 1;
    return;
  }
  const auto ahead = static_cast<int32_t>(sequence - flow.nextSequence);  // sequence numbers wrap
  const auto offset = flow.nextOffset + static_cast<int64_t>(ahead);
  CountTagged(segment, &flow, offset);
  const auto end = offset + segment->GetSize();
  if (end > flow.nextOffset) {
    flow.nextSequence += static_cast<uint32_t>(end - flow.nextOffset);
    flow.nextOffset = end;
  }
}

void KvWireMeter::CountTagged(Ptr<const Packet> payload, TcpFlow* flow, uint64_t offset) {
  auto it = payload->GetByteTagIterator();
  while (it.HasNext()) {
    const auto item = it.Next();
    if (item.GetTypeId() != KvByteClassTag::GetTypeId()) continue;
    KvByteClassTag tag;
    item.GetTag(tag);
    const uint64_t count = item.GetEnd() - item.GetStart();
    const auto fresh = flow ? flow->sent.add(offset + item.GetStart(), offset + item.GetEnd()) : count;
    CountOf(m_bytes.ours, tag.GetClass()) += fresh;
    m_bytes.ours.retransmitted += count - fresh;
  }
}

}  // namespace kvferry::sim
