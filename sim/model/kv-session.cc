// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-session.h"

#include <ns3/simulator.h>

#include <algorithm>

#include "sim/model/kv-byte-class-tag.h"

namespace kvferry::sim {

Time NowOnWire() { return time_from_ns(ns3::Simulator::Now().GetNanoSeconds()); }

KvSession::~KvSession() { m_timer.Cancel(); }

void KvSession::Drain() {
  if (m_draining) return;
  m_draining = true;
  do {
    DrainEvents();
    Transmit();
  } while (DrainEvents());
  ArmTimer();
  if (m_handlers.drained) m_handlers.drained(*this);
  m_draining = false;
  if (GetConnection().is_closed()) Release();
}

bool KvSession::DrainEvents() {
  bool any = false;
  while (auto event = PollEvent()) {
    any = true;
    if (m_handlers.event) m_handlers.event(*event);
  }
  return any;
}

void KvSession::ArmTimer() {
  const auto due = PollTimeout();
  if (!due) return;
  const auto at = std::max(*due, NowOnWire());
  if (m_timer.IsRunning() && m_timerAt <= at) return;
  m_timer.Cancel();
  m_timerAt = at;
  m_timer =
      ns3::Simulator::Schedule(ns3::NanoSeconds((at - NowOnWire()).count()), &KvSession::HandleTimer, this);
}

void KvSession::HandleTimer() {
  const auto due = PollTimeout();
  if (!due) return;
  if (*due > NowOnWire()) return ArmTimer();
  HandleTimeout(NowOnWire());
  Drain();
}

void KvSession::NotifyTx(ns3::Ptr<const ns3::Packet> packet) const {
  if (m_handlers.tx) m_handlers.tx(packet);
}

void KvSession::NotifyRx(ns3::Ptr<const ns3::Packet> packet) const {
  if (m_handlers.rx) m_handlers.rx(packet);
}

void KvSession::SetTransportFault(const std::string& fault) {
  if (m_transportFault.empty()) m_transportFault = fault;
}

}  // namespace kvferry::sim
