// SPDX-License-Identifier: GPL-2.0-only
//
// Counts what is transmitted, by class (KvPacketClassifier says which), in one
// of two places:
//
// A device with a PPP header (point to point, trace-driven): a packet counts,
// with its PPP header, when the device begins to transmit it. What the queue
// drops has not been on the wire, what the link loses has.
//
// A node, for networks whose devices count otherwise (CSMA, Wi-Fi, LTE): a packet
// counts, from its IP header up, when the node's IP sends it. Counted: everything
// that the node sends from an address of its own, over whatever device. Not
// counted: what it forwards for others or sends to itself; headers and trailers
// of the link, its acknowledgements, retries, beacons and ARP; LTE's tunnels and
// radio headers. What a queue below IP drops has been counted.
#pragma once

#include <ns3/ipv4.h>
#include <ns3/ipv6.h>
#include <ns3/net-device.h>
#include <ns3/node.h>
#include <ns3/queue-disc.h>
#include <ns3/queue.h>

#include <vector>

#include "sim/model/kv-packet-classifier.h"

namespace kvferry::sim {

struct WireBytes {
  ByteClasses ours;
  uint64_t lowerLayers = 0;
  [[nodiscard]] uint64_t GetTotal() const { return ours.total() + lowerLayers; }
};

struct WirePackets {
  uint64_t sent = 0;  // transmissions begun
  // Refused by a full queue or a discipline, or given up by a bus that stays busy: never sent, though at
  // nodes counted as sent. Of anybody.
  uint64_t droppedQueue = 0;
  uint64_t droppedError = 0;     // sent, then lost on the link; of anybody
  bool seesDrops = false;        // false: of no device, and the two above say nothing
  uint64_t retransmissions = 0;  // sent, with payload or control bytes that were sent before
};

// Must outlive the simulation run.
class KvWireMeter {
 public:
  KvWireMeter() = default;
  KvWireMeter(const KvWireMeter&) = delete;
  KvWireMeter& operator=(const KvWireMeter&) = delete;

  // A device with a PPP header, a TxQueue that is there, and the trace sources of a PointToPointNetDevice:
  // one of these, or a KvTraceNetDevice. Its queue discipline comes before.
  void Attach(ns3::Ptr<ns3::NetDevice> device);
  // A node with an internet stack. What its devices drop is unknown unless they are watched.
  void AttachNode(ns3::Ptr<ns3::Node> node);
  // A node's device with the trace sources of a PointToPointNetDevice, such as a CsmaNetDevice: counts its
  // drops.
  void WatchDrops(ns3::Ptr<ns3::NetDevice> device);
  // Where others send too: packets without this port, the sources' attribute, are not counted. Without it
  // everybody's are, and what carries no tag is lower layers.
  void SetAgentPort(uint16_t port) { m_agentPort = port; }

  [[nodiscard]] const WireBytes& GetBytes() const { return m_bytes; }
  [[nodiscard]] const WirePackets& GetPackets() const { return m_packets; }
  // ns-3's own count, independent of the classes and of whose packets they are: what the devices' queues took
  // in less what is still there. Nodes are not in it.
  [[nodiscard]] uint64_t GetDeviceBytes() const;

 private:
  void HandleTransmit(size_t place, ns3::Ptr<const ns3::Packet> packet);
  void HandleSend4(size_t place, ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4> ip,
                   uint32_t interface);
  void HandleSend6(size_t place, ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv6> ip,
                   uint32_t interface);
  void HandleQueueDrop(ns3::Ptr<const ns3::Packet> packet);
  void HandleDisciplineDrop(ns3::Ptr<const ns3::QueueDiscItem> item);
  void HandleLinkDrop(ns3::Ptr<const ns3::Packet> packet);
  void HandleBusDrop(ns3::Address station, ns3::Ptr<const ns3::Packet> packet);
  void Count(size_t place, bool version6, ns3::Ptr<const ns3::Packet> packet, uint32_t linkHeaderBytes);

  size_t m_places = 0;                                      // devices and nodes
  std::vector<ns3::Ptr<ns3::Queue<ns3::Packet>>> m_queues;  // of the devices
  std::optional<uint16_t> m_agentPort;
  KvPacketClassifier m_classifier;
  WireBytes m_bytes;
  WirePackets m_packets;
};

}  // namespace kvferry::sim
