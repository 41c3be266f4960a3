// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-link-helper.h"

#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/queue-size.h>

namespace kvferry::sim {

using namespace ns3;

Result<void> KvLinkHelper::Check() const {
  if (m_rate.GetBitRate() == 0) return Error{"link: a rate of 0, expected more"};
  return KvLink::Check();
}

NetDeviceContainer KvLinkHelper::Install(Ptr<Node> a, Ptr<Node> b) const {
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", DataRateValue(m_rate));
  link.SetChannelAttribute("Delay", TimeValue(GetDelay()));
  link.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize",
                QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, GetDeviceQueuePackets())));
  if (!HasDiscipline()) link.DisableFlowControl();
  auto devices = link.Install(a, b);
  for (uint32_t i = 0; i < devices.GetN(); ++i) {
    DynamicCast<PointToPointNetDevice>(devices.Get(i))->SetReceiveErrorModel(GetLoss().Create());
  }
  InstallDiscipline(devices);
  return devices;
}

}  // namespace kvferry::sim
