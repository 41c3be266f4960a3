// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-link.h"

#include <ns3/abort.h>
#include <ns3/pointer.h>

#include <algorithm>

#include "sim/helper/kv-queue-discipline.h"

namespace kvferry::sim {

using namespace ns3;

Result<void> KvLink::Check() const {
  if (m_delay.IsStrictlyNegative()) return Error{"link: the delay is negative, expected 0 or more"};
  if (m_queuePackets == 0) return Error{"link: a queue of 0 packets, expected at least 1"};
  if (auto known = KvQueueDiscipline::Parse(m_discipline); !known) return known.error().in("link");
  if (auto sound = m_loss.Check(); !sound) return sound.error().in("link");
  return {};
}

bool KvLink::HasDiscipline() const { return m_discipline != "Fifo"; }

uint32_t KvLink::GetDeviceQueuePackets() const {
  return HasDiscipline() ? std::min(m_queuePackets, KvQueueDiscipline::kDeviceQueuePackets) : m_queuePackets;
}

void KvLink::InstallDiscipline(const NetDeviceContainer& devices) const {
  const auto discipline = KvQueueDiscipline::Parse(m_discipline);
  NS_ABORT_MSG_UNLESS(discipline, discipline.error().message);
  discipline->Install(devices, m_queuePackets);
}

int64_t KvLink::AssignStreams(const NetDeviceContainer& devices, int64_t stream) {
  int64_t used = 0;
  for (uint32_t i = 0; i < devices.GetN(); ++i) {
    PointerValue errors;
    if (!devices.Get(i)->GetAttributeFailSafe("ReceiveErrorModel", errors)) continue;
    if (auto model = errors.Get<ErrorModel>()) used += KvLoss::AssignStreams(model, stream + used);
  }
  return used;
}

}  // namespace kvferry::sim
