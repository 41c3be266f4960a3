// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-trace-link-helper.h"

#include <ns3/abort.h>
#include <ns3/drop-tail-queue.h>
#include <ns3/net-device-queue-interface.h>
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

Result<void> KvTraceLinkHelper::Check() const {
  if (!m_forth || !m_back) return Error{"link: no traces, expected one each way"};
  if (m_start.IsStrictlyNegative()) return Error{"link: the traces' start is negative, expected 0 or more"};
  return KvLink::Check();
}

DataRate KvTraceLinkHelper::GetCapacity() const {
  return DataRate(static_cast<uint64_t>(m_forth->GetMeanRateBps()));
}

NetDeviceContainer KvTraceLinkHelper::Install(Ptr<Node> a, Ptr<Node> b) const {
  NS_ABORT_MSG_UNLESS(m_forth && m_back, "KvTraceLinkHelper: no traces, expected SetTraces() first");
  auto channel = CreateObject<KvTraceChannel>();
  channel->SetAttribute("Delay", TimeValue(GetDelay()));
  NetDeviceContainer devices;
  for (const auto& [node, trace] : {std::pair{a, m_forth}, std::pair{b, m_back}}) {
    auto device = CreateObject<KvTraceNetDevice>();
    device->SetAddress(Mac48Address::Allocate());
    device->SetTrace(trace);
    device->SetAttribute("TraceStart", TimeValue(m_start));
    auto queue = CreateObject<DropTailQueue<Packet>>();
    queue->SetMaxSize(QueueSize(QueueSizeUnit::PACKETS, GetDeviceQueuePackets()));
    device->SetQueue(queue);
    device->SetAttribute("ReceiveErrorModel", PointerValue(GetLoss().Create()));
    node->AddDevice(device);
    device->Attach(channel);
    if (HasDiscipline()) {
      auto control = CreateObject<NetDeviceQueueInterface>();
      control->GetTxQueue(0)->ConnectQueueTraces(queue);
      device->AggregateObject(control);
    }
    devices.Add(device);
  }
  InstallDiscipline(devices);
  return devices;
}

}  // namespace kvferry::sim
