// SPDX-License-Identifier: GPL-2.0-only
//
// What the bytes of an IP packet are, version 4 or 6. What agents send is
// classed by its byte tags; headers of IP, UDP and TCP, handshakes and
// acknowledgements of TCP are lower layers; TCP payload that came by before is
// retransmitted, whatever it was the first time.
//
// Whose packet it is, is told by the port: the source's, which an agent's packet
// has on one side. A fragment of IP without ports is an agent's if any of its
// bytes is tagged.
#pragma once

#include <ns3/address.h>
#include <ns3/packet.h>

#include <map>
#include <optional>
#include <tuple>

#include "protocol/base/range_set.h"
#include "sim/model/kv-byte-class-tag.h"

namespace kvferry::sim {

class KvPacketClassifier {
 public:
  // Of a packet that begins with its IP header: what is not ours in it is the lower layers'. `place` says
  // where it was seen: each has its own memory of what has come by. Nothing: it is no agent's packet,
  // which is only told where a port is given.
  [[nodiscard]] std::optional<ByteClasses> Classify(size_t place, bool version6,
                                                    ns3::Ptr<const ns3::Packet> packet,
                                                    std::optional<uint16_t> agentPort);

 private:
  struct Envelope {
    ns3::Address from, to;
    uint8_t protocol = 0;
    bool firstFragment = true;
    uint16_t fromPort = 0;  // of TCP and UDP, in a first fragment; else 0
    uint16_t toPort = 0;
  };
  // Place, then addresses and ports, from and to.
  using FlowKey = std::tuple<size_t, ns3::Address, ns3::Address, uint16_t, uint16_t>;
  struct TcpFlow {
    uint32_t nextSequence = 0;  // what follows the newest byte seen
    uint64_t nextOffset = 0;    // the same as an offset in the stream
    RangeSet sent;
  };

  static Envelope Open(bool version6, ns3::Ptr<ns3::Packet> packet);  // leaves what is above IP
  [[nodiscard]] ByteClasses CountTcp(size_t place, const Envelope& envelope, ns3::Ptr<ns3::Packet> segment);
  static ByteClasses CountTagged(ns3::Ptr<const ns3::Packet> payload, TcpFlow* flow, uint64_t offset);

  std::map<FlowKey, TcpFlow> m_flows;
};

}  // namespace kvferry::sim
