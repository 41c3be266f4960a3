// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-queue-discipline.h"

#include <ns3/queue-size.h>
#include <ns3/traffic-control-helper.h>

namespace kvferry::sim {

using namespace ns3;

Result<KvQueueDiscipline> KvQueueDiscipline::Parse(const std::string& name) {
  if (name == "Fifo") return KvQueueDiscipline("");
  for (const auto* known : {"PfifoFast", "CoDel", "FqCoDel"}) {
    if (name == known) return KvQueueDiscipline("ns3::" + name + "QueueDisc");
  }
  return Error{"queue discipline '" + name + "', expected Fifo, PfifoFast, CoDel or FqCoDel"};
}

void KvQueueDiscipline::Install(const NetDeviceContainer& devices, uint32_t packets) const {
  if (IsFifo()) return;
  TrafficControlHelper control;
  control.SetRootQueueDisc(m_typeId, "MaxSize", QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, packets)));
  control.Install(devices);
}

}  // namespace kvferry::sim
