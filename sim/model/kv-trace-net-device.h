// SPDX-License-Identifier: GPL-2.0-only
//
// A device whose packets leave when a recorded trace says so (mahimahi's link): at each opportunity up to
// 1,500 bytes of the head of the queue, several small packets or a piece of a large one, which leaves with
// its last piece. Opportunities that find no packet are lost. Packets carry a PPP header, as on a
// PointToPointNetDevice, which counts for nothing. The trace sources have the names that they have there.
#pragma once

#include <ns3/error-model.h>
#include <ns3/event-id.h>
#include <ns3/mac48-address.h>
#include <ns3/net-device.h>
#include <ns3/nstime.h>
#include <ns3/packet.h>
#include <ns3/queue.h>
#include <ns3/traced-callback.h>

#include <memory>

#include "sim/model/kv-delivery-trace.h"

namespace kvferry::sim {

class KvTraceChannel;

class KvTraceNetDevice final : public ns3::NetDevice {
 public:
  static ns3::TypeId GetTypeId();

  // Before the first packet.
  void SetTrace(std::shared_ptr<const KvDeliveryTrace> trace) { m_trace = std::move(trace); }
  void SetQueue(ns3::Ptr<ns3::Queue<ns3::Packet>> queue) { m_queue = queue; }
  [[nodiscard]] ns3::Ptr<ns3::Queue<ns3::Packet>> GetQueue() const { return m_queue; }
  void Attach(ns3::Ptr<KvTraceChannel> channel);
  // From the channel.
  void Receive(ns3::Ptr<ns3::Packet> packet);

  void SetIfIndex(const uint32_t index) override { m_ifIndex = index; }
  uint32_t GetIfIndex() const override { return m_ifIndex; }
  ns3::Ptr<ns3::Channel> GetChannel() const override;
  void SetAddress(ns3::Address address) override { m_address = ns3::Mac48Address::ConvertFrom(address); }
  ns3::Address GetAddress() const override { return m_address; }
  bool SetMtu(const uint16_t mtu) override;
  uint16_t GetMtu() const override { return m_mtu; }
  bool IsLinkUp() const override { return m_channel != nullptr; }
  void AddLinkChangeCallback(ns3::Callback<void> callback) override;
  bool IsBroadcast() const override { return true; }
  ns3::Address GetBroadcast() const override { return ns3::Mac48Address::GetBroadcast(); }
  bool IsMulticast() const override { return true; }
  ns3::Address GetMulticast(ns3::Ipv4Address) const override { return GetBroadcast(); }
  ns3::Address GetMulticast(ns3::Ipv6Address) const override { return GetBroadcast(); }
  bool IsBridge() const override { return false; }
  bool IsPointToPoint() const override { return true; }
  bool Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& to, uint16_t protocol) override;
  bool SendFrom(ns3::Ptr<ns3::Packet> packet, const ns3::Address& from, const ns3::Address& to,
                uint16_t protocol) override;
  ns3::Ptr<ns3::Node> GetNode() const override { return m_node; }
  void SetNode(ns3::Ptr<ns3::Node> node) override { m_node = node; }
  bool NeedsArp() const override { return false; }
  void SetReceiveCallback(ReceiveCallback callback) override { m_receive = callback; }
  void SetPromiscReceiveCallback(PromiscReceiveCallback callback) override { m_promiscuous = callback; }
  bool SupportsSendFrom() const override { return false; }

 private:
  void DoDispose() override;
  // Waits for the next opportunity, if there is something to send.
  void Arm();
  void HandleOpportunity();

  std::shared_ptr<const KvDeliveryTrace> m_trace;
  ns3::Time m_traceStart;
  uint64_t m_next = 0;       // opportunity that has not been used or lost
  uint64_t m_headBytes = 0;  // of the packet at the head: what has not left
  ns3::EventId m_opportunity;
  ns3::Ptr<KvTraceChannel> m_channel;
  ns3::Ptr<ns3::Queue<ns3::Packet>> m_queue;
  ns3::Ptr<ns3::ErrorModel> m_errors;
  ns3::Ptr<ns3::Node> m_node;
  ns3::Mac48Address m_address;
  uint16_t m_mtu = 1500;
  uint32_t m_ifIndex = 0;
  ReceiveCallback m_receive;
  PromiscReceiveCallback m_promiscuous;
  ns3::TracedCallback<> m_linkChanges;
  ns3::TracedCallback<ns3::Ptr<const ns3::Packet>> m_macTxTrace, m_macTxDropTrace, m_phyTxBeginTrace,
      m_phyTxEndTrace, m_phyRxEndTrace, m_phyRxDropTrace, m_macRxTrace, m_snifferTrace;
};

}  // namespace kvferry::sim
