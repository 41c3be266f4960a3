// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-topology.h"

#include <ns3/csma-helper.h>
#include <ns3/internet-stack-helper.h>

#include "sim/helper/kv-link.h"

namespace kvferry::sim {

using namespace ns3;

NodeContainer KvTopology::GetAgentNodes() const { return NodeContainer(sources, relays, readers); }

NodeContainer KvTopology::GetNodes() const { return NodeContainer(GetAgentNodes(), others); }

void KvTopology::Attach(KvWireMeter& meter) const {
  if (meteredAtNodes) {
    const auto agents = GetAgentNodes();
    for (uint32_t i = 0; i < agents.GetN(); ++i) meter.AttachNode(agents.Get(i));
    for (uint32_t i = 0; devicesTellDrops && i < devices.GetN(); ++i) meter.WatchDrops(devices.Get(i));
    return;
  }
  for (uint32_t i = 0; i < devices.GetN(); ++i) meter.Attach(devices.Get(i));
}

int64_t KvTopology::AssignStreams(int64_t stream) const {
  const auto first = stream;
  const auto nodes = GetNodes();
  NetDeviceContainer all;
  for (uint32_t i = 0; i < nodes.GetN(); ++i) {
    for (uint32_t j = 0; j < nodes.Get(i)->GetNDevices(); ++j) all.Add(nodes.Get(i)->GetDevice(j));
  }
  stream += KvLink::AssignStreams(all, stream);
  stream += CsmaHelper().AssignStreams(all, stream);
  stream += InternetStackHelper().AssignStreams(nodes, stream);
  if (assignRadioStreams) stream += assignRadioStreams(stream);
  return stream - first;
}

}  // namespace kvferry::sim
