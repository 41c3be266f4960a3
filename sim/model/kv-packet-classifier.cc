// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-packet-classifier.h"

#include <ns3/ipv4-header.h>
#include <ns3/ipv6-extension-header.h>
#include <ns3/ipv6-header.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/udp-header.h>
#include <ns3/udp-l4-protocol.h>

namespace kvferry::sim {

using namespace ns3;

std::optional<ByteClasses> KvPacketClassifier::Classify(size_t place, bool version6, Ptr<const Packet> packet,
                                                        std::optional<uint16_t> agentPort) {
  auto above = packet->Copy();
  const auto envelope = Open(version6, above);
  const bool tcp = envelope.protocol == TcpL4Protocol::PROT_NUMBER && envelope.firstFragment;
  const bool foreign = agentPort && envelope.fromPort != *agentPort && envelope.toPort != *agentPort;
  if (foreign && envelope.firstFragment) return std::nullopt;
  const auto classes = tcp ? CountTcp(place, envelope, above) : CountTagged(above, nullptr, 0);
  if (foreign && classes.total() == 0) return std::nullopt;
  return classes;
}

KvPacketClassifier::Envelope KvPacketClassifier::Open(bool version6, Ptr<Packet> packet) {
  Envelope envelope;
  if (version6) {
    Ipv6Header ip;
    packet->RemoveHeader(ip);
    envelope = {ip.GetSource(), ip.GetDestination(), ip.GetNextHeader()};
    if (ip.GetNextHeader() == Ipv6Header::IPV6_EXT_FRAGMENTATION) {
      Ipv6ExtensionFragmentHeader fragment;
      packet->RemoveHeader(fragment);
      envelope.protocol = fragment.GetNextHeader();
      envelope.firstFragment = fragment.GetOffset() == 0;
    }
  } else {
    Ipv4Header ip;
    packet->RemoveHeader(ip);
    envelope = {ip.GetSource(), ip.GetDestination(), ip.GetProtocol(), ip.GetFragmentOffset() == 0};
  }
  if (!envelope.firstFragment) return envelope;
  if (envelope.protocol == TcpL4Protocol::PROT_NUMBER) {
    TcpHeader tcp;
    packet->PeekHeader(tcp);
    envelope.fromPort = tcp.GetSourcePort();
    envelope.toPort = tcp.GetDestinationPort();
  } else if (envelope.protocol == UdpL4Protocol::PROT_NUMBER) {
    UdpHeader udp;
    packet->PeekHeader(udp);
    envelope.fromPort = udp.GetSourcePort();
    envelope.toPort = udp.GetDestinationPort();
  }
  return envelope;
}

ByteClasses KvPacketClassifier::CountTcp(size_t place, const Envelope& envelope, Ptr<Packet> segment) {
  TcpHeader tcp;
  segment->RemoveHeader(tcp);
  auto& flow = m_flows[{place, envelope.from, envelope.to, envelope.fromPort, envelope.toPort}];
  const auto sequence = tcp.GetSequenceNumber().GetValue();
  if (tcp.GetFlags() & TcpHeader::SYN) {
    if (flow.nextOffset == 0) flow.nextSequence = sequence + 1;
    return {};
  }
  const auto ahead = static_cast<int32_t>(sequence - flow.nextSequence);  // sequence numbers wrap
  const auto offset = flow.nextOffset + static_cast<int64_t>(ahead);
  const auto classes = CountTagged(segment, &flow, offset);
  const auto end = offset + segment->GetSize();
  if (end > flow.nextOffset) {
    flow.nextSequence += static_cast<uint32_t>(end - flow.nextOffset);
    flow.nextOffset = end;
  }
  return classes;
}

ByteClasses KvPacketClassifier::CountTagged(Ptr<const Packet> payload, TcpFlow* flow, uint64_t offset) {
  ByteClasses classes;
  auto it = payload->GetByteTagIterator();
  while (it.HasNext()) {
    const auto item = it.Next();
    if (item.GetTypeId() != KvByteClassTag::GetTypeId()) continue;
    KvByteClassTag tag;
    item.GetTag(tag);
    const uint64_t count = item.GetEnd() - item.GetStart();
    const auto fresh = flow ? flow->sent.add(offset + item.GetStart(), offset + item.GetEnd()) : count;
    CountOf(classes, tag.GetClass()) += fresh;
    classes.retransmitted += count - fresh;
  }
  return classes;
}

}  // namespace kvferry::sim
