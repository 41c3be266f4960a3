// SPDX-License-Identifier: GPL-2.0-only
//
// Installs agents on nodes. Attributes that are set here go to every agent that is installed afterwards and
// has them.
#pragma once

#include <ns3/address.h>
#include <ns3/node.h>

#include "sim/model/kv-relay.h"

namespace kvferry::sim {

class KvAgentHelper {
 public:
  // Of KvAgent, which all have, or of some kinds only: a source's PrefillRate, a reader's Deadline.
  void SetAttribute(const std::string& name, const ns3::AttributeValue& value);

  ns3::Ptr<KvSource> InstallSource(ns3::Ptr<ns3::Node> node) const;
  // source: an IPv4 or IPv6 address.
  ns3::Ptr<KvReader> InstallReader(ns3::Ptr<ns3::Node> node, const ns3::Address& source) const;
  ns3::Ptr<KvRelay> InstallRelay(ns3::Ptr<ns3::Node> node, const ns3::Address& upstream) const;

  // Fixes the agent's random streams; returns how many are used.
  static int64_t AssignStreams(ns3::Ptr<KvAgent> agent, int64_t stream) {
    return agent->AssignStreams(stream);
  }

 private:
  void Set(ns3::Ptr<KvAgent> agent) const;

  std::vector<std::pair<std::string, ns3::Ptr<const ns3::AttributeValue>>> m_attributes;
};

}  // namespace kvferry::sim
