// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-trace-channel.h"

#include <ns3/assert.h>
#include <ns3/node.h>
#include <ns3/simulator.h>

#include "sim/model/kv-trace-net-device.h"

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvTraceChannel);

TypeId KvTraceChannel::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::sim::KvTraceChannel")
          .SetParent<Channel>()
          .SetGroupName("Kvferry")
          .AddConstructor<KvTraceChannel>()
          .AddAttribute("Delay", "Propagation, one way.", TimeValue(MilliSeconds(20)),
                        MakeTimeAccessor(&KvTraceChannel::m_delay), MakeTimeChecker(ns3::Time(0)));
  return tid;
}

void KvTraceChannel::Attach(Ptr<KvTraceNetDevice> device) {
  NS_ABORT_MSG_IF(m_devices.size() == 2, "a third device on a link between two");
  m_devices.push_back(device);
}

void KvTraceChannel::Transmit(Ptr<const Packet> packet, const KvTraceNetDevice* from) {
  const auto peer = GetPeer(from);
  if (!peer) return;
  Simulator::ScheduleWithContext(peer->GetNode()->GetId(), m_delay, &KvTraceNetDevice::Receive, peer,
                                 packet->Copy());
}

Ptr<NetDevice> KvTraceChannel::GetDevice(std::size_t i) const { return m_devices.at(i); }

Ptr<KvTraceNetDevice> KvTraceChannel::GetPeer(const KvTraceNetDevice* device) const {
  if (m_devices.size() < 2) return nullptr;
  return PeekPointer(m_devices[0]) == device ? m_devices[1] : m_devices[0];
}

void KvTraceChannel::DoDispose() {
  m_devices.clear();
  Channel::DoDispose();
}

}  // namespace kvferry::sim
