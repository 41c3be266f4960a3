// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-trace-link-helper.h"

#include <ns3/abort.h>
#include <ns3/drop-tail-queue.h>
#include <ns3/error-model.h>
#include <ns3/pointer.h>

#include "sim/model/kv-trace-channel.h"
#include "sim/model/kv-trace-net-device.h"

namespace kvferry::sim {

using namespace ns3;

void KvTraceLinkHelper::SetTraces(std::shared_ptr<const KvDeliveryTrace> forth,
                                  std::shared_ptr<const KvDeliveryTrace> back) {
  m_forth = std::move(forth);
  m_back = std::move(back);
}

NetDeviceContainer KvTraceLinkHelper::Install(Ptr<Node> a, Ptr<Node> b) const {
  NS_ABORT_MSG_UNLESS(m_forth && m_back, "KvTraceLinkHelper: no traces, expected SetTraces() first");
  auto channel = CreateObject<KvTraceChannel>();
  channel->SetAttribute("Delay", TimeValue(m_delay));
  NetDeviceContainer devices;
  for (const auto& [node, trace] : {std::pair{a, m_forth}, std::pair{b, m_back}}) {
    auto device = CreateObject<KvTraceNetDevice>();
    device->SetAddress(Mac48Address::Allocate());
    device->SetTrace(trace);
    device->SetAttribute("TraceStart", TimeValue(m_start));
    auto queue = CreateObject<DropTailQueue<Packet>>();
    queue->SetMaxSize(QueueSize(QueueSizeUnit::PACKETS, m_queuePackets));
    device->SetQueue(queue);
    auto errors = CreateObject<RateErrorModel>();
    errors->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
    errors->SetRate(m_loss);
    device->SetAttribute("ReceiveErrorModel", PointerValue(errors));
    node->AddDevice(device);
    device->Attach(channel);
    devices.Add(device);
  }
  return devices;
}

}  // namespace kvferry::sim
