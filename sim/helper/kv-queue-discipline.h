// SPDX-License-Identifier: GPL-2.0-only
//
// What decides, above a device's queue, which packet goes next and which is dropped.
#pragma once

#include <ns3/net-device-container.h>

#include <string>

#include "protocol/base/result.h"

namespace kvferry::sim {

class KvQueueDiscipline {
 public:
  // With a discipline the device's own queue holds no more than this many packets, as with Linux's byte queue
  // limits: what waits, waits where the discipline sees it.
  static constexpr uint32_t kDeviceQueuePackets = 2;

  // Fifo: none, the device's queue is all there is. Or PfifoFast, CoDel, FqCoDel: ns-3's, with its defaults.
  // Errors: another name.
  static Result<KvQueueDiscipline> Parse(const std::string& name);

  [[nodiscard]] bool IsFifo() const { return m_typeId.empty(); }
  // On devices whose nodes have internet stacks and which stop the layer above when they are full; before
  // addresses. packets: what it holds at most. Nothing to do for Fifo.
  void Install(const ns3::NetDeviceContainer& devices, uint32_t packets) const;

 private:
  explicit KvQueueDiscipline(std::string typeId) : m_typeId(std::move(typeId)) {}

  std::string m_typeId;  // empty: Fifo
};

}  // namespace kvferry::sim
