// SPDX-License-Identifier: GPL-2.0-only
//
// TCP sockets for cross traffic: CUBIC, segments of 1428 bytes, which fit a link
// of 1500 with either version of IP, large buffers, acknowledgements and timeouts
// near Linux's. ns-3's applications cannot set these on the sockets that they
// make; they take a factory's TypeId.
#pragma once

#include <ns3/node.h>
#include <ns3/socket-factory.h>

namespace kvferry::sim {

class KvBulkSocketFactory final : public ns3::SocketFactory {
 public:
  // What a flow may have in flight; and what it still sends when the application stops.
  static constexpr uint32_t kSendBufferBytes = 1 << 20;

  static ns3::TypeId GetTypeId();
  // On a node with an internet stack; again does nothing.
  static void InstallOn(ns3::Ptr<ns3::Node> node);

  ns3::Ptr<ns3::Socket> CreateSocket() override;
};

}  // namespace kvferry::sim
