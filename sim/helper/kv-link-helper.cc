// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-link-helper.h"

#include <ns3/error-model.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/pointer.h>
#include <ns3/string.h>

namespace kvferry::sim {

using namespace ns3;

NetDeviceContainer KvLinkHelper::Install(Ptr<Node> a, Ptr<Node> b) const {
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", DataRateValue(m_rate));
  link.SetChannelAttribute("Delay", TimeValue(m_delay));
  link.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize",
                QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, m_queuePackets)));
  link.DisableFlowControl();
  auto devices = link.Install(a, b);
  for (uint32_t i = 0; i < devices.GetN(); ++i) {
    auto errors = CreateObject<RateErrorModel>();
    errors->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
    errors->SetRate(m_loss);
    DynamicCast<PointToPointNetDevice>(devices.Get(i))->SetReceiveErrorModel(errors);
  }
  return devices;
}

int64_t KvLinkHelper::AssignStreams(const NetDeviceContainer& devices, int64_t stream) {
  int64_t used = 0;
  for (uint32_t i = 0; i < devices.GetN(); ++i) {
    PointerValue errors;
    devices.Get(i)->GetAttribute("ReceiveErrorModel", errors);
    used += errors.Get<RateErrorModel>()->AssignStreams(stream + used);
  }
  return used;
}

}  // namespace kvferry::sim
