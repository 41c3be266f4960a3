// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-pcap-helper.h"

#include <ns3/csma-helper.h>
#include <ns3/csma-net-device.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/trace-helper.h>
#include <ns3/wifi-net-device.h>
#include <ns3/yans-wifi-helper.h>

#include <cstdio>
#include <fstream>

#include "sim/model/kv-trace-net-device.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

// ns-3 ends the program where it cannot make a file.
bool CanMakeFiles(const std::string& prefix) {
  const auto trial = prefix + "-trial.pcap";
  if (!std::ofstream(trial)) return false;
  std::remove(trial.c_str());
  return true;
}

}  // namespace

Result<void> KvPcapHelper::Enable(const std::string& prefix, const KvTopology& network) {
  if (!CanMakeFiles(prefix))
    return Error{"pcap: " + prefix + ": cannot write, expected a folder that is there"};
  for (uint32_t i = 0; i < network.devices.GetN(); ++i) {
    const auto device = network.devices.Get(i);
    if (DynamicCast<PointToPointNetDevice>(device)) {
      PointToPointHelper().EnablePcap(prefix, device);
    } else if (DynamicCast<CsmaNetDevice>(device)) {
      CsmaHelper().EnablePcap(prefix, device);
    } else if (DynamicCast<WifiNetDevice>(device)) {
      YansWifiPhyHelper air;
      air.SetPcapDataLinkType(WifiPhyHelper::DLT_IEEE802_11_RADIO);  // says which frames are aggregates
      air.EnablePcap(prefix, device);
    } else if (DynamicCast<KvTraceNetDevice>(device)) {
      PcapHelper files;
      const auto name = files.GetFilenameFromDevice(prefix, device);
      files.HookDefaultSink(DynamicCast<KvTraceNetDevice>(device), "Sniffer",
                            files.CreateFile(name, std::ios::out, PcapHelper::DLT_PPP));
    }
  }
  return {};
}

}  // namespace kvferry::sim
