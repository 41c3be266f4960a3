// SPDX-License-Identifier: GPL-2.0-only
//
// Counts what point-to-point devices transmit, by class. What agents send is
// classed by their byte tags; headers of PPP, IP, UDP and TCP, handshakes and
// acknowledgements of TCP are lower layers; TCP payload that has been on the
// wire before is retransmitted, whatever it was the first time.
//
// A packet counts when the device begins to transmit it: what the queue drops
// has not been on the wire, what the link loses has.
#pragma once

#include <ns3/net-device.h>
#include <ns3/packet.h>
#include <ns3/queue.h>

#include <map>
#include <tuple>
#include <vector>

#include "protocol/base/range_set.h"
#include "sim/model/kv-byte-class-tag.h"

namespace ns3 {
class Ipv4Header;
}

namespace kvferry::sim {

struct WireBytes {
  ByteClasses ours;
  uint64_t lowerLayers = 0;
  [[nodiscard]] uint64_t GetTotal() const { return ours.total() + lowerLayers; }
};

struct WirePackets {
  uint64_t sent = 0;             // transmissions begun
  uint64_t droppedQueue = 0;     // refused by a full queue, never sent
  uint64_t droppedError = 0;     // sent, then lost on the link
  uint64_t retransmissions = 0;  // sent, with payload or control bytes that were sent before
};

// Must outlive the simulation run.
class KvWireMeter {
 public:
  KvWireMeter() = default;
  KvWireMeter(const KvWireMeter&) = delete;
  KvWireMeter& operator=(const KvWireMeter&) = delete;

  // A device with a PPP header, a TxQueue that is there, and the trace sources of a PointToPointNetDevice:
  // one of these, or a KvTraceNetDevice.
  void Attach(ns3::Ptr<ns3::NetDevice> device);

  [[nodiscard]] const WireBytes& GetBytes() const { return m_bytes; }
  [[nodiscard]] const WirePackets& GetPackets() const { return m_packets; }
  // ns-3's own count, independent of the classes: what the devices' queues took in less what is still there.
  [[nodiscard]] uint64_t GetDeviceBytes() const;

 private:
  // Device, then addresses and ports, from and to.
  using FlowKey = std::tuple<size_t, uint32_t, uint32_t, uint16_t, uint16_t>;
  struct TcpFlow {
    uint32_t nextSequence = 0;  // what follows the newest byte seen, on the wire
    uint64_t nextOffset = 0;    // the same as an offset in the stream
    RangeSet sent;
  };

  void HandleTransmit(size_t device, ns3::Ptr<const ns3::Packet> packet);
  void HandleQueueDrop(ns3::Ptr<const ns3::Packet> packet);
  void HandleLinkDrop(ns3::Ptr<const ns3::Packet> packet);
  void CountTcp(size_t device, const ns3::Ipv4Header& ip, ns3::Ptr<ns3::Packet> segment);
  void CountTagged(ns3::Ptr<const ns3::Packet> payload, TcpFlow* flow, uint64_t offset);

  std::vector<ns3::Ptr<ns3::Queue<ns3::Packet>>> m_queues;  // of the devices
  std::map<FlowKey, TcpFlow> m_flows;
  WireBytes m_bytes;
  WirePackets m_packets;
};

}  // namespace kvferry::sim
