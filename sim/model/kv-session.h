// SPDX-License-Identifier: GPL-2.0-only
//
// One kvferry connection on an ns-3 socket: simulated time and received bytes
// in, packets and a timer out. Obeys the connection's law: after every call,
// events are drained, then transmissions, then one timer is armed.
//
//   command, packet, timer ──► Connection ──► events ──► the agent's handler
//                                   └───────► packets ─► the socket
//
// What stands between the two, if anything, is the transport's: KvQuicSession.
#pragma once

#include <ns3/event-id.h>
#include <ns3/packet.h>

#include <functional>
#include <string>

#include "protocol/connection/connection.h"

namespace kvferry::sim {

// Simulated time as the connection's.
[[nodiscard]] Time NowOnWire();

class KvSession;

// What a session tells its agent; each may be empty. Handlers must not destroy the session.
struct KvSessionHandlers {
  std::function<void(const Event&)> event = {};
  std::function<void(ns3::Ptr<const ns3::Packet>)> tx = {};  // handed to the socket
  std::function<void(ns3::Ptr<const ns3::Packet>)> rx = {};  // taken from the socket
  std::function<void(const KvSession&)> drained = {};        // nothing is left to do for now
};

class KvSession {
 public:
  explicit KvSession(KvSessionHandlers handlers) : m_handlers(std::move(handlers)) {}
  virtual ~KvSession();
  KvSession(const KvSession&) = delete;
  KvSession& operator=(const KvSession&) = delete;

  // Runs a command on the connection, then drains it, unless called from an event handler, which is within a
  // drain already.
  template <typename Command>
  void Call(Command&& command) {
    command(GetCore(), NowOnWire());
    Drain();
  }

  [[nodiscard]] virtual const Connection& GetConnection() const = 0;
  // What the transport below said when it failed; empty if it did not.
  [[nodiscard]] const std::string& GetTransportFault() const { return m_transportFault; }
  // As the connection knows the path, or the transport below it, where that knows more.
  [[nodiscard]] virtual PathStats GetPath() const { return GetConnection().path(); }

 protected:
  void Drain();
  void NotifyTx(ns3::Ptr<const ns3::Packet> packet) const;
  void NotifyRx(ns3::Ptr<const ns3::Packet> packet) const;
  void SetTransportFault(const std::string& fault);

  [[nodiscard]] virtual Connection& GetCore() = 0;
  virtual std::optional<Event> PollEvent() { return GetCore().poll_event(); }
  [[nodiscard]] virtual std::optional<Time> PollTimeout() const { return GetConnection().poll_timeout(); }
  virtual void HandleTimeout(Time now) { GetCore().handle_timeout(now); }
  // Hands what there is to send to the socket, until there is no more or it is full.
  virtual void Transmit() = 0;
  // The connection is closed and drained: let go of the socket. May be called again.
  virtual void Release() {}

 private:
  bool DrainEvents();
  // The timer is moved only to an earlier time; when it comes too early, it looks again.
  void ArmTimer();
  void HandleTimer();

  KvSessionHandlers m_handlers;
  std::string m_transportFault;
  ns3::EventId m_timer;
  Time m_timerAt{};
  bool m_draining = false;
};

}  // namespace kvferry::sim
