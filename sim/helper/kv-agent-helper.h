// SPDX-License-Identifier: GPL-2.0-only
//
// Installs agents on nodes. Attributes that are set here go to every agent that is installed afterwards and
// has them.
#pragma once

#include <ns3/address.h>
#include <ns3/node-container.h>

#include <vector>

#include "sim/helper/kv-topology.h"
#include "sim/model/kv-relay.h"

namespace kvferry::sim {

struct KvAgents {
  std::vector<ns3::Ptr<KvSource>> sources;
  std::vector<ns3::Ptr<KvRelay>> relays;
  std::vector<ns3::Ptr<KvReader>> readers;
};

class KvAgentHelper {
 public:
  // Of KvAgent, which all have, or of some kinds only: a source's PrefillRate, a reader's Deadline.
  void SetAttribute(const std::string& name, const ns3::AttributeValue& value);

  ns3::Ptr<KvSource> InstallSource(ns3::Ptr<ns3::Node> node) const;
  // source: an IPv4 or IPv6 address.
  ns3::Ptr<KvReader> InstallReader(ns3::Ptr<ns3::Node> node, const ns3::Address& source) const;
  ns3::Ptr<KvRelay> InstallRelay(ns3::Ptr<ns3::Node> node, const ns3::Address& upstream) const;

  // In one call: a source that has a card, and on each of these nodes a reader that asks for it and counts
  // what comes. For a KvVirtualSource payload is virtual, whatever VirtualPayload was set to.
  KvAgents Install(ns3::Ptr<ns3::Node> source, const ns3::Address& address, const ns3::NodeContainer& readers,
                   std::shared_ptr<ChunkSource> card) const;
  // The same on a whole network, past its relays; readers start when it is ready.
  KvAgents Install(const KvTopology& network, std::shared_ptr<ChunkSource> card) const;
  // The same from hand to hand: each relay fetches from the agent before it, readers from the last relay.
  KvAgents InstallThroughRelays(const KvTopology& network, std::shared_ptr<ChunkSource> card) const;

  // Fixes the agent's random streams; returns how many are used.
  static int64_t AssignStreams(ns3::Ptr<KvAgent> agent, int64_t stream) {
    return agent->AssignStreams(stream);
  }
  static int64_t AssignStreams(const KvAgents& agents, int64_t stream);

 private:
  void Set(ns3::Ptr<KvAgent> agent) const;
  [[nodiscard]] KvAgentHelper For(const ChunkSource& card) const;
  ns3::Ptr<KvReader> InstallAsking(ns3::Ptr<ns3::Node> node, const ns3::Address& source) const;

  std::vector<std::pair<std::string, ns3::Ptr<const ns3::AttributeValue>>> m_attributes;
};

}  // namespace kvferry::sim
